from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import SparkSession

from lakehouse.config import Settings
from lakehouse.engines.local_conf import jars_of, local_conf
from lakehouse.engines.versions import spark_version
from lakehouse.errors import ConfigError, EngineError
from lakehouse.session import catalog_conf, make_session
from tests.conftest import JARS

ROOT = Path(__file__).parent.parent
PREFIX = "spark.sql.catalog.lake"


def with_section(settings: Settings, section: str, **changes: Any) -> Settings:
    changed = getattr(settings, section).model_copy(update=changes)
    return settings.model_copy(update={section: changed})


def test_a_local_catalog_is_at_one_place_whatever_the_working_directory() -> None:
    conf = catalog_conf(Settings().catalog)
    assert conf[f"{PREFIX}.uri"] == f"jdbc:sqlite:{Path.cwd()}/.lake/catalog.db"
    assert conf[f"{PREFIX}.warehouse"] == f"{Path.cwd()}/.lake/warehouse"


def test_a_rest_catalog_has_its_address() -> None:
    settings = Settings.model_validate({"catalog": {"type": "rest", "uri": "http://h:1", "warehouse": "w"}})
    conf = catalog_conf(settings.catalog)
    assert (conf[f"{PREFIX}.type"], conf[f"{PREFIX}.uri"], conf[f"{PREFIX}.warehouse"]) == ("rest", "http://h:1", "w")


@pytest.mark.parametrize(
    ("kind", "name"), [("glue", "io-impl"), ("sql", "jdbc.busy_timeout"), ("rest", "cache-enabled")]
)
def test_a_property_that_is_configured_wins_over_ours(kind: str, name: str) -> None:
    settings = Settings.model_validate({"catalog": {"type": kind, "properties": {name: "mine"}}})
    assert catalog_conf(settings.catalog)[f"{PREFIX}.{name}"] == "mine"


def test_our_jars_are_on_the_class_path_of_a_local_java(settings: Settings) -> None:
    conf = local_conf(with_section(settings, "session", conf={}), spark_version())
    assert "/iceberg-spark-runtime" in conf["spark.driver.extraClassPath"]
    assert "spark.jars" not in conf


@pytest.mark.parametrize(("kind", "jars"), [("sql", ("spark41",)), ("glue", ("spark41", "aws"))])
def test_jars_of_aws_are_for_a_catalog_in_glue_alone(settings: Settings, kind: str, jars: tuple[str, ...]) -> None:
    assert jars_of(with_section(settings, "catalog", type=kind), spark_version()) == jars


def test_own_jars_come_beside_ours(settings: Settings) -> None:
    # A catalog or driver of one's own is found by Iceberg in the loader that has loaded it.
    conf = local_conf(with_section(settings, "session", conf={"spark.jars": "mine.jar"}), spark_version())
    ours, mine = conf["spark.jars"].rsplit(",", 1)
    assert "/iceberg-spark-runtime" in ours
    assert mine == "mine.jar"
    assert "spark.driver.extraClassPath" not in conf


def test_own_options_of_java_come_on_top_of_ours(settings: Settings) -> None:
    own = {"spark.driver.extraJavaOptions": "-Dmine=1"}
    conf = local_conf(with_section(settings, "session", conf=own), spark_version())
    words = conf["spark.driver.extraJavaOptions"].split()
    assert words[0].startswith("-Dlog4j2.configurationFile=")
    assert "-Dmine=1" in words


def test_without_java_nothing_is_resolved_or_started(settings: Settings, tmp_path: Path) -> None:
    elsewhere = with_section(settings, "local", jars=str(tmp_path / "jars"))
    with pytest.raises(EngineError, match="no java on PATH"):
        local_conf(elsewhere, spark_version(), environ={"PATH": str(tmp_path)})
    assert not (tmp_path / "jars").exists()


def test_a_session_is_in_utc_and_quiet(spark: SparkSession) -> None:
    names = ["spark.sql.session.timeZone", "spark.ui.enabled", "spark.ui.showConsoleProgress"]
    assert [spark.conf.get(name) for name in names] == ["UTC", "false", "false"]


def test_a_table_is_found_without_the_name_of_the_catalog(spark: SparkSession, unique: str) -> None:
    spark.sql(f"CREATE NAMESPACE lake.{unique}")
    spark.sql(f"CREATE TABLE lake.{unique}.t AS SELECT 1 AS x")
    assert spark.table(f"{unique}.t").count() == 1


def test_a_session_that_is_there_is_taken(spark: SparkSession, settings: Settings) -> None:
    assert make_session(settings) is spark


def test_a_session_with_its_catalog_elsewhere_is_refused(spark: SparkSession, settings: Settings) -> None:
    elsewhere = with_section(settings, "catalog", warehouse="/else/where")
    with pytest.raises(ConfigError, match=r"catalog\.lake\.warehouse is /.*, configured is /else/where"):
        make_session(elsewhere)


def test_a_session_that_is_there_gets_a_catalog_it_has_not(
    spark: SparkSession, settings: Settings, tmp_path: Path, unique: str
) -> None:
    place = {"uri": f"sqlite:///{tmp_path}/new/c.db", "warehouse": f"{tmp_path}/w"}
    make_session(with_section(settings, "catalog", name=unique, **place))
    spark.sql(f"CREATE NAMESPACE {unique}.a")
    assert [row[0] for row in spark.sql(f"SHOW NAMESPACES IN {unique}").collect()] == ["a"]
    assert spark.conf.get("spark.sql.defaultCatalog") == "lake"


def test_what_a_running_session_cannot_change_is_left(spark: SparkSession, settings: Settings) -> None:
    conf = {"spark.executor.memory": "9g", "spark.sql.shuffle.partitions": "2"}
    make_session(with_section(settings, "session", conf=conf))
    assert spark.conf.get("spark.executor.memory", "not set") == "not set"


def test_a_file_that_is_no_catalog_is_told_in_one_line(
    spark: SparkSession, settings: Settings, tmp_path: Path, unique: str
) -> None:
    (tmp_path / "c.db").write_text("no database " * 100)
    place = {"uri": f"sqlite:///{tmp_path}/c.db", "warehouse": f"{tmp_path}/w"}
    with pytest.raises(EngineError, match=r"cannot be used: .*not a database.*Check catalog\.uri") as told:
        make_session(with_section(settings, "catalog", name=unique, **place))
    assert "\n" not in str(told.value)


def test_a_catalog_that_someone_else_writes_to_is_waited_for(
    spark: SparkSession, settings: Settings, unique: str
) -> None:
    spark.sql(f"CREATE NAMESPACE lake.{unique}")
    file = settings.catalog.uri.removeprefix("sqlite:///")
    held = sqlite3.connect(file, isolation_level=None, check_same_thread=False)
    held.execute("BEGIN EXCLUSIVE")
    # Longer than SQLite waits by itself.
    threading.Timer(4, lambda: held.execute("COMMIT")).start()
    spark.sql(f"CREATE TABLE lake.{unique}.t AS SELECT 1 AS x")
    assert spark.table(f"lake.{unique}.t").count() == 1


def python(script: str, folder: Path, environ: Mapping[str, str]) -> Any:
    """Run a program that prints JSON."""
    done = subprocess.run(
        [sys.executable, "-c", script, str(folder)],
        env=environ,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


FOREIGN = """
import json, sys
from pyspark.sql import SparkSession
from lakehouse.config import Settings
from lakehouse.errors import EngineError
from lakehouse.session import make_session, session_conf
told = []
for confs in ({}, session_conf()):
    builder = SparkSession.builder.master("local[1]").config(map={"spark.ui.enabled": "false", **confs})
    session = builder.getOrCreate()
    try:
        make_session(Settings.model_validate({"catalog": {"uri": f"sqlite:///{sys.argv[1]}/c.db"}}))
    except EngineError as error:
        told.append(str(error))
    session.stop()
print(json.dumps(told))
"""


@pytest.fixture(scope="module")
def of_foreign_sessions(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """What is said to a session without extensions, and to one without the jar."""
    told: list[str] = python(FOREIGN, tmp_path_factory.mktemp("foreign"), os.environ)
    return told


def test_a_session_without_the_extensions_is_told_how_to_start_it(of_foreign_sessions: list[str]) -> None:
    assert "spark.sql.extensions is ''" in of_foreign_sessions[0]
    assert "--properties-file spark-defaults.conf" in of_foreign_sessions[0]


def test_a_session_without_the_jar_is_told_where_it_comes_from(of_foreign_sessions: list[str]) -> None:
    assert "the Iceberg jar is not on Spark's class path" in of_foreign_sessions[1]
    assert "SparkCatalog" in of_foreign_sessions[1]


NO_START = """
import json, sys
from lakehouse.config import Settings
from lakehouse.errors import EngineError
from lakehouse.session import make_session
session = {"master": "local[1]", "driver_memory": "many"}
try:
    make_session(Settings.model_validate({"session": session, "local": {"jars": sys.argv[1]}}))
except EngineError as error:
    print(json.dumps(str(error)))
"""


def test_a_spark_that_does_not_start_is_told_with_what_to_check() -> None:
    assert "session.driver_memory (many)" in python(NO_START, JARS, os.environ)


JOB = """
import json, sys
from lakehouse.config import Settings
from lakehouse.session import make_session
place = {"uri": f"sqlite:///{sys.argv[1]}/c.db", "warehouse": f"{sys.argv[1]}/w"}
spark = make_session(Settings.model_validate({"catalog": place, "session": {"master": "local[7]"}}))
spark.sql("CREATE NAMESPACE lake.a")
spark.sql("CREATE TABLE a.t AS SELECT 1 AS x")
spark.sql("ALTER TABLE a.t WRITE ORDERED BY x")
names = ["spark.master", "spark.sql.catalog.lake.type", "spark.app.name"]
print(json.dumps({"rows": spark.table("a.t").count(), **{name: spark.conf.get(name, None) for name in names}}))
"""


@pytest.fixture(scope="module")
def submitted(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """A job that spark-submit started, with a catalog of the cluster's own at the configured place."""
    folder = tmp_path_factory.mktemp("submitted")
    (folder / "job.py").write_text(JOB)
    # With the jars of this Spark, as the file says.
    defaults = (ROOT / "spark-defaults.conf").read_text().replace("/spark41/", f"/{spark_version().jars}/")
    (folder / "defaults.conf").write_text(defaults)
    confs = {
        PREFIX: "org.apache.iceberg.spark.SparkCatalog",
        f"{PREFIX}.catalog-impl": "org.apache.iceberg.jdbc.JdbcCatalog",
        f"{PREFIX}.uri": f"jdbc:sqlite:{folder}/c.db",
        f"{PREFIX}.warehouse": f"{folder}/w",
        f"{PREFIX}.jdbc.schema-version": "V1",
        "spark.ui.enabled": "false",
    }
    options = [word for name, value in confs.items() for word in ("--conf", f"{name}={value}")]
    command = [
        "spark-submit",
        "--properties-file",
        str(folder / "defaults.conf"),
        "--master",
        "local[1]",
        "--name",
        "mine",
    ]
    environ = {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    done = subprocess.run(
        [*command, *options, str(folder / "job.py"), str(folder)],
        cwd=ROOT, env=environ, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


@pytest.mark.slow
def test_a_job_of_spark_submit_finds_iceberg_by_the_properties_file_alone(submitted: dict[str, Any]) -> None:
    assert submitted["rows"] == 1


@pytest.mark.slow
def test_a_job_of_spark_submit_has_its_master_and_name_from_there(submitted: dict[str, Any]) -> None:
    assert (submitted["spark.master"], submitted["spark.app.name"]) == ("local[1]", "mine")


@pytest.mark.slow
def test_a_catalog_that_the_cluster_defines_is_not_mixed_with_ours(submitted: dict[str, Any]) -> None:
    assert submitted["spark.sql.catalog.lake.type"] is None
