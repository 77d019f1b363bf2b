"""What is compared: ours and the references on the same rows, each under the name of its run."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from benchmarks import spark_status
from benchmarks.quality.contract import KEY, BenchUsers, UniqueBenchUsers
from benchmarks.reference.quality_aggregate import violations_of
from benchmarks.reference.quality_duplicates import (
    duplicated_rows,
    write_with_duplicates,
    write_with_joined_duplicates,
)
from benchmarks.reference.quality_projection import write_with_violations
from lakehouse.quality import TableScore, observe, rule_set, score, with_quality

Counts = dict[str, int]


@dataclass(frozen=True)
class Bench:
    """The rows, a folder to write to, and the counts that each candidate has found."""

    df: DataFrame
    folder: Path
    counts: dict[str, Counts] = field(default_factory=dict)

    def candidates(self) -> dict[str, Callable[[int], None]]:
        """Give all candidates; ``copy`` is what reading and writing the rows costs without any rule."""
        todo: Mapping[str, Callable[[str], Counts | None]] = {
            "table-reference": lambda _: violations_of(self.df),
            "table-ours": lambda _: counts_of(score(self.df, BenchUsers)),
            "row-copy": lambda folder: self.df.write.mode("overwrite").parquet(folder),
            "row-reference": lambda folder: write_with_violations(self.df, folder),
            "row-ours": lambda folder: write_with_quality(self.df, folder),
            "unique-reference": lambda _: violations_of(self.df) | {KEY: duplicated_rows(self.df, KEY)},
            "unique-ours": lambda _: counts_of(score(self.df, UniqueBenchUsers)),
            "flag-window": lambda folder: write_with_duplicates(self.df, KEY, folder),
            "flag-joined": lambda folder: write_with_joined_duplicates(self.df, KEY, folder),
        }
        return {name: self._run(name, candidate) for name, candidate in todo.items()}

    def written(self, name: str) -> str:
        """Give the folder that a candidate writes."""
        return str(self.folder / name)

    def _run(self, name: str, candidate: Callable[[str], Counts | None]) -> Callable[[int], None]:
        def one(number: int) -> None:
            with spark_status.group(self.df.sparkSession, f"{name}-{number}"):
                counts = candidate(self.written(name))
            if counts is not None and self.counts.setdefault(name, counts) != counts:
                raise AssertionError(f"{name} counts {counts} in run {number}, {self.counts[name]} before")

        return one


def write_with_quality(df: DataFrame, folder: str) -> Counts:
    """Write the rows with their quality columns, and count while they are written."""
    rules = rule_set(BenchUsers)
    rows, observed = observe(with_quality(df, rules), rules)
    rows.write.mode("overwrite").parquet(folder)
    found = observed.score()
    if found is None:
        raise AssertionError("the engine did not deliver what was observed")
    return counts_of(found)


def counts_of(found: TableScore) -> Counts:
    """Give a score as the references count: all rows, and those that break each rule."""
    return {"rows": found.rows} | {rule.name: rule.failed for rule in found.rules}


def quality_columns(df: DataFrame) -> tuple[object, ...]:
    """Sum up the quality columns of written rows: equal rows have equal sums."""
    sums = (F.sum("quality_mask"), F.sum(F.xxhash64("failed_rules").cast("decimal(38,0)")))
    mean = F.round(F.avg("quality_score"), 9)
    return tuple(df.agg(*sums, mean, F.count(F.lit(1))).collect()[0])


def require_agreement(bench: Bench) -> None:
    """Demand that ours and the references found the same, count by count, and wrote the same columns.

    Raises:
        AssertionError: They differ; the figures would compare different work.
    """
    against = {"table-ours": "table", "row-reference": "table", "row-ours": "table", "unique-ours": "unique"}
    for name, level in against.items():
        found, expected = bench.counts[name], bench.counts[f"{level}-reference"]
        wrong = {rule: (n, expected.get(rule)) for rule, n in found.items() if n != expected.get(rule)}
        if wrong or list(found) != list(expected):
            raise AssertionError(f"{name} does not agree with {level}-reference, rule: (found, expected): {wrong}")
    read = bench.df.sparkSession.read.parquet
    ours, reference = (quality_columns(read(bench.written(name))) for name in ("row-ours", "row-reference"))
    if ours != reference:
        raise AssertionError(f"the quality columns differ: ours {ours}, reference {reference}")
    flagged = [read(bench.written(f"flag-{name}")).where("is_duplicate").count() for name in ("window", "joined")]
    if set(flagged) != {bench.counts["unique-reference"][KEY]}:
        raise AssertionError(f"duplicates: {flagged} flagged, {bench.counts['unique-reference']} counted")
