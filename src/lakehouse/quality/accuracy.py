"""Rules that hold a table against another one, or against what it should be made of."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from lakehouse.errors import ContractError
from lakehouse.quality.rule import Dimension
from lakehouse.quality.table_rule import Facts, Finding, TableRule


@dataclass(frozen=True, kw_only=True)
class References(TableRule):
    """Each key is there in another table. A row with a null in its key is not judged.

    Args:
        columns: The columns of the key.
        table: The other table, ``namespace.table``.
        keys: What they are called there; not given: the same.

    Cost: a scan of the key columns of both, and a join of distinct keys.
    """

    columns: tuple[str, ...]
    table: str
    keys: tuple[str, ...] = ()

    dimension = Dimension.ACCURACY
    kind = "references"

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.columns or len(self.keys) not in {0, len(self.columns)}:
            raise ContractError(f"{self!r} needs columns, and as many keys of {self.table}, or none for the same names")

    def looks_into(self) -> tuple[str, ...]:
        """Name the other table."""
        return (self.table,)

    def measure(self, rows: DataFrame, facts: Facts) -> Finding:
        """Count the rows whose key is not there."""
        mine = rows.select(*self.columns).na.drop().groupBy(*self.columns).count()
        keys = zip(self.columns, self.keys or self.columns, strict=True)
        other = facts.read(self.table).select(*(F.col(theirs).alias(ours) for ours, theirs in keys)).distinct()
        marked = mine.join(other.withColumn("__there", F.lit(True)), list(self.columns), "left")
        lost = F.when(F.col("__there").isNull(), F.col("count"))
        found = marked.agg(F.sum("count"), F.sum(lost), F.count(lost)).collect()[0]
        assessed, failed, keys_lost = (int(value or 0) for value in found)
        detail = f"{keys_lost:,} keys are not in {self.table}" if failed else ""
        return Finding(failed=failed, assessed=assessed, detail=detail)


@dataclass(frozen=True, kw_only=True)
class Agrees(TableRule):
    """A row says the same as the row of the same key in another table; rows that are not there are not judged.

    Cost: a scan of key and columns of both, and a join by key.
    """

    columns: tuple[str, ...]
    table: str
    on: tuple[str, ...]

    dimension = Dimension.CONSISTENCY
    kind = "agrees"

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.columns or not self.on:
            raise ContractError(f"{self!r} needs columns to compare, and a key to join on")

    def looks_into(self) -> tuple[str, ...]:
        """Name the other table."""
        return (self.table,)

    def measure(self, rows: DataFrame, facts: Facts) -> Finding:
        """Count the rows that say something else."""
        theirs = facts.read(self.table).select(*self.on, *(F.col(c).alias(f"__{c}") for c in self.columns))
        pairs = rows.select(*self.on, *self.columns).join(theirs, list(self.on))
        same = F.lit(True)
        for column in self.columns:
            same = same & F.col(column).eqNullSafe(F.col(f"__{column}"))
        assessed, failed = pairs.agg(F.count(F.lit(1)), F.count_if(~same)).collect()[0]
        return Finding(failed=int(failed), assessed=int(assessed))


@dataclass(frozen=True, kw_only=True)
class Distribution(TableRule):
    """The values of a column are shared out as expected, by the population stability index.

    The usual reading: below 0.1 nothing moved, above 0.25 it is another population.

    Args:
        shares: Value → expected share; they sum to 1, null may be one. Values that are not named count together.
        at_most: Greatest index that is right.

    Cost: a scan of the column and a shuffle of its distinct values.
    """

    column: str
    shares: Mapping[str | None, float] = field(default_factory=dict)
    at_most: float = 0.25

    dimension = Dimension.ACCURACY
    kind = "distribution"

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.shares or abs(sum(self.shares.values()) - 1) > 0.01 or min(self.shares.values()) < 0:
            raise ContractError(f"{self!r}: shares are not negative and sum to 1")

    @property
    def columns(self) -> Sequence[str]:
        """The column, for the rule's name."""
        return (self.column,)

    def measure(self, rows: DataFrame, facts: Facts) -> Finding:  # noqa: ARG002
        """Count each value, and compare."""
        value = F.col(self.column).cast("string")
        named = F.when(value.isin(*(v for v in self.shares if v is not None)), F.struct(value.alias("value")))
        group = F.when(value.isNull(), F.struct(F.lit(None).cast("string").alias("value"))).otherwise(named)
        counts = {
            (row["group"]["value"] if row["group"] else _OTHERS): int(row["count"])
            for row in rows.groupBy(group.alias("group")).count().collect()
        }
        if not counts:
            return Finding(failed=0, assessed=0)
        index = stability_index(self.shares, counts)
        detail = f"stability index {index:.3f}, at most {self.at_most}" if index > self.at_most else ""
        return Finding(failed=int(index > self.at_most), assessed=1, detail=detail)


_OTHERS = object()
_LEAST = 1e-4


def stability_index(expected: Mapping[str | None, float], counts: Mapping[object, int]) -> float:
    """Give the population stability index between expected shares and counts; 0 when they are the same.

    A share of nothing counts as 0.0001, else one value that is new would make it infinite.
    """
    total = sum(counts.values())
    index = 0.0
    for value in expected.keys() | counts.keys():
        wanted = max(expected.get(value, 0.0), _LEAST)  # type: ignore[call-overload]
        found = max(counts.get(value, 0) / total, _LEAST)
        index += (found - wanted) * math.log(found / wanted)
    return index
