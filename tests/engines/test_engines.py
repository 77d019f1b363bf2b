from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from lakehouse.config import Settings
from lakehouse.engines.jars import resolve_jars
from lakehouse.engines.java import check_java
from lakehouse.engines.versions import spark_version
from lakehouse.errors import EngineError
from lakehouse.session import catalog_conf, make_session
from tests.conftest import JARS


def fake_java(folder: Path, version: str) -> dict[str, str]:
    java = folder / "java"
    java.write_text(f"#!/bin/sh\necho 'openjdk version \"{version}\"' >&2\n")
    java.chmod(0o755)
    return {"PATH": f"{folder}:/bin:/usr/bin"}


def test_no_java_says_how_to_install_it(tmp_path: Path) -> None:
    with pytest.raises(EngineError, match=r"no java on PATH.*apt install openjdk-17"):
        check_java({"PATH": str(tmp_path)}, supported=(17,))


def test_a_wrong_java_says_found_and_needed(tmp_path: Path) -> None:
    with pytest.raises(EngineError, match="is Java 11; this Spark needs 17 or 21"):
        check_java(fake_java(tmp_path, "11.0.2"), supported=(17, 21))


def test_java_8_is_recognised_by_its_old_way_of_counting(tmp_path: Path) -> None:
    assert check_java(fake_java(tmp_path, "1.8.0_392"), supported=(8,)).endswith("/java")


@pytest.mark.parametrize("found", ["3.3.0", "4.10.0", "5.0.0"])
def test_a_spark_out_of_range_is_refused_with_what_is_supported(found: str) -> None:
    with pytest.raises(EngineError, match=rf"found {found}, supported are 4\.1\.x, 3\.5\.x"):
        spark_version(found)


@pytest.mark.parametrize(("found", "jars"), [("4.1.3", "spark41"), ("3.5.6-amzn-2", "spark35")])
def test_a_patch_of_a_supported_spark_is_taken(found: str, jars: str) -> None:
    assert spark_version(found).jars == jars


def test_jars_that_are_there_cost_nothing() -> None:
    version = spark_version()
    resolve_jars(version.jars, folder=JARS)
    started = time.monotonic()
    folder = resolve_jars(version.jars, folder=JARS)
    assert time.monotonic() - started < 0.2
    assert any(folder.glob(f"iceberg-spark-runtime-{version.line}_*.jar"))


@pytest.mark.skipif(spark_version().sail, reason="it is taken for this one")
def test_sail_is_refused_for_the_client_of_spark_3_5() -> None:
    with pytest.raises(EngineError, match=r"Sail needs PySpark 4; found 3\.5\. Install it, or leave out"):
        make_session(Settings.model_validate({"session": {"engine": "sail"}}))


IVY = """<ivy-module version="2.0">
  <info organisation="x" module="y"/>
  <configurations><conf name="made_up"/></configurations>
  <dependencies><dependency org="org.no.such" name="thing" rev="1.0" conf="made_up->default"/></dependencies>
</ivy-module>"""


def test_a_jar_that_does_not_exist_is_named_and_nothing_is_left(tmp_path: Path) -> None:
    ivy = tmp_path / "ivy.xml"
    ivy.write_text(IVY)
    with pytest.raises(EngineError, match=r"org\.no\.such#thing;1\.0"):
        resolve_jars("made_up", folder=tmp_path / "jars", ivy_file=ivy)
    assert not (tmp_path / "jars" / "made_up").exists()


def test_nothing_is_written_to_the_home_folder(tmp_path: Path) -> None:
    ivy = tmp_path / "ivy.xml"
    ivy.write_text(IVY)
    home = tmp_path / "home"
    home.mkdir()
    with pytest.raises(EngineError):
        resolve_jars("made_up", folder=tmp_path / "jars", ivy_file=ivy, environ={**os.environ, "HOME": str(home)})
    assert list(home.iterdir()) == []


def test_a_glue_catalog_needs_no_address() -> None:
    settings = Settings.model_validate(
        {"catalog": {"type": "glue", "warehouse": "s3://lake", "properties": {"glue.id": "1"}}}
    )
    conf = catalog_conf(settings.catalog)
    assert conf["spark.sql.catalog.lake.type"] == "glue"
    assert conf["spark.sql.catalog.lake.glue.id"] == "1"
    assert conf["spark.sql.catalog.lake.warehouse"] == "s3://lake"
