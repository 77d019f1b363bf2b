"""A release of two tables is killed between its steps while someone reads by its tag: one state of both, or none."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
from pyiceberg.catalog import Catalog

from lakehouse.catalog.connect import open_catalog
from lakehouse.catalog.leases import leases
from lakehouse.catalog.release_journal import releases
from lakehouse.config import Settings

pytestmark = pytest.mark.slow

SCRIPT = """
import os, signal, sys
from datetime import timedelta
from pyspark.sql import functions as F
from pyspark.sql.types import LongType, StringType
from lakehouse import Column, DataSet, Schema, build, conform, table
from lakehouse.catalog import lake_release as moves
from lakehouse.catalog.connect import open_lake
from lakehouse.catalog.leasing import Leasing, this_process
from lakehouse.config import Settings
from lakehouse.contract.build import build_of
from lakehouse.contract.table import spec_of
from lakehouse.pipeline import lake_release as builds
from lakehouse.pipeline.run import Run, new_run_id
from lakehouse.session import make_session


@table("bronze.letters", external=True)
class Raw(Schema):
    letter: Column[StringType]


@table("silver.letters")
class Letters(Schema):
    letter: Column[StringType]


@table("gold.counts")
class Counts(Schema):
    letters: Column[LongType]


@build
def letters(raw: DataSet[Raw]) -> DataSet[Letters]:
    return conform(raw, Letters)


@build
def counts(of: DataSet[Letters]) -> DataSet[Counts]:
    return conform(of.agg(F.count("*").alias("letters")), Counts)


folder, task, rows = sys.argv[1:]
settings = Settings.model_validate({
    "catalog": {"uri": f"sqlite:///{folder}/catalog.db", "warehouse": f"{folder}/warehouse"},
    "session": {"master": "local[1]", "conf": {"spark.sql.shuffle.partitions": "1"}},
})
lake = open_lake(settings, make_session(settings))
lake.ensure(spec_of(Raw))
if int(rows):
    lake.spark.createDataFrame([("a",)] * int(rows), "letter string").writeTo("`lake`.bronze.letters").append()
module = moves if task.startswith("_") else builds
if hasattr(module, task):
    step = getattr(module, task)
    def dying(*arguments, **options):
        step(*arguments, **options)
        os.killpg(os.getpgid(0), signal.SIGKILL)
    setattr(module, task, dying)
run_id = new_run_id()
leasing = Leasing(holder=this_process(run_id, command=task), ttl=timedelta(seconds=5))
run = Run(minimum_score=lambda _t, _d: 0.0, run_id=run_id, leasing=leasing)
moves.settle_unfinished(lake.catalog, retention=run.retention, leasing=leasing)
ended, _ = builds.release_lake(lake, [build_of(letters), build_of(counts)], run, name=task.strip("_"))
print(ended.state)
"""
# The second is brought to its end by those after it: killed there, too, between two publishes and between two tags.
STEPS = ("seal", "note", "_publish", "_tag")
TABLES = ("silver.letters", "gold.counts")


def start(folder: Path, task: str, rows: int = 0) -> subprocess.CompletedProcess[str]:
    script = folder / "release_letters.py"
    script.write_text(SCRIPT)
    return subprocess.run(
        [sys.executable, str(script), str(folder), task, str(rows)],
        capture_output=True, text=True, check=False, timeout=300, start_new_session=True, cwd=folder,
    )  # fmt: skip


def seen(catalog: Catalog, tag: str) -> tuple[int, int] | None:
    """How many letters there are and how many were counted, by the tag of a release; None while it is not there."""
    letters, counts = (catalog.load_table(name) for name in TABLES)
    at = [table.refs().get(tag) for table in (letters, counts)]
    if at[0] is None or at[1] is None:
        return None
    rows = letters.scan(snapshot_id=at[0].snapshot_id).to_arrow()
    (counted,) = counts.scan(snapshot_id=at[1].snapshot_id).to_arrow()["letters"].to_pylist()
    return len(rows), counted


@contextmanager
def reader(catalog: Catalog, tag: str) -> Iterator[set[tuple[int, int] | None]]:
    """Read by a tag all the time; gives all that was ever seen."""
    found: set[tuple[int, int] | None] = set()
    over = threading.Event()

    def read() -> None:
        while not over.wait(0.3):
            found.add(seen(catalog, tag))

    thread = threading.Thread(target=read)
    thread.start()
    try:
        yield found
    finally:
        over.set()
        thread.join()


def test_killed_after_any_step_the_next_run_ends_it_and_a_tag_shows_one_state(tmp_path: Path) -> None:
    done = start(tmp_path, "first", rows=3)
    assert done.stdout.strip() == "released", done.stderr[-3000:]
    location = {"uri": f"sqlite:///{tmp_path}/catalog.db", "warehouse": f"{tmp_path}/warehouse"}
    catalog = open_catalog(Settings.model_validate({"catalog": location}))
    with reader(catalog, "release_note") as ever_seen:
        for step in STEPS:
            done = start(tmp_path, step, rows=2 if step == "seal" else 0)
            assert done.returncode == -signal.SIGKILL, (step, done.stdout, done.stderr[-3000:])
        assert start(tmp_path, "last").stdout.strip() == "released"
    assert ever_seen == {None, (5, 5)}
    assert (seen(catalog, "release_first"), seen(catalog, "release_last")) == ((3, 3), (5, 5))
    assert {one.name: one.state.value for one in releases(catalog)} == dict.fromkeys(
        ("first", "note", "last"), "released"
    )
    assert all(one.has_ended(datetime.now(UTC)) for one in leases(catalog)), "whoever was killed blocks nobody"
