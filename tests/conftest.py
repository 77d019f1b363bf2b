"""One session, one catalog and one broker for all tests of a process; each test has tables of its own."""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from lakehouse.catalog.connect import open_lake
from lakehouse.catalog.iceberg import Lake
from lakehouse.config import Settings
from lakehouse.engines.jars import resolve_jars
from lakehouse.engines.versions import spark_version
from lakehouse.local.broker import Broker, broker
from lakehouse.session import make_session

JARS = Path(__file__).parent.parent / ".jars"
_SHORT_LIFE = {"JDK_JAVA_OPTIONS": "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC"}
"""For every Java that a test starts by itself: in its few seconds the second compiler saves less than it takes."""
for _name, _value in _SHORT_LIFE.items():
    os.environ.setdefault(_name, _value)


def needs_spark_4(because: str) -> pytest.MarkDecorator:
    """Leave tests out on Spark 3.5."""
    return pytest.mark.skipif(spark_version().line == "3.5", reason=because)


@pytest.fixture(scope="session")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Settings of a lake in a folder of its own, or in that of the server of Spark Connect whose sessions are taken."""
    there = os.environ.get("LAKEHOUSE_TEST_FOLDER")
    return lake_settings(Path(there) if there else tmp_path_factory.mktemp("lake"))


def lake_settings(folder: Path) -> Settings:
    """Give settings whose catalog, warehouse and broker live in a folder; ANSI is as Spark has it, or as is asked."""
    conf = {"spark.sql.shuffle.partitions": "2"}
    if ansi := os.environ.get("LAKEHOUSE_TEST_ANSI"):
        conf["spark.sql.ansi.enabled"] = ansi
    return Settings.model_validate(
        {
            "packages": ["lakehouse.domains"],
            "catalog": {"uri": f"sqlite:///{folder}/catalog.db", "warehouse": f"{folder}/warehouse"},
            "session": {"master": "local[2]", "driver_memory": "2g", "conf": conf},
            "local": {"folder": str(folder), "jars": str(JARS)},
        }
    )


@pytest.fixture(scope="session")
def spark(settings: Settings) -> Iterator[SparkSession]:
    """The session, with Iceberg and Kafka."""
    with pytest.MonkeyPatch.context() as patch:
        # It lives as long as all tests do.
        for name, value in _SHORT_LIFE.items():
            if os.environ.get(name) == value:
                patch.delenv(name)
        session = make_session(settings)
    yield session
    session.stop()


@pytest.fixture
def ansi(spark: SparkSession) -> Iterator[None]:
    """Casts and divisions that throw, as Spark 4 has them by itself."""
    before = spark.conf.get("spark.sql.ansi.enabled") or "true"
    spark.conf.set("spark.sql.ansi.enabled", "true")
    yield
    spark.conf.set("spark.sql.ansi.enabled", before)


@pytest.fixture(scope="session")
def lake(settings: Settings, spark: SparkSession) -> Lake:
    """The catalog, as Spark and as PyIceberg see it."""
    return open_lake(settings, spark)


@pytest.fixture(scope="session")
def kafka(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    """A real broker."""
    with broker(tmp_path_factory.mktemp("kafka"), resolve_jars("kafka", folder=JARS)) as running:
        yield running


@pytest.fixture
def unique() -> str:
    """A name that no other test uses."""
    return f"t{uuid.uuid4().hex[:10]}"
