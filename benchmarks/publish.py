"""What audit branch, ledger and publish add to a write: ``run_build`` against the same rows straight into a table."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from pyspark.sql import DataFrame

from benchmarks.builds.messages import append_messages
from benchmarks.main_job import fingerprint
from benchmarks.measure import Timing, medians, timed
from benchmarks.people_lake.silver import Users, users
from benchmarks.reference.main_job import write_silver
from benchmarks.reference.publish import merge_silver
from benchmarks.result import Result
from lakehouse.catalog import ledger
from lakehouse.catalog.changes import open_added, plan_change
from lakehouse.catalog.connect import open_lake
from lakehouse.catalog.iceberg import Lake, good_rows
from lakehouse.catalog.publish import main_of
from lakehouse.config import Settings
from lakehouse.contract.build import build_of
from lakehouse.contract.table import spec_of
from lakehouse.domains.users.bronze import UsersRaw
from lakehouse.pipeline.build_plan import Strategy
from lakehouse.pipeline.cost import FOLLOW_ALWAYS
from lakehouse.pipeline.run import Run, run_build
from lakehouse.quality import rule_set
from lakehouse.quality.score import measure, with_table_rules
from lakehouse.quality.table_rule import Facts, measure_table
from lakehouse.session import make_session

ROWS = {"small": (50_000, 200_000), "full": (200_000, 1_000_000)}
REPEATS = {"small": 3, "full": 5}
AT_MOST = 1.10
WHOLE, MERGE = "whole", "merge"
_BRONZE, _SILVER = spec_of(UsersRaw), spec_of(Users)
_BY_HAND = "silver.users_by_hand"
_INSTANT = datetime(2026, 6, 1, tzinfo=UTC)

Timings = dict[str, list[Timing]]


def run(size: str) -> list[Result]:
    """Write ``silver.users`` whole and merge 1 % of its keys, by both in turn, and at two sizes in turn."""
    timings: dict[int, Timings] = {rows: {} for rows in ROWS[size]}
    with _spark_and_folder() as folder:
        lakes = {rows: _filled(folder, rows) for rows in ROWS[size]}
        for version in range(1, REPEATS[size] + 2):
            for rows, lake in lakes.items():
                for name, timing in _round(lake, rows, version):
                    timings[rows].setdefault(name, []).append(timing)
    # The first of each is for warming up.
    kept = {rows: {name: runs[1:] for name, runs in found.items()} for rows, found in timings.items()}
    return [_result(WHOLE, "written whole", kept), _result(MERGE, "after 1 % of its keys changed", kept)]


def _filled(folder: Path, rows: int) -> Lake:
    settings = _settings(folder, f"of_{rows}")
    lake = open_lake(settings, make_session(settings))
    lake.ensure(_BRONZE)
    append_messages(lake, rows, of=rows, version=0)
    _build(lake, Strategy.WHOLE)
    write_silver(_messages(lake.rows(_BRONZE)), _by_hand(lake))
    return lake


def _round(lake: Lake, rows: int, version: int) -> Iterator[tuple[str, Timing]]:
    before = main_of(lake.table(_BRONZE.name)) or 0
    append_messages(lake, rows // 100, of=rows, version=version)
    until = main_of(lake.table(_BRONZE.name)) or 0
    changed = _messages(lake.appended(_BRONZE, since=before, until=until))
    published = main_of(lake.table(_SILVER.name))
    yield f"{MERGE} ours", timed(lambda: _build(lake, Strategy.MERGE))
    yield f"{MERGE} by hand", timed(lambda: merge_silver(changed, _by_hand(lake)))
    yield f"{MERGE} score", timed(lambda: _score(lake, since=published))
    _require_equal(lake)
    yield f"{WHOLE} ours", timed(lambda: _build(lake, Strategy.WHOLE))
    yield f"{WHOLE} by hand", timed(lambda: write_silver(_messages(lake.rows(_BRONZE)), _by_hand(lake)))
    yield f"{WHOLE} score", timed(lambda: _score(lake, since=None))
    _require_equal(lake)


def _build(lake: Lake, strategy: Strategy) -> None:
    build = build_of(users)
    assert build is not None, "it is declared with @build"
    run = Run(
        minimum_score=lambda _table, _declared: 0.0,
        instant=_INSTANT,
        costs=FOLLOW_ALWAYS,
        full=strategy is Strategy.WHOLE,
    )
    built = run_build(lake, build, run)
    if built.strategy is not strategy:
        raise AssertionError(f"{built.strategy} instead of {strategy}: {built.reason}")


def _score(lake: Lake, *, since: int | None) -> None:
    """Do once more what a run does to score the table beside the write, after it was published.

    A write of all rows counts those that break a rule by itself, and the keys are read. After a merge on top of the
    publish ``since`` the mask is read, and the keys together with those that came.
    """
    written, rules, table = lake.rows(_SILVER), rule_set(_SILVER), lake.table(_SILVER.name)
    newest = ledger.latest(table)
    assert newest is not None, "it was published"
    if since is None:
        measure_table(rules.judged_rows(written), rules.table_rules, Facts(instant=_INSTANT))
        return
    with open_added(lake, _SILVER, plan_change(table, since=since, until=main_of(table))) as came:
        facts = Facts(instant=_INSTANT, before=newest.table_score, came=came)
        with_table_rules(measure(written, rules), written, rules, facts)


def _require_equal(lake: Lake) -> None:
    mine, theirs = fingerprint(lake, _SILVER), fingerprint(lake, _SILVER, table=_BY_HAND)
    if mine != theirs or not mine[0]:
        raise AssertionError(f"{_SILVER.name}: rows and their hash are {mine}, by hand {theirs}")


def _messages(bronze: DataFrame) -> DataFrame:
    return good_rows(bronze, UsersRaw).select("record.*", "kafka_timestamp", "partition", "offset")


def _by_hand(lake: Lake) -> str:
    return f"{lake.name}.{_BY_HAND}"


def _settings(folder: Path, catalog: str) -> Settings:
    return Settings.model_validate(
        {
            "catalog": {
                "name": catalog,
                "uri": f"sqlite:///{folder}/{catalog}/catalog.db",
                "warehouse": f"{folder}/{catalog}/warehouse",
            },
            "session": {
                "master": "local[2]",
                "driver_memory": "2g",
                "conf": {"spark.sql.shuffle.partitions": "4"},
            },
        }
    )


@contextmanager
def _spark_and_folder() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="lakehouse-bench-"))
    spark = make_session(_settings(folder, "first"))
    try:
        yield folder
    finally:
        spark.stop()
        shutil.rmtree(folder, ignore_errors=True)


@dataclass(frozen=True, kw_only=True)
class Line:
    """What runs cost: ``fixed`` seconds, and ``each`` for a million rows."""

    fixed: float
    each: float

    @classmethod
    def through(cls, seconds: Mapping[int, float]) -> Line:
        """Draw the line through two sizes: rows → seconds."""
        (few, short), (many, long) = sorted(seconds.items())
        slope = (long - short) / (many - few)
        return cls(fixed=short - slope * few, each=slope * 1e6)

    def __str__(self) -> str:
        return f"{self.fixed:.2f} s and {self.each:.2f} s a million"


def _result(operation: str, how: str, kept: Mapping[int, Timings]) -> Result:
    many = max(kept)

    def median(side: str, what: str, rows: int = many) -> float:
        found: float = getattr(medians(kept[rows][f"{operation} {side}"]), what)
        return found

    def line(side: str, what: str) -> Line:
        return Line.through({rows: median(side, what, rows) for rows in kept})

    def beyond(rows: int) -> str:
        """Tell the seconds beyond what is wanted of ours: so many times the write by hand."""
        more = median("ours", "cpu", rows) - AT_MOST * median("by hand", "cpu", rows)
        return f"{more:+.2f} s at {rows:,} rows ({more - median('score', 'cpu', rows):+.2f} s without that score)"

    notes = [
        f"{many:,} rows; the score of the table is {median('score', 'cpu'):.2f} CPU s of it",
        *(f"{what}: ours {line('ours', what)}, by hand {line('by hand', what)}" for what in ("cpu", "wall")),
        f"CPU beyond {AT_MOST:.2f} times that by hand: {', '.join(map(beyond, sorted(kept)))}",
    ]
    return Result(
        name=f"run_build of silver.users, {how}",
        value=round(median("ours", "wall"), 2),
        unit="s",
        reference="the same rows with hand-written score columns straight into the table",
        reference_value=round(median("by hand", "wall"), 2),
        ratio=round(median("by hand", "cpu") / median("ours", "cpu"), 3),
        repeats=len(kept[many][f"{operation} ours"]),
        cpu_seconds=round(median("ours", "cpu"), 2),
        reference_cpu_seconds=round(median("by hand", "cpu"), 2),
        note="; ".join(notes),
    )
