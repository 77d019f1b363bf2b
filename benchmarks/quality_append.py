"""The score of a table to which one row in a hundred was appended, against a scan of all of its rows."""

from __future__ import annotations

import shutil
import statistics
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from pyspark.sql import functions as F

from benchmarks import spark_status
from benchmarks.measure import interleave
from benchmarks.quality.contract import BenchUsers
from benchmarks.quality.data import made_users
from benchmarks.quality.figures import Measured
from benchmarks.result import Result
from lakehouse.catalog.connect import open_lake
from lakehouse.catalog.iceberg import Lake
from lakehouse.config import Settings
from lakehouse.contract.ddl import full_name
from lakehouse.contract.table import spec_of
from lakehouse.pipeline.score_table import Scoring, score_table
from lakehouse.quality import rule_set
from lakehouse.session import make_session

ROWS = {"small": 1_000_000, "full": 50_000_000}
REPEATS = {"small": 3, "full": 3}
_SPEC = spec_of(BenchUsers)


def run(size: str) -> list[Result]:
    """Score a table of 23 row rules, append 1 %, and score it with and without its first score, in turn."""
    folder = Path(tempfile.mkdtemp(prefix="lakehouse-bench-"))
    settings = Settings.model_validate(
        {
            "catalog": {"uri": f"sqlite:///{folder}/catalog.db", "warehouse": f"{folder}/warehouse"},
            "session": {"master": "local[2]", "driver_memory": "2g", "conf": spark_status.CONF},
        }
    )
    lake = open_lake(settings, make_session(settings))
    try:
        lake.ensure(_SPEC)
        _append(lake, ROWS[size])
        _score(lake, keep=True)
        _append(lake, ROWS[size] // 100)
        candidates = {"append-whole": _in_group(lake, "append-whole", full=True)}
        candidates |= {"append-ours": _in_group(lake, "append-ours", full=False)}
        timings = interleave(candidates, repeats=REPEATS[size])
        whole, added = _score(lake, full=True), _score(lake)
        if whole.score != added.score or added.added_to is None:
            raise AssertionError(f"the scores differ: {whole} and {added}")
        ran = spark_status.ran(lake.spark)
    finally:
        lake.spark.stop()
        shutil.rmtree(folder, ignore_errors=True)
    measured = {name: Measured.of(name, runs, ran) for name, runs in timings.items()}
    return [_result(measured["append-ours"], measured["append-whole"], ROWS[size])]


def _append(lake: Lake, rows: int) -> None:
    # A key is never null in a table.
    users = made_users(lake.spark, rows).withColumn("user_id", F.coalesce("user_id", F.lit("")))
    users.writeTo(full_name(_SPEC, catalog=lake.name)).append()


def _score(lake: Lake, *, full: bool = False, keep: bool = False) -> Scoring:
    return score_table(lake, _SPEC, rule_set(_SPEC), run_id="bench", instant=datetime.now(UTC), full=full, keep=keep)


def _in_group(lake: Lake, name: str, *, full: bool) -> Callable[[int], None]:
    def one(number: int) -> None:
        with spark_status.group(lake.spark, f"{name}-{number}"):
            _score(lake, full=full)

    return one


def _result(mine: Measured, whole: Measured, rows: int) -> Result:
    share = statistics.median(mine.tasks) / statistics.median(whole.tasks)
    return Result(
        name="quality score after 1 % was appended",
        value=round(rows / mine.median.wall),
        unit="rows/s",
        reference="a scan of all rows",
        reference_value=round(rows / whole.median.wall),
        ratio=round(whole.median.cpu / mine.median.cpu, 1),
        repeats=len(mine.runs),
        cpu_seconds=round(mine.median.cpu, 2),
        reference_cpu_seconds=round(whole.median.cpu, 2),
        note=f"{rows:,} rows, without the commit of the metrics; {share:.1%} of the tasks' CPU; "
        f"ours: {mine.spread}; all: {whole.spread}",
    )
