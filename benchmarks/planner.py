"""What the planner chooses, following a change or building whole, against the better of both, over cells at random."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import UTC, datetime

from rich.console import Console
from rich.table import Table

from benchmarks.builds import new_lake
from benchmarks.builds.messages import append_messages
from benchmarks.measure import Timing, timed
from benchmarks.people_lake.gold import dim_user, user_demographics
from benchmarks.people_lake.silver import users
from benchmarks.result import Result
from lakehouse.catalog.iceberg import Lake
from lakehouse.contract.build import BuildSpec, build_of
from lakehouse.pipeline.build_plan import Strategy, plan_build
from lakehouse.pipeline.cost import COSTS, FOLLOW_ALWAYS, Costs
from lakehouse.pipeline.run import Run, run_build
from lakehouse.quality import rule_set

CELLS = {"small": 3, "full": 10}
PEOPLE = {"small": (20_000, 200_000), "full": (20_000, 1_500_000)}
SHARE = (0.001, 0.6)
_SEED = 20260
_INSTANT = datetime(2026, 6, 1, tzinfo=UTC)
_BUILDS = [build for function in (users, dim_user, user_demographics) if (build := build_of(function))]


@dataclass(frozen=True, kw_only=True)
class Cell:
    """One table after one change: both ways timed, and which the planner would have taken."""

    table: str
    people: int
    share: float
    chosen: Strategy
    part: Timing
    whole: Timing

    @property
    def taken(self) -> Timing:
        """What the planner's choice cost."""
        return self.whole if self.chosen is Strategy.WHOLE else self.part

    @property
    def best(self) -> Timing:
        """What the better of both cost."""
        return min(self.part, self.whole, key=lambda one: one.wall)


def run(size: str) -> list[Result]:
    """Draw cells, time both ways in each, and sum what was chosen."""
    chance, cells = random.Random(_SEED), list[Cell]()
    low, high = PEOPLE[size]
    # The first is for warming up.
    for number in range(CELLS[size] + 1):
        people = round(low * (high / low) ** chance.random())
        share = SHARE[0] * (SHARE[1] / SHARE[0]) ** chance.random()
        found = _cells(people, share)
        cells += found if number else []
    _print(cells)
    taken, best = (sum(one.wall for one in times) for times in ([c.taken for c in cells], [c.best for c in cells]))
    cpu, best_cpu = (sum(one.cpu for one in times) for times in ([c.taken for c in cells], [c.best for c in cells]))
    wrong = [c for c in cells if c.taken is not c.best]
    return [
        Result(
            name="builds as the planner chooses",
            value=round(taken, 1),
            unit="s",
            reference="the better of both ways, known afterwards",
            reference_value=round(best, 1),
            ratio=round(best / taken, 3),
            repeats=1,
            cpu_seconds=round(cpu, 1),
            reference_cpu_seconds=round(best_cpu, 1),
            note=f"{len(cells)} cells at random: {low:,} to {high:,} people, {SHARE[0]:.1%} to {SHARE[1]:.0%} changed; "
            f"{len(wrong)} chosen wrongly",
        )
    ]


def _cells(people: int, share: float) -> list[Cell]:
    with new_lake() as lake:
        append_messages(lake, people, of=people, version=0)
        for build in _BUILDS:
            _bring(lake, build, COSTS)
        append_messages(lake, max(1, round(people * share)), of=people, version=1)
        chosen: list[Strategy] = []
        parts: list[Timing] = []
        for build in _BUILDS:
            chosen.append(plan_build(lake.catalog, build, rule_set(build.table), instant=_INSTANT).strategy)
            parts.append(timed(_bring, lake, build, FOLLOW_ALWAYS))
        wholes = [timed(_bring, lake, build, COSTS, full=True) for build in _BUILDS]
    return [
        Cell(table=build.table.name, people=people, share=share, chosen=choice, part=part, whole=whole)
        for build, choice, part, whole in zip(_BUILDS, chosen, parts, wholes, strict=True)
    ]


def _bring(lake: Lake, build: BuildSpec, costs: Costs, *, full: bool = False) -> None:
    run_build(lake, build, Run(minimum_score=lambda _table, _declared: 0.0, instant=_INSTANT, costs=costs, full=full))


def _print(cells: list[Cell]) -> None:
    table = Table("table", "people", "changed", "in part", "whole", "chosen", "more than best", box=None)
    for cell in sorted(cells, key=lambda one: (one.table, one.people * one.share)):
        table.add_row(
            cell.table,
            f"{cell.people:,}",
            f"{cell.share:.1%}",
            f"{cell.part.wall:.1f} s",
            f"{cell.whole.wall:.1f} s",
            cell.chosen,
            f"{cell.taken.wall - cell.best.wall:.1f} s" if cell.taken is not cell.best else "",
        )
    Console().print(table)
