from __future__ import annotations

import os
from pathlib import Path

import pytest

from lakehouse.engines.java import check_java, find_java
from lakehouse.engines.versions import spark_version
from lakehouse.errors import EngineError


def test_a_wrong_java_home_is_told_as_spark_would_use_it(tmp_path: Path) -> None:
    with pytest.raises(EngineError, match=rf"JAVA_HOME={tmp_path} has no bin/java that can be run\. Install Java 17"):
        find_java({**os.environ, "JAVA_HOME": str(tmp_path)})


def test_an_empty_java_home_is_as_none() -> None:
    assert find_java({**os.environ, "JAVA_HOME": ""}) == find_java({"PATH": os.environ["PATH"]})


def test_a_java_that_is_no_program_is_told(tmp_path: Path) -> None:
    (tmp_path / "java").write_text("not a program")
    (tmp_path / "java").chmod(0o755)
    with pytest.raises(EngineError, match=r"java cannot be run: Exec format error"):
        check_java({"PATH": str(tmp_path)}, supported=(17,))


@pytest.mark.parametrize("system", ["Debian/Ubuntu: apt", "macOS: brew", "Amazon Linux: dnf"])
def test_the_fix_is_told_for_each_system(system: str) -> None:
    with pytest.raises(EngineError, match=system):
        find_java({"PATH": ""})


def test_the_spark_of_a_cluster_has_a_suffix() -> None:
    assert spark_version("4.1.1-amzn-0").line == "4.1"


def test_a_spark_out_of_range_is_told_what_to_do() -> None:
    with pytest.raises(EngineError, match=r"PySpark 3\.3\.0 is not supported.*Install one of these"):
        spark_version("3.3.0")
