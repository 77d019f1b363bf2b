"""Rules on how many rows there are, and on which columns they have."""

from __future__ import annotations

import difflib
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from lakehouse.errors import ContractError
from lakehouse.quality.rule import Dimension
from lakehouse.quality.table_rule import AggregateRule, Facts, Finding, TableRule


@dataclass(frozen=True, kw_only=True)
class RowCount(AggregateRule):
    """The table has at least, and at most, so many rows."""

    at_least: int = 0
    at_most: int | None = None

    dimension = Dimension.VOLUME
    kind = "row_count"

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.at_least < 0 or (self.at_most is not None and self.at_most < self.at_least):
            raise ContractError(f"{self!r}: at_least is not negative and not more than at_most")

    def aggregates(self, facts: Facts) -> Sequence[Column]:  # noqa: ARG002
        """Count the rows."""
        return [F.count(F.lit(1))]

    def judge(self, values: Sequence[Any], facts: Facts) -> Finding:  # noqa: ARG002
        """Hold the count against the limits."""
        rows = int(values[0])
        wrong = rows < self.at_least or (self.at_most is not None and rows > self.at_most)
        limits = f"at least {self.at_least:,}" + ("" if self.at_most is None else f", at most {self.at_most:,}")
        return Finding(failed=int(wrong), assessed=1, detail=f"{rows:,} rows; {limits}" if wrong else "")


@dataclass(frozen=True, kw_only=True)
class RowCountAsBefore(AggregateRule):
    """The count of rows is near the median of the table's last publishes; not judged before there are ``least``.

    Args:
        within: Greatest change, as a share of that median.
        last: How many publishes are looked at.
        least: How many there must be.
    """

    within: float = 0.5
    last: int = 10
    least: int = 3

    dimension = Dimension.VOLUME
    kind = "row_count_as_before"

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.within <= 0 or not 1 <= self.least <= self.last:
            raise ContractError(f"{self!r}: within is more than 0, and least is from 1 to last")

    def aggregates(self, facts: Facts) -> Sequence[Column]:  # noqa: ARG002
        """Count the rows."""
        return [F.count(F.lit(1))]

    def judge(self, values: Sequence[Any], facts: Facts) -> Finding:
        """Hold the count against the past."""
        past = [score.rows for score in facts.past[: self.last]]
        usual = statistics.median(past) if len(past) >= self.least else 0
        if not usual:
            return Finding(failed=0, assessed=0)
        change = int(values[0]) / usual - 1
        detail = f"{int(values[0]):,} rows, {change:+.0%} of the usual {usual:,.0f}; at most ±{self.within:.0%}"
        wrong = abs(change) > self.within
        return Finding(failed=int(wrong), assessed=1, detail=detail if wrong else "")


@dataclass(frozen=True, kw_only=True)
class HasColumns(TableRule):
    """The rows have these columns, with these types as Spark writes them: ``{"age": "int"}``.

    For DataFrames from elsewhere; a table's own columns are held against its contract whenever it is written.
    """

    types: Mapping[str, str] = field(default_factory=dict)
    others: bool = True

    dimension = Dimension.SCHEMA
    kind = "has_columns"

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.types:
            raise ContractError(f"{self!r} needs at least one column")

    def measure(self, rows: DataFrame, facts: Facts) -> Finding:  # noqa: ARG002
        """Compare the schema; no job."""
        live = {f.name: f.dataType.simpleString() for f in rows.schema.fields}
        wrong = []
        for name, wanted in self.types.items():
            near = difflib.get_close_matches(name, live, n=1)
            if name not in live:
                wrong.append(f"{name}: missing" + (f" (found {near[0]})" if near else ""))
            elif live[name] != wanted:
                wrong.append(f"{name}: expected {wanted}, found {live[name]}")
        more = [] if self.others else [f"{name}: not expected" for name in live if name not in self.types]
        return Finding(
            failed=len(wrong) + len(more), assessed=len(self.types) + len(more), detail="; ".join(wrong + more)
        )
