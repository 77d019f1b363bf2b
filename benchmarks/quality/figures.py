"""From timings and from what Spark counted to the figures that are shown."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from benchmarks.measure import Timing, medians
from benchmarks.result import FOLDER, Result
from benchmarks.spark_status import Ran

_ONE_SCAN = ("table-ours", "row-ours")


@dataclass(frozen=True, kw_only=True)
class Measured:
    """All repeats of a candidate: seconds of the whole process tree, of tasks alone, and bytes shuffled."""

    runs: list[Timing]
    tasks: list[float]
    shuffled: int

    @classmethod
    def of(cls, name: str, runs: list[Timing], ran: Mapping[str, Ran]) -> Measured:
        """Put together what was timed and what Spark counted; run 0 was for warming up."""
        groups = [ran[f"{name}-{number + 1}"] for number in range(len(runs))]
        return cls(runs=runs, tasks=[group.cpu for group in groups], shuffled=groups[-1].shuffled)

    @property
    def median(self) -> Timing:
        """Median wall and CPU seconds."""
        return medians(self.runs)

    @property
    def spread(self) -> str:
        """CPU and wall seconds, least to most; CPU seconds of tasks alone; bytes shuffled."""
        cpu, wall = _range(run.cpu for run in self.runs), _range(run.wall for run in self.runs)
        tasks = f"{statistics.median(self.tasks):.2f} ({_range(self.tasks)})"
        return f"CPU {cpu} s, wall {wall} s, tasks {tasks} s, {self.shuffled / 2**20:.1f} MiB shuffled"


@dataclass(frozen=True)
class _Comparison:
    """A figure: which candidate stands beside which."""

    name: str
    ours: str
    reference: str
    by: str
    note: str = ""


_COMPARISONS = (
    _Comparison("quality score of a table", "table-ours", "table-reference", "one agg of count_if, with denominators"),
    _Comparison("quality columns, counted while written", "row-ours", "row-reference", "projection by hand + observe"),
    _Comparison(
        "quality score of a table with a unique key", "unique-ours", "unique-reference", "one agg + count of each key"
    ),
    _Comparison(
        "rows flagged by counted keys, by hand",
        "flag-joined",
        "flag-window",
        "window over rows, by hand",
        "no figure of the library",
    ),
)


def compare(measured: Mapping[str, Measured], *, rows: int) -> list[Result]:
    """Set ours beside its reference at each level, and the two ways to flag duplicates beside each other."""
    return [_result(one, measured, rows) for one in _COMPARISONS]


def _result(one: _Comparison, measured: Mapping[str, Measured], rows: int) -> Result:
    mine, theirs = measured[one.ours], measured[one.reference]
    notes = [f"{rows:,} rows", f"ours: {mine.spread}", f"reference: {theirs.spread}"]
    if one.ours.startswith(("row", "flag")):
        notes.append(f"a plain copy takes {measured['row-copy'].median.cpu:.2f} CPU s")
    return Result(
        name=one.name,
        value=round(rows / mine.median.wall),
        unit="rows/s",
        reference=one.by,
        reference_value=round(rows / theirs.median.wall),
        ratio=round(theirs.median.cpu / mine.median.cpu, 3),
        repeats=len(mine.runs),
        cpu_seconds=round(mine.median.cpu, 2),
        reference_cpu_seconds=round(theirs.median.cpu, 2),
        note="; ".join([*notes, *filter(None, [one.note])]),
    )


def keep_plans(ran: Mapping[str, Ran]) -> None:
    """Keep the plans of the last run of each candidate, as they ended, in build/bench/plans."""
    folder = FOLDER / "plans"
    folder.mkdir(parents=True, exist_ok=True)
    for group, found in ran.items():  # in the order of the runs, so that the last one stays
        candidate = group.rpartition("-")[0]
        (folder / f"quality-{candidate}.txt").write_text("\n\n".join(found.plans) + "\n")


def require_plans(ran: Mapping[str, Ran]) -> None:
    """Demand that ours reads the rows once, leaves nothing out of code generation, and shuffles only keys.

    Raises:
        AssertionError: It does not; the plans are in build/bench/plans.
    """
    for name in _ONE_SCAN:
        mine, theirs = ran[f"{name}-1"], ran[f"{name.partition('-')[0]}-reference-1"]
        if mine.scans != 1 or mine.interpreted or mine.stages > theirs.stages:
            raise AssertionError(
                f"{name}: {mine.scans} scans, {mine.stages} stages of generated code (reference: {theirs.stages}), "
                f"interpreted: {', '.join(mine.interpreted) or 'nothing'}; see build/bench/plans/quality-{name}.txt"
            )

    mine, theirs = ran["unique-ours-1"], ran["unique-reference-1"]
    if mine.scans > theirs.scans or mine.shuffled > 1.1 * theirs.shuffled:
        raise AssertionError(
            f"unique-ours: {mine.scans} scans and {mine.shuffled:,} bytes shuffled, the reference {theirs.scans} and "
            f"{theirs.shuffled:,}; see build/bench/plans/quality-unique-ours.txt"
        )


def _range(values: Iterable[float]) -> str:
    found = sorted(values)
    return f"{found[0]:.2f}..{found[-1]:.2f}"
