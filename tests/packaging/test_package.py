"""What is decided about a package before anything is built, and the words that submit it."""

from __future__ import annotations

import json
import shlex
import shutil
import subprocess
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest

from lakehouse.config import Settings
from lakehouse.engines.declared_jars import declared_jars
from lakehouse.errors import ConfigError
from lakehouse.packaging.jars import artifact_of, needed_jars
from lakehouse.packaging.package import Package, plan_package
from lakehouse.packaging.requirements import pinned
from lakehouse.packaging.submit import commands, submission
from lakehouse.packaging.target import TARGETS, target_of
from tests.cli.command_line import lakehouse

STREAM = {"topic": "users", "checkpoint": "s3://acme/checkpoints/users"}
LAKE: dict[str, Any] = {
    "packages": ["lakehouse.domains"],
    "catalog": {"type": "glue", "warehouse": "s3://acme/warehouse"},
    "kafka": {"bootstrap_servers": "broker:9092"},
    "streams": {"bronze.users_raw": STREAM},
}


def planned(target: str, **sections: Any) -> Package:
    settings = Settings.model_validate({**LAKE, **sections})
    return plan_package(settings, [Path("conf/base.toml"), Path("conf/glue.toml")], target_of(target))


@pytest.mark.parametrize("target", TARGETS, ids=lambda one: one.name)
def test_every_target_is_of_a_spark_that_is_supported_and_has_the_jars_declared(target: Any) -> None:
    assert {"iceberg-spark-runtime", "spark-sql-kafka-0-10", "spark-avro"} <= declared_jars(target.version).keys()


def test_libraries_are_those_that_are_installed_here_and_come_with_what_they_need() -> None:
    libraries = {pin.partition("==")[0] for pin in planned("emr-7.14").pins}
    assert {"pyiceberg", "pyarrow", "boto3", "confluent-kafka", "pydantic-core"} <= libraries
    assert not libraries & {"lakehouse", "pyspark", "pytest", "duckdb"}


def test_what_the_python_of_glue_has_is_left_out() -> None:
    assert not {pin.partition("==")[0] for pin in planned("glue-6.0").pins} & {"boto3", "botocore", "s3transfer"}


@pytest.mark.parametrize(("target", "there"), [("glue-5.1", True), ("glue-6.0", False)])
def test_markers_are_those_of_the_target(target: str, there: bool) -> None:
    found = pinned(['six; python_version < "3.12"', 'rich; sys_platform == "win32"'], target_of(target))
    assert [pin.partition("==")[0] for pin in found] == (["six"] if there else [])


def test_a_library_that_is_not_installed_here_is_told() -> None:
    with pytest.raises(ConfigError, match=r"no-such-library is needed .* pip install 'no-such-library>=1'"):
        pinned(["no-such-library>=1"], target_of("emr-7.14"))


@pytest.mark.parametrize(
    ("target", "streams", "jars"),
    [
        ("emr-serverless", {}, []),
        ("emr-serverless", {"bronze.users_raw": STREAM}, ["spark-sql-kafka-0-10"]),
        ("glue-5.1", {"bronze.users_raw": STREAM}, []),
        ("glue-5.1", {"bronze.users_raw": {**STREAM, "format": "avro"}}, ["spark-avro"]),
    ],
)
def test_only_the_jars_are_brought_that_the_platform_has_not(target: str, streams: Any, jars: list[str]) -> None:
    settings = Settings.model_validate({"streams": streams, "registry": {"url": "http://registry"}})
    assert list(needed_jars(settings, target_of(target))) == jars


@pytest.mark.parametrize(
    ("file", "artifact"),
    [
        ("spark-sql-kafka-0-10_2.13-4.1.1.jar", "spark-sql-kafka-0-10"),
        ("iceberg-spark-runtime-3.5_2.12-1.10.1.jar", "iceberg-spark-runtime"),
        ("commons-pool2-2.12.1.jar", "commons-pool2"),
        ("snappy-java-1.1.10.8.jar", "snappy-java"),
    ],
)
def test_a_jar_is_known_by_its_artifact(file: str, artifact: str) -> None:
    assert artifact_of(Path(file)) == artifact


def test_a_job_of_glue_has_what_glue_takes() -> None:
    package = planned("glue-5.1")
    told = submission(package, package.jobs[1], ())
    arguments = told["DefaultArguments"]
    assert (told["GlueVersion"], told["Command"]["ScriptLocation"]) == (
        "5.1",
        "s3://acme/packages/glue-5.1/jobs/stream_bronze.py",
    )
    assert arguments["--datalake-formats"] == "iceberg"
    assert arguments["--additional-python-modules"].endswith(".gluewheels.zip")
    assert arguments["--table"] == "bronze.users_raw"
    first, *others = arguments["--conf"].split(" --conf ")
    assert first.startswith("spark.sql.extensions=org.apache.iceberg")
    assert "spark.sql.session.timeZone=UTC" in others


def test_a_step_of_emr_is_a_spark_submit_with_the_environment_on_every_machine() -> None:
    package = planned("emr-7.14")
    ((step,), at) = submission(package, package.jobs[0], ("jars/a.jar",)), "s3://acme/packages/emr-7.14"
    words = step["Args"]
    assert words[:3] == ["spark-submit", "--deploy-mode", "cluster"]
    assert words[words.index("--archives") + 1].endswith(".environment.tar.gz#environment")
    assert words[words.index("--jars") + 1] == f"{at}/jars/a.jar"
    assert "spark.yarn.appMasterEnv.PYSPARK_PYTHON=./environment/bin/python" in words
    assert words[-3:] == [f"{at}/jobs/build.py", "--config", "glue.toml"]


def test_a_run_of_emr_serverless_names_the_python_of_the_driver_too() -> None:
    package = planned("emr-serverless", session={"conf": {"spark.executor.extraJavaOptions": "-Da=1 -Db=2"}})
    told = submission(package, package.jobs[1], ())["jobDriver"]["sparkSubmit"]
    words = shlex.split(told["sparkSubmitParameters"])
    assert "spark.emr-serverless.driverEnv.PYSPARK_DRIVER_PYTHON=./environment/bin/python" in words
    assert "spark.executor.extraJavaOptions=-Da=1 -Db=2" in words
    assert told["entryPointArguments"] == ["bronze.users_raw", "--config", "glue.toml"]


def test_files_of_rules_go_with_it_and_are_named_as_they_lie_there() -> None:
    package = planned("emr-7.14", quality={"rule_files": ["conf/rules.toml"]})
    words = submission(package, package.jobs[0], ())[0]["Args"]
    assert words[words.index("--files") + 1].endswith("/conf/rules.toml")
    assert words[-2:] == ["--set", 'quality.rule_files=["rules.toml"]']


def test_each_job_is_submitted_by_a_command_and_accounts_are_variables() -> None:
    lines = list(commands(planned("emr-serverless"), Path("out")))
    assert lines[0].startswith("aws s3 sync out s3://acme/packages/emr-serverless ")
    assert [line.rpartition("/")[2] for line in lines[1:]] == ["build.json", "stream-bronze-users-raw.json"]
    assert '--application-id "$APPLICATION_ID"' in lines[1]


@pytest.mark.parametrize(
    ("sections", "told"),
    [
        ({"catalog": {}}, r"catalog.type is 'sql'.*(.|\n)*warehouse is '.lake/warehouse'"),
        ({"kafka": {}}, "the local broker is of this machine"),
        ({"streams": {"bronze.users_raw": {"topic": "users"}}}, "bronze.users_raw is not set: name an s3:// prefix"),
        ({"session": {"conf": {"spark.my.password": "x"}}}, "a secret under spark.my.password"),
        ({"packages": ["nowhere_to_be_found"]}, "cannot be imported here"),
    ],
)
def test_settings_of_a_machine_are_refused(sections: dict[str, Any], told: str) -> None:
    with pytest.raises(ConfigError, match=told):
        planned("glue-6.0", **sections)


def test_two_files_of_one_name_are_refused() -> None:
    settings = Settings.model_validate(LAKE)
    with pytest.raises(ConfigError, match=r"two files are named glue\.toml"):
        plan_package(settings, [Path("a/glue.toml"), Path("b/glue.toml")], target_of("glue-6.0"))


def test_an_unknown_target_is_told_with_the_nearest() -> None:
    with pytest.raises(ConfigError, match=r"'glue-5\.2'; did you mean 'glue-5\.1'\?"):
        target_of("glue-5.2")


def test_a_dry_run_says_all_and_writes_nothing(tmp_path: Path) -> None:
    lake = ['packages = ["lakehouse.domains"]', '[catalog]\ntype = "glue"\nwarehouse = "s3://acme/warehouse"']
    (tmp_path / "lake.toml").write_text("\n".join(lake))
    given = ("--config", f"{tmp_path}/lake.toml", "--out", f"{tmp_path}/out", "--dry-run", "--json")
    done = lakehouse("package", "--target", "emr-spark-8.1", *given)
    assert done.exit_code == 0, done.output
    told = json.loads(done.stdout)
    assert (told["python"], told["files"], told["jars"]) == ("3.11", [], {})
    assert not (tmp_path / "out").exists()


@pytest.mark.skipif(shutil.which("terraform") is None, reason="Terraform is not on this machine")
def test_terraform_finds_nothing_to_format() -> None:
    folder = str(files("lakehouse.packaging") / "terraform")
    done = subprocess.run(["terraform", "fmt", "-check", folder], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "")
