"""What each step costs by its rows, t = a + b · rows, over bronze of several sizes; and what 100 GB would need."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise
from statistics import median

from rich.console import Console
from rich.table import Table

from benchmarks.builds import new_lake
from benchmarks.builds.messages import append_messages
from benchmarks.measure import Timing, timed
from benchmarks.people_lake.gold import dim_user, user_demographics, user_growth_daily
from benchmarks.people_lake.silver import users
from benchmarks.result import Result
from lakehouse.catalog.iceberg import Lake
from lakehouse.catalog.ledger import summed
from lakehouse.contract.build import BuildSpec, build_of
from lakehouse.contract.table import spec_of
from lakehouse.domains.users.bronze import UsersRaw
from lakehouse.pipeline.cost import FOLLOW_ALWAYS
from lakehouse.pipeline.run import Run, run_build

MEGABYTES = {"small": (10, 20, 40), "full": (100, 300, 1_000)}
REPEATS = {"small": 1, "full": 2}
WITHIN = 0.15
"""How far a size may be from the line, of what it costs."""
_TARGET_GB = 100
_WANTED_MINUTES = 15
_BYTES_OF_ROW = 380
"""About what a message takes in bronze; what it took is measured."""
_CHANGED = 100
"""One in so many people changes before a merge."""
_INSTANT = datetime(2026, 6, 1, tzinfo=UTC)
_SILVER, _GOLD = (
    [build for function in layer if (build := build_of(function))]
    for layer in ((users,), (dim_user, user_growth_daily, user_demographics))
)

Steps = Mapping[str, list[Timing]]


@dataclass(frozen=True, kw_only=True)
class Point:
    """Bronze of one size: its rows and bytes, and the runs of each step."""

    rows: int
    bytes: int
    steps: Steps


@dataclass(frozen=True, kw_only=True)
class Line:
    """``fixed`` seconds, and ``each`` for a row; ``off`` is by how much of its value each size is off the line."""

    fixed: float
    each: float
    off: tuple[float, ...]

    @classmethod
    def through(cls, seconds: Mapping[int, float]) -> Line:
        """Draw the line through rows → seconds for which the sum of the squares of ``off`` is the least."""
        # An error of a second counts more where all takes two than where it takes two hundred.
        weights = {rows: value**-2 for rows, value in seconds.items()}
        total = sum(weights.values())
        x = sum(weights[rows] * rows for rows in seconds) / total
        y = sum(weights[rows] * value for rows, value in seconds.items()) / total
        spread = sum(weights[rows] * (rows - x) ** 2 for rows in seconds)
        each = sum(weights[rows] * (rows - x) * (value - y) for rows, value in seconds.items()) / spread
        fixed = y - each * x
        return cls(
            fixed=fixed, each=each, off=tuple(value / (fixed + each * rows) - 1 for rows, value in seconds.items())
        )


def run(size: str) -> list[Result]:
    """Time each step at each size of bronze, draw the lines, and print them."""
    points = [_point(megabytes * 1_000_000 // _BYTES_OF_ROW, repeats=REPEATS[size]) for megabytes in MEGABYTES[size]]
    _print(points)
    return [_result(step, points) for step in points[0].steps]


def _point(people: int, *, repeats: int) -> Point:
    steps: dict[str, list[Timing]] = {}
    with new_lake() as lake:
        append_messages(lake, people, of=people, version=0)
        snapshot = lake.table(spec_of(UsersRaw).name).current_snapshot()
        for version in range(1, repeats + 2):
            for name, work in _steps(lake, people, version).items():
                steps.setdefault(name, []).append(timed(work))
    # The first run of each is for warming up.
    return Point(
        rows=people,
        bytes=summed(snapshot, "total-files-size"),
        steps={name: runs[1:] for name, runs in steps.items() if name},
    )


def _steps(lake: Lake, people: int, version: int) -> dict[str, Callable[[], object]]:
    changed = people // _CHANGED
    return {
        "silver.users, whole": lambda: _bring(lake, _SILVER, full=True),
        "": lambda: append_messages(lake, changed, of=people, version=version),
        "silver.users, 1 % of its keys merged": lambda: _bring(lake, _SILVER),
        "the three tables of gold, whole": lambda: _bring(lake, _GOLD, full=True),
    }


def _bring(lake: Lake, builds: list[BuildSpec], *, full: bool = False) -> None:
    for build in builds:
        run_build(lake, build, Run(minimum_score=_any_score, instant=_INSTANT, costs=FOLLOW_ALWAYS, full=full))


def _any_score(_table: str, _declared: float | None) -> float:
    return 0.0


def _seconds(points: list[Point], step: str, what: str) -> dict[int, float]:
    return {one.rows: median(getattr(timing, what) for timing in one.steps[step]) for one in points}


def _print(points: list[Point]) -> None:
    table = Table("step", "of", box=None)
    for column in ("a", "b a million", *(f"{one.rows:,}" for one in points)):
        table.add_column(column, justify="right")
    for step in points[0].steps:
        for what in ("cpu", "wall"):
            seconds = _seconds(points, step, what)
            line = Line.through(seconds)
            cells = (f"{value:.1f} s {off:+.0%}" for value, off in zip(seconds.values(), line.off, strict=True))
            table.add_row(step, what, f"{line.fixed:.2f} s", f"{line.each * 1e6:.2f} s", *cells)
    Console().print(table)


def _result(step: str, points: list[Point]) -> Result:
    cpu, wall = (Line.through(_seconds(points, step, what)) for what in ("cpu", "wall"))
    first, last = (_slopes(points, step)[at] for at in (0, -1))
    few, many = points[0], points[-1]
    rows = _TARGET_GB * 1e9 / (many.bytes / many.rows)
    seconds = _seconds(points, step, "cpu")
    needed = cpu.fixed + cpu.each * rows
    busy = seconds[many.rows] / _seconds(points, step, "wall")[many.rows]
    notes = [
        f"bronze of {', '.join(f'{one.bytes / 1e6:,.0f}' for one in points)} MB, {few.rows:,} to {many.rows:,} rows",
        f"CPU {cpu.fixed:.1f} s + {cpu.each * 1e6:.2f} s a million, off by {_percents(cpu)}",
        f"wall {wall.fixed:.1f} s + {wall.each * 1e6:.2f} s a million, off by {_percents(wall)}",
        f"{_TARGET_GB} GB are {rows / 1e6:,.0f} million rows: {needed / 3600:.1f} core hours, of {busy:.1f} cores busy "
        f"here; {needed / 60 / _WANTED_MINUTES:.0f} cores at work for {_WANTED_MINUTES} minutes",
    ]
    return Result(
        name=f"{step}: CPU s for a million rows more",
        value=round(last * 1e6, 2),
        unit="s",
        reference="the same between the two smallest sizes",
        reference_value=round(first * 1e6, 2),
        ratio=round(first / last, 2),
        repeats=len(many.steps[step]),
        cpu_seconds=round(seconds[many.rows], 1),
        reference_cpu_seconds=round(seconds[few.rows], 1),
        note="; ".join(notes),
    )


def _slopes(points: list[Point], step: str) -> list[float]:
    """Give the CPU seconds of one row more, between each size and the next."""
    found = list(_seconds(points, step, "cpu").items())
    return [(long - short) / (many - few) for (few, short), (many, long) in pairwise(found)]


def _percents(line: Line) -> str:
    return ", ".join(f"{off:+.0%}" for off in line.off)
