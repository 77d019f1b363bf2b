"""A build that follows change, against building all of it."""

from __future__ import annotations

import shutil
import statistics
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.builds.messages import append_messages
from benchmarks.measure import Timing, medians, timed
from benchmarks.people_lake.silver import Users, users
from benchmarks.result import Result
from lakehouse.catalog.connect import open_lake
from lakehouse.catalog.iceberg import Lake
from lakehouse.config import Settings
from lakehouse.contract.build import build_of
from lakehouse.contract.table import spec_of
from lakehouse.domains.users.bronze import UsersRaw
from lakehouse.pipeline.build_plan import Strategy
from lakehouse.pipeline.cost import FOLLOW_ALWAYS
from lakehouse.pipeline.run import Built, Run, run_build
from lakehouse.session import make_session

PEOPLE = {"small": 200_000, "full": 10_000_000}
REPEATS = {"small": 3, "full": 3}
_INSTANT = datetime(2026, 6, 1, tzinfo=UTC)


def run(size: str) -> list[Result]:
    """Bring ``silver.users`` up to date after 1 % of its people changed, by what changed and whole, in turn."""
    people = PEOPLE[size]
    with new_lake() as lake:
        append_messages(lake, people, of=people, version=0)
        build = build_of(users)
        assert build is not None, "it is declared with @build"

        def bring(strategy: Strategy, *, full: bool = False) -> Built:
            run = Run(minimum_score=lambda _table, _declared: 0.0, instant=_INSTANT, costs=FOLLOW_ALWAYS, full=full)
            built = run_build(lake, build, run)
            if built.strategy is not strategy:
                raise AssertionError(f"{built.strategy} instead of {strategy}: {built.reason}")
            return built

        bring(Strategy.WHOLE)
        parts: list[Timing] = []
        wholes: list[Timing] = []
        reads: dict[str, list[Timing]] = {"merged": [], "whole": []}
        for version in range(1, REPEATS[size] + 2):
            append_messages(lake, people // 100, of=people, version=version)
            parts.append(timed(bring, Strategy.MERGE))
            reads["merged"].append(timed(_report, lake))
            wholes.append(timed(bring, Strategy.WHOLE, full=True))
            reads["whole"].append(timed(_report, lake))
    # The first of each is for warming up.
    mine, reference = medians(parts[1:]), medians(wholes[1:])
    merged, rewritten = (statistics.median(one.wall for one in reads[name][1:]) for name in ("merged", "whole"))
    return [
        Result(
            name="silver.users after 1 % of its keys changed",
            value=round(mine.wall, 1),
            unit="s",
            reference="its full rebuild from bronze",
            reference_value=round(reference.wall, 1),
            ratio=round(reference.cpu / mine.cpu, 2),
            repeats=REPEATS[size],
            cpu_seconds=round(mine.cpu, 1),
            reference_cpu_seconds=round(reference.cpu, 1),
            note=f"{people:,} people, scattered keys; {mine.cpu / reference.cpu:.0%} of the CPU; an aggregate of "
            f"silver takes {merged:.2f} s before it is written whole, {rewritten:.2f} s after",
        ),
    ]


def _report(lake: Lake) -> None:
    lake.rows(spec_of(Users)).groupBy("nationality").agg({"age": "avg", "user_id": "count"}).collect()


@contextmanager
def new_lake() -> Iterator[Lake]:
    """Give an empty lake and a session of its own; both are gone when the block ends."""
    folder = Path(tempfile.mkdtemp(prefix="lakehouse-bench-"))
    settings = Settings.model_validate(
        {
            "catalog": {"uri": f"sqlite:///{folder}/catalog.db", "warehouse": f"{folder}/warehouse"},
            "session": {"master": "local[2]", "driver_memory": "4g"},
        }
    )
    lake = open_lake(settings, make_session(settings))
    try:
        lake.ensure(spec_of(UsersRaw))
        yield lake
    finally:
        lake.spark.stop()
        shutil.rmtree(folder, ignore_errors=True)
