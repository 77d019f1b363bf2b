"""The words that a platform takes a job in: as JSON for ``aws … --cli-input-json``, and as commands for people."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from lakehouse.packaging.package import Job, Package
from lakehouse.packaging.target import Service

_ENVIRONMENT = "environment"
_PYTHON = f"./{_ENVIRONMENT}/bin/python"


def submission(package: Package, job: Job, jars: tuple[str, ...]) -> Any:
    """Give the submission of a job.

    Args:
        package: What it needs.
        job: What it does.
        jars: Files of the package under ``jars/``.
    """
    made = {Service.GLUE: _glue_job, Service.EMR: _emr_steps, Service.EMR_SERVERLESS: _serverless_run}
    return made[package.target.service](package, job, jars)


def commands(package: Package, folder: Path) -> Iterator[str]:
    """Give the commands that upload a package and submit its jobs; what is of an account is a variable of the shell."""
    yield f"aws s3 sync {shlex.quote(str(folder))} {package.place} --exclude '*.tf*' --exclude 'submit/*'"
    for job in package.jobs:
        told = shlex.quote(f"file://{folder / 'submit' / job.name}.json")
        match package.target.service:
            case Service.GLUE:
                yield f'aws glue create-job --role "$ROLE_ARN" --cli-input-json {told}'
                yield f"aws glue start-job-run --job-name {name_of(job)}"
            case Service.EMR:
                yield f'aws emr add-steps --cluster-id "$CLUSTER_ID" --steps {told}'
            case Service.EMR_SERVERLESS:
                whose = '--application-id "$APPLICATION_ID" --execution-role-arn "$ROLE_ARN"'
                yield f"aws emr-serverless start-job-run {whose} --cli-input-json {told}"


def name_of(job: Job) -> str:
    """Give the name of a job at the platform."""
    return f"lakehouse-{job.name}"


def _glue_job(package: Package, job: Job, jars: tuple[str, ...]) -> Any:
    files = ",".join(package.at(f"conf/{file.name}") for file in package.files)
    arguments = {
        "--datalake-formats": "iceberg",
        "--conf": _chained("--conf", [f"{name}={value}" for name, value in package.spark_conf.items()]),
        "--additional-python-modules": package.at(package.python_file),
        # All is in the zip: a job that starts does not depend on an index.
        "--python-modules-installer-option": "--no-index",
        "--extra-files": files,
        **({"--extra-jars": ",".join(map(package.at, jars))} if jars else {}),
        "--TempDir": package.at("temp/"),
        "--job-bookmark-option": "job-bookmark-disable",
        "--enable-continuous-cloudwatch-log": "true",
        "--enable-metrics": "true",
        "--enable-observability-metrics": "true",
        **{name: _chained(name, values) for name, values in _options(package).items()},
        **({"--table": job.table} if job.table else {}),
    }
    return {
        "Name": name_of(job),
        "Command": {"Name": "glueetl", "PythonVersion": "3", "ScriptLocation": package.at(f"jobs/{job.script}")},
        "GlueVersion": package.target.release,
        "WorkerType": "G.1X",
        "NumberOfWorkers": 2,
        "Timeout": 480,
        "MaxRetries": 0,
        "ExecutionProperty": {"MaxConcurrentRuns": 1},
        "DefaultArguments": arguments,
    }


def _emr_steps(package: Package, job: Job, jars: tuple[str, ...]) -> Any:
    python = {f"spark.{who}.PYSPARK_PYTHON": _PYTHON for who in ("yarn.appMasterEnv", "executorEnv")}
    words = ["spark-submit", "--deploy-mode", "cluster", "--name", name_of(job), *_spark_words(package, jars, python)]
    arguments = [*words, package.at(f"jobs/{job.script}"), *_words(package, job)]
    step = {"Type": "CUSTOM_JAR", "Name": name_of(job), "ActionOnFailure": "CONTINUE", "Jar": "command-runner.jar"}
    return [step | {"Args": arguments}]


def _serverless_run(package: Package, job: Job, jars: tuple[str, ...]) -> Any:
    driver = {f"spark.emr-serverless.driverEnv.{name}": _PYTHON for name in ("PYSPARK_DRIVER_PYTHON", "PYSPARK_PYTHON")}
    python = {**driver, "spark.executorEnv.PYSPARK_PYTHON": _PYTHON}
    submit = {
        "entryPoint": package.at(f"jobs/{job.script}"),
        "entryPointArguments": _words(package, job),
        "sparkSubmitParameters": " ".join(map(_quoted, _spark_words(package, jars, python))),
    }
    logs = {"s3MonitoringConfiguration": {"logUri": package.at("logs/")}}
    return {
        "name": name_of(job),
        "jobDriver": {"sparkSubmit": submit},
        "configurationOverrides": {"monitoringConfiguration": logs},
    }


def _spark_words(package: Package, jars: tuple[str, ...], python: Mapping[str, str]) -> list[str]:
    words = ["--archives", f"{package.at(package.python_file)}#{_ENVIRONMENT}"]
    words += ["--files", ",".join(package.at(f"conf/{file.name}") for file in package.files)]
    words += ["--jars", ",".join(map(package.at, jars))] if jars else []
    for name, value in {**package.spark_conf, **python}.items():
        words += ["--conf", f"{name}={value}"]
    return words


def _quoted(word: str) -> str:
    # Only where it has to be: not every reader of these words takes the rest of what a shell does.
    return f'"{word}"' if " " in word else word


def _words(package: Package, job: Job) -> list[str]:
    """Give what the job is told, as it is typed."""
    options = [word for name, values in _options(package).items() for value in values for word in (name, value)]
    return [*([job.table] if job.table else []), *options]


def _options(package: Package) -> dict[str, list[str]]:
    rules = json.dumps([file.name for file in package.rule_files])
    names = [file.name for file in package.conf_files]
    # The lowest layer is found beside the others.
    told = {"--config": [name for name in names if name != "base.toml"] or names}
    return told | ({"--set": [f"quality.rule_files={rules}"]} if package.rule_files else {})


def _chained(name: str, values: list[str]) -> str:
    """Give several values of an option as one text, as Glue has it for ``--conf``: no parameter is there twice."""
    return f" {name} ".join(values)
