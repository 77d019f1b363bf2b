"""A small lake through Sail, from the start of the process to the publish, against the same command with Spark."""

from __future__ import annotations

import ctypes
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from pyiceberg.catalog import Catalog

from benchmarks.measure import Timing, medians
from benchmarks.result import Result
from benchmarks.small_lake import Subscribers
from benchmarks.small_lake.signups import fill
from lakehouse.catalog import ledger
from lakehouse.catalog.connect import open_catalog
from lakehouse.config import Settings
from lakehouse.contract.table import spec_of

ROWS = {"small": (100_000,), "full": (100_000, 1_000_000)}
REPEATS = {"small": 3, "full": 5}
AT_MOST = 5.0
"""Seconds for 10 MB."""
_SILVER = spec_of(Subscribers).name
_BECOME_REAPER = 36


def run(size: str) -> list[Result]:
    """Run ``lakehouse run`` with either engine in turn, each time on a lake of its own that was never built."""
    # A JVM that outlives its process comes to us, so that its CPU seconds are counted.
    ctypes.CDLL(None).prctl(_BECOME_REAPER, 1, 0, 0, 0)
    return [_measured(rows, REPEATS[size]) for rows in ROWS[size]]


def _measured(rows: int, repeats: int) -> Result:
    timings: dict[str, list[Timing]] = {"sail": [], "spark": []}
    size = 0
    for number in range(repeats + 1):
        published = {}
        for engine, found in timings.items():
            folder = Path(tempfile.mkdtemp(prefix="lakehouse-bench-"))
            try:
                size = fill(_catalog(folder), rows)
                timing = _timed(engine, folder)
                published[engine] = _published(_catalog(folder))
            finally:
                shutil.rmtree(folder, ignore_errors=True)
            # The first of each is for warming up: compiled modules, files that the system has in memory.
            if number:
                found.append(timing)
        if published["sail"] != published["spark"]:
            raise AssertionError(f"rows and score differ: {published}")
    return _result(rows, size, timings, repeats)


def _settings(folder: Path) -> dict[str, str]:
    return {
        "LAKEHOUSE__CATALOG__URI": f"sqlite:///{folder}/catalog.db",
        "LAKEHOUSE__CATALOG__WAREHOUSE": f"{folder}/warehouse",
    }


def _catalog(folder: Path) -> Catalog:
    there = {"uri": f"sqlite:///{folder}/catalog.db", "warehouse": f"{folder}/warehouse"}
    return open_catalog(Settings.model_validate({"catalog": there}))


def _timed(engine: str, folder: Path) -> Timing:
    command = [sys.executable, "-c", "from lakehouse.cli.main import main; main()", "run", "--json"]
    command += ["--config", "conf/local.toml", "--set", 'packages=["benchmarks.small_lake"]']
    command += ["--set", f"session.engine={engine}"]
    started = time.monotonic()
    done = subprocess.run(
        command, env={**os.environ, **_settings(folder)}, capture_output=True, text=True, check=False, timeout=600
    )
    wall = time.monotonic() - started
    if done.returncode:
        raise AssertionError(done.stderr)
    return Timing(wall=wall, cpu=_cpu_of_children())


_counted = [0.0]


def _cpu_of_children() -> float:
    """Give the CPU seconds of the children that ended since this was last asked; waits for a JVM that was left."""
    while True:
        try:
            os.wait()
        except ChildProcessError:
            break
    times = os.times()
    total = times.children_user + times.children_system
    before, _counted[0] = _counted[0], total
    return total - before


def _published(catalog: Catalog) -> tuple[int, object]:
    table = catalog.load_table(_SILVER)
    entry = ledger.latest(table)
    assert entry is not None, "it was published"
    return ledger.row_count(table), json.loads(entry.score)


def _result(rows: int, size: int, timings: dict[str, list[Timing]], repeats: int) -> Result:
    ours, theirs = medians(timings["sail"]), medians(timings["spark"])
    slowest = max(one.wall for one in timings["sail"])
    within = "" if rows > 100_000 else f"; at most {AT_MOST:.0f} s are wanted"
    return Result(
        name=f"lakehouse run of {rows:,} rows, {size / 1e6:.0f} MB, with Sail",
        value=round(ours.wall, 2),
        unit="s",
        reference="the same command with Spark, local[2]",
        reference_value=round(theirs.wall, 2),
        ratio=round(theirs.cpu / ours.cpu, 2),
        repeats=repeats,
        cpu_seconds=round(ours.cpu, 2),
        reference_cpu_seconds=round(theirs.cpu, 2),
        note=f"process start to its end, published and scored; equal rows and score; slowest {slowest:.2f} s{within}",
    )
