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
        """CPU seconds, least to most, and those of tasks."""
        tasks = f"{statistics.median(self.tasks):.2f} ({_range(self.tasks)})"
        return f"CPU {_range(t.cpu for t in self.runs)} s, wall {_range(t.wall for t in self.runs)} s, tasks {tasks} s"


def compare(measured: Mapping[str, Measured], *, rows: int) -> list[Result]:
    """Set ours beside its reference at each level, and the two ways to find duplicates beside each other."""
    copy = measured["row-copy"].median.cpu
    return [
        _result(measured, "table", rows, name="quality score of a table", reference="one agg of count_if"),
        _result(
            measured,
            "row",
            rows,
            name="quality columns, counted while written",
            reference="projection by hand + observe",
            note=f"a plain copy takes {copy:.1f} CPU s",
        ),
        _result(
            measured,
            "unique",
            rows,
            name="unique rows: keys counted and joined, by hand",
            reference="window over rows, by hand",
            ours="joined",
            against="window",
            note="no figure of the library",
        ),
    ]


def _result(
    measured: Mapping[str, Measured],
    level: str,
    rows: int,
    *,
    name: str,
    reference: str,
    ours: str = "ours",
    against: str = "reference",
    note: str = "",
) -> Result:
    mine, theirs = measured[f"{level}-{ours}"], measured[f"{level}-{against}"]
    notes = [
        f"{rows:,} rows",
        f"ours: {mine.spread}, {mine.shuffled / 2**20:.1f} MiB shuffled",
        f"reference: {theirs.spread}, {theirs.shuffled / 2**20:.1f} MiB shuffled",
    ]
    return Result(
        name=name,
        value=round(rows / mine.median.wall),
        unit="rows/s",
        reference=reference,
        reference_value=round(rows / theirs.median.wall),
        ratio=round(theirs.median.cpu / mine.median.cpu, 3),
        repeats=len(mine.runs),
        cpu_seconds=round(mine.median.cpu, 2),
        reference_cpu_seconds=round(theirs.median.cpu, 2),
        note="; ".join([*notes, *filter(None, [note])]),
    )


def keep_plans(ran: Mapping[str, Ran]) -> None:
    """Keep the plans of the last run of each candidate, as they ended, in build/bench/plans."""
    folder = FOLDER / "plans"
    folder.mkdir(parents=True, exist_ok=True)
    for group, found in ran.items():  # in the order of the runs, so that the last one stays
        candidate = group.rpartition("-")[0]
        (folder / f"quality-{candidate}.txt").write_text("\n\n".join(found.plans) + "\n")


def require_plans(ran: Mapping[str, Ran]) -> None:
    """Demand that ours reads the rows once and leaves nothing out of code generation, as the reference does.

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


def _range(values: Iterable[float]) -> str:
    found = sorted(values)
    return f"{found[0]:.2f}..{found[-1]:.2f}"
