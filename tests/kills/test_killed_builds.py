"""Builds and backfills are killed after each of their steps while someone reads: old rows or new, and no others."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from pyiceberg.catalog import Catalog
from pyiceberg.transforms import BucketTransform
from pyiceberg.types import StringType

from lakehouse.catalog import ledger
from lakehouse.catalog.connect import open_catalog
from lakehouse.config import Settings
from tests.conftest import JARS

pytestmark = pytest.mark.slow

SCRIPT = """
import os, signal, sys
from datetime import datetime, UTC
from pyspark.sql.types import IntegerType, StringType
from lakehouse import Column, DataSet, Schema, build, conform, table
from lakehouse.catalog.connect import open_lake
from lakehouse.config import Settings
from lakehouse.contract import Rows
from lakehouse.contract.build import build_of
from lakehouse.contract.table import spec_of
from lakehouse.pipeline import backfill, run as runs
from lakehouse.pipeline.backfill_plan import Backfill, plan_backfill
from lakehouse.pipeline.cost import FOLLOW_ALWAYS
from lakehouse.session import make_session
from typing import Annotated
from lakehouse.quality import NotNull, rule_set

folder, jars, task = sys.argv[1:]
MENDED = 100 if task.startswith("backfill") else 0


@table("bronze.messages", external=True)
class Messages(Schema):
    name: Column[StringType]
    version: Column[IntegerType]


@table("silver.people", key=("name",), newest_by=("version",))
class People(Schema):
    name: Annotated[Column[StringType], NotNull()]
    version: Column[IntegerType]


@build(follows=Rows())
def people(messages: DataSet[Messages]) -> DataSet[People]:
    return conform(messages.withColumn("version", messages.version + MENDED), People)


def killed_after(module, name):
    step = getattr(module, name)
    def dying(*arguments, **options):
        step(*arguments, **options)
        os.killpg(os.getpgid(0), signal.SIGKILL)
    setattr(module, name, dying)


settings = Settings.model_validate({
    "catalog": {"uri": f"sqlite:///{folder}/catalog.db", "warehouse": f"{folder}/warehouse"},
    "session": {"master": "local[1]", "conf": {"spark.sql.shuffle.partitions": "1"}},
    "local": {"jars": jars},
})
lake = open_lake(settings, make_session(settings))
if task in ("fill", "more"):
    lake.ensure(spec_of(Messages))
    rows = [(f"p{n}", 1) for n in range(20)] if task == "fill" else [(f"p{n}", 2) for n in range(15, 25)]
    lake.spark.createDataFrame(rows, "name string, version int").writeTo("`lake`.bronze.messages").append()
if task == "more":
    sys.exit()
run = runs.Run(minimum_score=lambda _t, _d: 0.0, costs=FOLLOW_ALWAYS)
if task.startswith("backfill"):
    if task != "backfill finish":
        killed_after(backfill, task.split()[1])
    rules = rule_set(spec_of(People))
    plan = plan_backfill(lake.catalog, build_of(people), rules, Backfill(by="bucket(2)"), run)
    print(plan.mark.done, len(backfill.run_backfill(lake, plan, rules, run)))
    sys.exit()
if task not in ("fill", "finish"):
    killed_after(runs, task)
built = runs.run_build(lake, build_of(people), run)
print(built.strategy, built.rows)
"""
STEPS = ("plan_build", "open_audit", "write_changes", "score_branch", "publish")
OLD = {(f"p{n}", 1) for n in range(20)}
NEW = {(f"p{n}", 1) for n in range(15)} | {(f"p{n}", 2) for n in range(15, 25)}


def start(folder: Path, task: str) -> subprocess.CompletedProcess[str]:
    script = folder / "build_people.py"
    script.write_text(SCRIPT)
    return subprocess.run(
        [sys.executable, str(script), str(folder), str(JARS), task],
        capture_output=True, text=True, check=False, timeout=300, start_new_session=True, cwd=folder,
    )  # fmt: skip


def seen(catalog: Catalog) -> frozenset[tuple[str, int]]:
    """The rows of main, as another engine reads them."""
    rows = catalog.load_table("silver.people").scan().to_arrow().to_pylist()
    assert len(rows) == len({row["name"] for row in rows}), "a key is there twice"
    return frozenset((row["name"], row["version"]) for row in rows)


@contextmanager
def reader(catalog: Catalog) -> Iterator[set[frozenset[tuple[str, int]]]]:
    """Read all the time; gives all that was ever seen."""
    found: set[frozenset[tuple[str, int]]] = set()
    over = threading.Event()

    def read() -> None:
        while not over.wait(0.1):
            found.add(seen(catalog))

    thread = threading.Thread(target=read)
    thread.start()
    try:
        yield found
    finally:
        over.set()
        thread.join()


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Catalog]:
    folder = tmp_path_factory.mktemp("killed")
    done = start(folder, "fill")
    assert done.returncode == 0, done.stderr[-3000:]
    location = {"uri": f"sqlite:///{folder}/catalog.db", "warehouse": f"{folder}/warehouse"}
    return folder, open_catalog(Settings.model_validate({"catalog": location}))


def test_killed_after_any_step_readers_see_the_old_rows_or_the_new_and_the_next_run_ends_it(
    filled: tuple[Path, Catalog],
) -> None:
    folder, catalog = filled
    assert seen(catalog) == OLD
    with reader(catalog) as ever_seen:
        assert start(folder, "more").returncode == 0
        for step in STEPS:
            done = start(folder, step)
            assert done.returncode == -signal.SIGKILL, (step, done.stdout, done.stderr[-3000:])
        assert start(folder, "finish").stdout.startswith("up to date")
    assert ever_seen <= {frozenset(OLD), frozenset(NEW)}
    assert seen(catalog) == NEW
    assert len(list(ledger.history(catalog.load_table("silver.people")))) == 2


def test_a_backfill_that_is_killed_goes_on_after_the_last_slice_that_was_published(
    filled: tuple[Path, Catalog],
) -> None:
    folder, catalog = filled
    before = seen(catalog)
    bucket = BucketTransform(2).transform(StringType())
    first = frozenset((name, n + 100 * (bucket(name) == 0)) for name, n in before)
    after = frozenset((name, n + 100) for name, n in before)
    with reader(catalog) as ever_seen:
        for step in ("score_branch", "publish"):
            assert start(folder, f"backfill {step}").returncode == -signal.SIGKILL
        assert seen(catalog) == first
        assert start(folder, "backfill finish").stdout.split() == ["1", "1"]
    assert seen(catalog) == after
    assert ever_seen <= {before, first, after}
