"""A script by hand: the rows appended since the snapshot that it noted last, into its table by one ``MERGE``."""

from __future__ import annotations

from pathlib import Path

import pyspark
from pyspark.sql import SparkSession

from benchmarks.peers.updater import BRONZE, Updater, messages_of, run
from benchmarks.reference.main_job import write_silver
from benchmarks.reference.publish import merge_silver

TABLE = "silver.users_by_script"
_NOTED = "read-until"


def _build(spark: SparkSession, _folder: Path) -> None:
    until = _head(spark)
    write_silver(messages_of(spark.read.option("versionAsOf", until).table(BRONZE)), TABLE)
    _note(spark, until)


def _update(spark: SparkSession, _folder: Path) -> None:
    since, until = _noted(spark), _head(spark)
    came = spark.read.option("start-snapshot-id", since).option("end-snapshot-id", until).table(BRONZE)
    merge_silver(messages_of(came), TABLE)
    _note(spark, until)


def _head(spark: SparkSession) -> int:
    found: int = spark.table(f"{BRONZE}.refs").where("name = 'main'").collect()[0]["snapshot_id"]
    return found


def _noted(spark: SparkSession) -> int:
    return int(spark.sql(f"SHOW TBLPROPERTIES {TABLE} ('{_NOTED}')").collect()[0]["value"])


def _note(spark: SparkSession, snapshot: int) -> None:
    # In a commit of its own: of a script that dies before it the rows are merged once more.
    spark.sql(f"ALTER TABLE {TABLE} SET TBLPROPERTIES ('{_NOTED}' = '{snapshot}')")


if __name__ == "__main__":
    run(Updater(name=f"a MERGE script by hand, PySpark {pyspark.__version__}", build=_build, update=_update))
