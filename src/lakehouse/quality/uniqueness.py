"""Rules on what may be there only once. They shuffle keys and counts, never whole rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from operator import and_
from typing import Any, Unpack

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from lakehouse.contract.engine import SPARK_AND_SAIL
from lakehouse.errors import ContractError
from lakehouse.quality.rule import Common, Dimension, Severity
from lakehouse.quality.table_rule import AggregateRule, Facts, Finding, TableRule


@dataclass(frozen=True, init=False)
class Unique(TableRule):
    """No two rows share a key. A row with a null in its key is not judged; all rows that share one fail.

    Cost: a scan of the key columns and one shuffle of key and count; none where the rows were made unique by these.
    """

    columns: tuple[str, ...]

    dimension = Dimension.UNIQUENESS
    kind = "unique"
    engines = SPARK_AND_SAIL

    def __init__(self, *columns: str, **common: Unpack[Common]) -> None:
        self._fill(columns=columns, **common)
        super().__post_init__()
        if not columns:
            raise ContractError("Unique() needs at least one column")

    def measure(self, rows: DataFrame, facts: Facts) -> Finding:
        """Count the rows that share their key with another."""
        if facts.unique and set(facts.unique) == set(self.columns):
            return Finding(failed=0, assessed=facts.rows)
        groups = rows.select(*self.columns).na.drop().groupBy(*self.columns).count()
        shared = F.when(F.col("count") > 1, F.col("count"))
        found = groups.agg(F.sum("count"), F.sum(shared), F.count(shared)).collect()[0]
        assessed, failed, keys = (int(value or 0) for value in found)
        return Finding(failed=failed, assessed=assessed, detail=f"{keys:,} keys occur more than once" if keys else "")

    def measure_since(self, rows: DataFrame, came: DataFrame) -> Finding | None:
        """Count the rows of each key that came; those of all others fall into one group before anything is shuffled."""
        named = {name: F.col(name).alias(f"came_{at}") for at, name in enumerate(self.columns)}
        keys = F.broadcast(came.select(*named.values()).na.drop().distinct())
        same = reduce(and_, (F.col(name) == F.col(f"came_{at}") for at, name in enumerate(self.columns)))
        all_rows = rows.select(*self.columns).na.drop().join(keys, same, "left")
        groups = all_rows.groupBy(*(f"came_{at}" for at in range(len(named)))).count()
        shared = F.count_if(F.col("came_0").isNotNull() & (F.col("count") > 1))
        assessed, broken = groups.agg(F.sum("count"), shared).collect()[0]
        return None if broken else Finding(failed=0, assessed=int(assessed or 0))


@dataclass(frozen=True, init=False)
class UniqueApprox(AggregateRule):
    """Hardly any two rows share a key, by a HyperLogLog sketch: a cheap monitor, where ``Unique`` is exact.

    It tells no fewer duplicates than three times its error, ``rsd``, of the rows. Cost: no shuffle of keys.
    """

    columns: tuple[str, ...]
    rsd: float

    dimension = Dimension.UNIQUENESS
    kind = "unique_approx"

    def __init__(self, *columns: str, rsd: float = 0.01, **common: Unpack[Common]) -> None:
        self._fill(columns=columns, rsd=rsd, **{"severity": Severity.WARN, **common})
        super().__post_init__()
        if not columns or not 0.002 <= rsd <= 0.3:
            raise ContractError(f"{self!r} needs at least one column, and an rsd from 0.002 to 0.3")

    def aggregates(self, facts: Facts) -> Sequence[Column]:  # noqa: ARG002
        """Count the rows with a key, and about how many keys there are."""
        whole = reduce(and_, (F.col(name).isNotNull() for name in self.columns))
        key = F.when(whole, F.xxhash64(*self.columns))
        return [F.count(key), F.approx_count_distinct(key, self.rsd)]

    def judge(self, values: Sequence[Any], facts: Facts) -> Finding:  # noqa: ARG002
        """Take what is beyond the sketch's error for duplicates."""
        assessed, distinct = int(values[0]), int(values[1])
        surplus = assessed - distinct
        sure = surplus > 3 * self.rsd * assessed
        detail = f"about {surplus:,} rows too many for {distinct:,} keys" if sure else ""
        return Finding(failed=surplus if sure else 0, assessed=assessed, detail=detail)
