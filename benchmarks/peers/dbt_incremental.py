"""dbt with its adapter for Spark, in the session of its process: an incremental model, merged by key."""

from __future__ import annotations

import json
import shutil
from importlib.metadata import version
from pathlib import Path

from dbt.cli.main import dbtRunner
from pyspark.sql import SparkSession

from benchmarks.peers.updater import Updater, run
from benchmarks.reference.main_job import RULES

TABLE = "silver.users_by_dbt"
_PROJECT = Path(__file__).with_name("dbt_project")


def _build(spark: SparkSession, folder: Path) -> None:
    spark.sql("CREATE NAMESPACE IF NOT EXISTS silver")
    shutil.copytree(_PROJECT, folder, dirs_exist_ok=True)
    _run(folder, "--full-refresh")


def _update(_spark: SparkSession, folder: Path) -> None:
    _run(folder)


def _run(folder: Path, *options: str) -> None:
    rules = [{"name": name, "weight": weight, "violated": sql} for name, (weight, sql) in RULES.items()]
    where = ["--project-dir", str(folder), "--profiles-dir", str(folder), "--vars", json.dumps({"rules": rules})]
    done = dbtRunner().invoke(["run", *where, *options])
    if not done.success:
        raise RuntimeError(f"dbt run failed: {done.exception or [one.message for one in done.result or ()]}")


if __name__ == "__main__":
    run(Updater(name=f"dbt-core {version('dbt-core')}, dbt-spark {version('dbt-spark')}", build=_build, update=_update))
