"""The scorer against the same rules by hand: of a table, of each row, and of a key."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from benchmarks import spark_status
from benchmarks.measure import interleave
from benchmarks.peers.compare import compare as compare_peers
from benchmarks.quality.candidates import Bench, require_agreement
from benchmarks.quality.data import ROWS, data_folder, users
from benchmarks.quality.figures import Measured, compare, keep_plans, require_plans
from benchmarks.result import Result
from lakehouse.catalog.connect import open_lake
from lakehouse.config import Settings
from lakehouse.session import make_session

REPEATS = {"small": 3, "full": 7}


def run(size: str) -> list[Result]:
    """Score the users with all candidates in turn; they must agree, and ours must be one scan of generated code."""
    folder = Path(tempfile.mkdtemp(prefix="lakehouse-bench-"))
    settings = Settings.model_validate(
        {
            "catalog": {"uri": f"sqlite:///{folder}/catalog.db", "warehouse": f"{folder}/warehouse"},
            "session": {"master": "local[2]", "driver_memory": "2g", "conf": spark_status.CONF},
        }
    )
    spark = open_lake(settings, make_session(settings)).spark
    try:
        bench = Bench(users(spark, size), folder)
        timings = interleave(bench.candidates(), repeats=REPEATS[size])
        require_agreement(bench)
        ran = spark_status.ran(spark)
    finally:
        spark.stop()
        shutil.rmtree(folder, ignore_errors=True)
    keep_plans(ran)
    require_plans(ran)
    measured = {name: Measured.of(name, runs, ran) for name, runs in timings.items()}
    return compare(measured, rows=ROWS[size])


def run_peers(size: str, ours: list[Result]) -> list[Result]:
    """Set what ``run`` has measured beside other tools, on the same rows."""
    levels = dict(zip(("table", "row"), ours, strict=False))
    return compare_peers(levels, rows=ROWS[size], data=data_folder(size))
