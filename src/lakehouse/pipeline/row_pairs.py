"""The rows of a table that came and went between two states, brought together by key: added, removed or changed."""

from __future__ import annotations

from enum import StrEnum

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F
from pyspark.sql import types as spark_types

from lakehouse.catalog.changes import Change
from lakehouse.contract.table import TableSpec


class Kind(StrEnum):
    """How a row differs."""

    CHANGED = "changed"
    ADDED = "added"
    REMOVED = "removed"


def pair_rows(change: Change, spec: TableSpec) -> DataFrame:
    """Give what is left of the rows when those that came and went alike are taken away, one by one.

    Rows: one per key, or per distinct row where there is no key. Columns: by kind, how many rows it stands for; and
    the row ``before`` and ``after``, null where there is none. Cost: one shuffle by key, none where rows only came.
    """
    row = F.struct(*(_comparable(F.col(c.name), c.type).alias(c.name) for c in spec.columns)).alias("row")
    key = [f"key_{at}" for at, _ in enumerate(spec.identity)]
    values = [F.col(name).alias(alias) for name, alias in zip(spec.identity, key, strict=True)]
    came = change.added.select(*values, row, F.lit(1).alias("n"))
    if change.removed is None:
        return came.select(*_sides()).select(*_kinds())
    both = came.unionAll(change.removed.select(*values, row, F.lit(-1).alias("n")))
    # By key first, so that neither of the two aggregations shuffles the rows once more.
    spread = both.repartition(*key) if key else both
    left = spread.groupBy(*key, "row").agg(F.sum("n").alias("n")).where("n != 0").select(*key, *_sides())
    if key:
        # Of rows that share a key the least, so that it is the same one each time.
        one_each = [F.min(name).alias(name) for name in ("before", "after")]
        left = left.groupBy(*key).agg(*(F.sum(name).alias(name) for name in ("came", "gone")), *one_each)
    return left.select(*_kinds())


def _sides() -> list[Column]:
    n, row = F.col("n").cast("bigint"), F.col("row")
    counts = [F.greatest(n, F.lit(0)).alias("came"), F.greatest(-n, F.lit(0)).alias("gone")]
    return [*counts, F.when(n < 0, row).alias("before"), F.when(n > 0, row).alias("after")]


def _kinds() -> list[Column]:
    came, gone = F.col("came"), F.col("gone")
    changed = (came == 1) & (gone == 1)
    counts = {Kind.CHANGED: F.lit(1), Kind.ADDED: came, Kind.REMOVED: gone}
    found = [
        F.when(changed if kind is Kind.CHANGED else ~changed, count).otherwise(0).cast("bigint").alias(kind)
        for kind, count in counts.items()
    ]
    return [*found, F.col("before"), F.col("after")]


def _comparable(value: Column, kind: spark_types.DataType) -> Column:
    """Give a value that Spark can group by: a map as its entries, by key."""
    if not _has_map(kind):
        return value
    if isinstance(kind, spark_types.MapType):
        inner = kind.valueType
        entries = F.transform(
            F.map_entries(value),
            lambda one: F.struct(one["key"].alias("key"), _comparable(one["value"], inner).alias("value")),
        )
        return F.array_sort(entries)
    if isinstance(kind, spark_types.ArrayType):
        element = kind.elementType
        return F.transform(value, lambda one: _comparable(one, element))
    assert isinstance(kind, spark_types.StructType), "nothing else has maps inside"
    fields = [_comparable(value[one.name], one.dataType).alias(one.name) for one in kind.fields]
    return F.when(value.isNotNull(), F.struct(*fields))


def _has_map(kind: spark_types.DataType) -> bool:
    if isinstance(kind, spark_types.StructType):
        return any(_has_map(one.dataType) for one in kind.fields)
    if isinstance(kind, spark_types.ArrayType):
        return _has_map(kind.elementType)
    return isinstance(kind, spark_types.MapType)
