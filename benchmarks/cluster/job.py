"""What a driver of the cluster runs: make rows, build two tables of them, and say what that took of the driver."""

from __future__ import annotations

import json
import os
import resource
import sys
import time
from pathlib import Path

from benchmarks.cluster.readings import RawReadings, made, meters, readings
from benchmarks.spark_status import collected_bytes
from lakehouse.catalog.connect import open_lake
from lakehouse.config import Settings
from lakehouse.contract.build import build_of
from lakehouse.contract.ddl import full_name
from lakehouse.contract.table import spec_of
from lakehouse.pipeline.run import Run, run_build
from lakehouse.session import make_session


def main(sections: str, count: str) -> None:
    """Print what was built, and what the driver held: MB of memory of its Java and its Python, bytes of results."""
    settings = Settings.model_validate(json.loads(sections))
    spark = make_session(settings)
    lake = open_lake(settings, spark)
    raw = spec_of(RawReadings)
    lake.ensure(raw)
    made(spark, int(count)).writeTo(full_name(raw, catalog=lake.name)).append()
    before, began = collected_bytes(spark), time.monotonic()
    plan = Run(minimum_score=lambda _table, _declared: 0.0)
    built = [run_build(lake, one, plan) for one in map(build_of, (readings, meters)) if one]
    told = {
        "seconds": time.monotonic() - began,
        "rows": {one.table: one.rows for one in built},
        "collected": (collected_bytes(spark) - before) / 1000,
        "python": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        "java": _java_peak(),
    }
    print(json.dumps(told))


def _java_peak() -> float:
    """Give the most memory [MB] that the parent has had: spark-submit's Java has started this Python."""
    lines = Path(f"/proc/{os.getppid()}/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM"))


if __name__ == "__main__":
    main(*sys.argv[1:])
