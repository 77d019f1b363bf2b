"""A build that follows change, against building all of it."""

from __future__ import annotations

import shutil
import statistics
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.builds.messages import append_messages
from benchmarks.main_job import fingerprint
from benchmarks.measure import Timing, medians, timed
from benchmarks.peers import updates
from benchmarks.people_lake.silver import Users, users
from benchmarks.result import Result
from lakehouse.catalog.connect import open_lake
from lakehouse.catalog.iceberg import Lake
from lakehouse.catalog.publish import main_of
from lakehouse.config import Settings
from lakehouse.contract.build import build_of
from lakehouse.contract.table import spec_of
from lakehouse.domains.users.bronze import UsersRaw
from lakehouse.engines.local_conf import local_conf
from lakehouse.engines.versions import spark_version
from lakehouse.pipeline.build_plan import Strategy
from lakehouse.pipeline.cost import FOLLOW_ALWAYS
from lakehouse.pipeline.run import Run, run_build
from lakehouse.session import catalog_conf, make_session, session_conf

PEOPLE = {"small": 200_000, "full": 10_000_000}
PEOPLE_OF_PEERS = {"small": 50_000, "full": 1_000_000}
REPEATS = {"small": 3, "full": 1}
_READS = 5
_LARGE = 1_000_000
"""Of more people the lake is kept, and not built whole for warming up: two merges lie between two rewrites of it."""
_LAKES = Path("build/lakes")
_INSTANT = datetime(2026, 6, 1, tzinfo=UTC)
_BRONZE, _SILVER = spec_of(UsersRaw), spec_of(Users)


@dataclass(frozen=True, kw_only=True)
class Measured:
    """The runs of both ways, and how long a reader took [s] of what either left behind."""

    parts: list[Timing] = field(default_factory=list)
    wholes: list[Timing] = field(default_factory=list)
    merged: list[float] = field(default_factory=list)
    rewritten: list[float] = field(default_factory=list)


def run(size: str) -> list[Result]:
    """Bring ``silver.users`` up to date after 1 % of its people changed, by what changed and whole, in turn."""
    people, measured = PEOPLE[size], Measured()
    with filled_lake(people) as lake:
        # The first of each is for warming up, of the whole where the lake was not filled just now.
        for number in range(REPEATS[size] + 1):
            _round(lake, people, measured, warm_up=number == 0)
    return [_result(measured, people)]


def run_peers(size: str, results: list[Result]) -> list[Result]:
    """Bring ``silver.users`` up to date after 1 % of its people changed, by ours and by each peer, in turn."""
    people = PEOPLE_OF_PEERS[size]
    folder = Path(tempfile.mkdtemp(prefix="lakehouse-bench-"))
    settings = _settings(folder)
    conf = session_conf() | catalog_conf(settings.catalog) | local_conf(settings, spark_version())
    with _open(folder) as lake:
        append_messages(lake, people, of=people, version=0)
        _bring(lake, Strategy.WHOLE)

        def require_equal(table: str) -> None:
            mine, theirs = fingerprint(lake, _SILVER), fingerprint(lake, _SILVER, table=table)
            if mine != theirs:
                raise AssertionError(f"{table}: rows and their hash are {theirs}, ours {mine}")

        job = updates.Job(
            append=lambda: append_messages(lake, people // 100, of=people, version=_next_version(lake)),
            ours=lambda: timed(_bring, lake, Strategy.MERGE),
            require_equal=require_equal,
            conf={**conf, "spark.master": settings.session.master or "local[2]"},
            folder=folder,
            rows=people,
        )
        return updates.compare(results[0], job, repeats=3)


def _round(lake: Lake, people: int, measured: Measured, *, warm_up: bool) -> None:
    append_messages(lake, people // 100, of=people, version=_next_version(lake))
    part = timed(_bring, lake, Strategy.MERGE)
    if warm_up and people > _LARGE:
        return  # to build so many whole twice would take minutes, and of those a cold start is little
    merged = main_of(lake.table(_SILVER.name)) or 0
    whole = timed(_bring, lake, Strategy.WHOLE)
    rewritten = main_of(lake.table(_SILVER.name)) or 0
    # In turn, by time travel: one after the other, the second would have the warmer machine.
    reads = [(_read_seconds(lake, merged), _read_seconds(lake, rewritten)) for _ in range(_READS)]
    if not warm_up:
        measured.parts.append(part)
        measured.wholes.append(whole)
        measured.merged.extend(first for first, _ in reads[1:])
        measured.rewritten.extend(second for _, second in reads[1:])


def _next_version(lake: Lake) -> int:
    return len(lake.table(_BRONZE.name).snapshots())


def _bring(lake: Lake, strategy: Strategy) -> None:
    build = build_of(users)
    assert build is not None, "it is declared with @build"
    full = strategy is Strategy.WHOLE
    run = Run(minimum_score=lambda _table, _declared: 0.0, instant=_INSTANT, costs=FOLLOW_ALWAYS, full=full)
    built = run_build(lake, build, run)
    if built.strategy is not strategy:
        raise AssertionError(f"{built.strategy} instead of {strategy}: {built.reason}")


def _read_seconds(lake: Lake, snapshot_id: int) -> float:
    started = time.monotonic()
    rows = lake.rows(_SILVER, snapshot_id=snapshot_id)
    rows.groupBy("nationality").agg({"age": "avg", "user_id": "count"}).collect()
    return time.monotonic() - started


def _result(measured: Measured, people: int) -> Result:
    mine, reference = medians(measured.parts), medians(measured.wholes)
    merged, rewritten = statistics.median(measured.merged), statistics.median(measured.rewritten)
    return Result(
        name="silver.users after 1 % of its keys changed",
        value=round(mine.wall, 1),
        unit="s",
        reference="its full rebuild from bronze",
        reference_value=round(reference.wall, 1),
        ratio=round(reference.cpu / mine.cpu, 2),
        repeats=len(measured.parts),
        cpu_seconds=round(mine.cpu, 1),
        reference_cpu_seconds=round(reference.cpu, 1),
        note=f"{people:,} people, scattered keys; {mine.cpu / reference.cpu:.0%} of the CPU; an aggregate of "
        f"silver takes {merged:.2f} s after {'two merges' if people > _LARGE else 'the merge'}, {rewritten:.2f} s when "
        f"all was written anew ({merged / rewritten:.2f} times, {len(measured.merged)} times each in turn)",
    )


@contextmanager
def filled_lake(people: int) -> Iterator[Lake]:
    """Give a lake with so many people in bronze and silver, and a session; one of many people is kept for next time."""
    kept = _LAKES / f"users_{people}"
    if people <= _LARGE:
        kept = Path(tempfile.mkdtemp(prefix="lakehouse-bench-"))
    done = kept / "filled"
    if not done.exists():
        shutil.rmtree(kept, ignore_errors=True)
    with _open(kept.absolute()) as lake:
        if not done.exists():
            append_messages(lake, people, of=people, version=0)
            _bring(lake, Strategy.WHOLE)
            done.touch()
        yield lake
    if people <= _LARGE:
        shutil.rmtree(kept, ignore_errors=True)


@contextmanager
def new_lake() -> Iterator[Lake]:
    """Give an empty lake and a session of its own; both are gone when the block ends."""
    folder = Path(tempfile.mkdtemp(prefix="lakehouse-bench-"))
    try:
        with _open(folder) as lake:
            yield lake
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _open(folder: Path) -> Iterator[Lake]:
    settings = _settings(folder)
    lake = open_lake(settings, make_session(settings))
    try:
        lake.ensure(_BRONZE)
        yield lake
    finally:
        lake.spark.stop()


def _settings(folder: Path) -> Settings:
    return Settings.model_validate(
        {
            "catalog": {"uri": f"sqlite:///{folder}/catalog.db", "warehouse": f"{folder}/warehouse"},
            "session": {"master": "local[2]", "driver_memory": "4g"},
        }
    )
