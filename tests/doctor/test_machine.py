"""Where a process runs, and what is installed there."""

from __future__ import annotations

from pathlib import Path

import pytest

from lakehouse.config import Settings
from lakehouse.doctor.checks import check_session
from lakehouse.doctor.finding import Finding, Level
from lakehouse.doctor.machine import engine_checks, python_check, runtime_check
from lakehouse.engines.runtime import Runtime, runtime_of


@pytest.mark.parametrize(
    ("environ", "name", "release"),
    [
        ({"GLUE_VERSION": "5.1"}, "Glue", "5.1"),
        ({"GLUE_COMMAND_CRITERIA": "glueetl"}, "Glue", ""),
        ({"EMR_CLUSTER_ID": "j-1", "EMR_RELEASE_LABEL": "emr-7.14.0"}, "EMR on EC2", "emr-7.14.0"),
        ({"SERVERLESS_EMR_JOB_ID": "00f", "EMR_RELEASE_LABEL": "emr-7.14.0"}, "EMR Serverless", ""),
        ({"K8S_SPARK_LOG_URL_STDOUT": "/var/log/spark"}, "EMR on EKS", ""),
        ({"DATABRICKS_RUNTIME_VERSION": "17.3"}, "Databricks", "17.3"),
        ({"SPARK_REMOTE": "sc://h:15002", "GLUE_VERSION": "5.1"}, "Spark Connect", ""),
    ],
)
def test_a_platform_is_told_by_its_variables(environ: dict[str, str], name: str, release: str) -> None:
    runtime = runtime_of(environ, master="local[2]")
    assert (runtime.name, runtime.release, runtime.told_by in environ) == (name, release, True)


@pytest.mark.parametrize(
    ("spark", "master", "name"),
    [
        ("3.5.6-amzn-1", "yarn", "EMR on EC2"),
        ("3.5.6-amzn-1", "k8s://https://h", "EMR on EKS"),
        ("4.1.1-amzn-0", "custom:emr-serverless", "EMR Serverless"),
        ("4.1.1-amzn-0", "", "EMR or Glue"),
        ("4.1.1", "yarn", "a cluster"),
        ("4.1.1", "local[2]", "this machine"),
        ("", "", "a cluster"),
    ],
)
def test_without_variables_the_version_and_the_master_tell(spark: str, master: str, name: str) -> None:
    assert runtime_of({}, spark=spark, master=master).name == name


def test_where_nobody_has_tried_it_is_said() -> None:
    levels = [runtime_check(Runtime(name=name)).level for name in ("Databricks", "Glue")]
    assert levels == [Level.WARNING, Level.OK]


@pytest.mark.parametrize(("version", "level"), [((3, 9), Level.WRONG), ((3, 11), Level.OK), ((3, 14), Level.WARNING)])
def test_a_python_is_held_against_those_that_were_tried(version: tuple[int, int], level: Level) -> None:
    assert python_check(version).level is level


def test_no_java_is_wrong_where_the_library_starts_it_and_not_asked_for_elsewhere(tmp_path: Path) -> None:
    local = Settings.model_validate({"session": {"master": "local[1]"}})
    path = {"PATH": str(tmp_path)}
    found = [engine_checks(local, environ)[-1] for environ in (path, path | {"SPARK_REMOTE": "sc://h"})]
    assert [(one.check, one.level) for one in found] == [("Java", Level.WRONG), ("Java", Level.NOT_TOLD)]
    assert "apt install openjdk-17" in found[0].found


@pytest.mark.parametrize(
    ("group", "check", "said", "why"),
    [
        ("machine", "Java", "no java on PATH", "it needs Java"),
        ("catalog", "catalog", "no answer within 10 s", "it would wait for the catalog"),
    ],
)
def test_a_session_that_cannot_start_is_not_started(group: str, check: str, said: str, why: str) -> None:
    found = {"machine": (), "catalog": (), group: (Finding(check=check, level=Level.WRONG, found=said),)}
    (one,) = check_session(Settings.model_validate({"session": {"master": "local[1]"}}), {}, before=found)
    assert (one.level, why in one.found) == (Level.NOT_TOLD, True)
