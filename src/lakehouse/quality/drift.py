"""Whether the values of columns are shared out as they were: between two snapshots, or two sets of rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F
from pyspark.sql import types as spark_types

from lakehouse.quality.accuracy import stability_index

_BINS = 10
_BUCKETS = 16
_ORDERED = (spark_types.NumericType, spark_types.DateType, spark_types.TimestampType)
_PLAIN = (*_ORDERED, spark_types.StringType, spark_types.BooleanType)


@dataclass(frozen=True, kw_only=True)
class Drift:
    """How far a column has moved: its population stability index, and the rows that it was taken from.

    The usual reading: below 0.1 nothing moved, from 0.25 on it is another population.
    """

    column: str
    index: float
    rows_before: int
    rows_after: int


def measure_drift(before: DataFrame, after: DataFrame, columns: Sequence[str] | None = None) -> tuple[Drift, ...]:
    """Compare how the values of columns are shared out, the most moved first.

    Numbers, dates and instants fall into tenths of the rows before; text and booleans into 16 buckets by their hash;
    null is a share of its own. Structs, arrays, maps and binary columns are left out.

    Cost: one scan of the rows before for their tenths, and one of each side for the counts. One row each comes to the
    driver. Nothing is compared where a side has no rows.

    Args:
        columns: Which; not given: all that both have with the same type.
    """
    kinds = {field.name: field.dataType for field in before.schema.fields}
    same = [field.name for field in after.schema.fields if kinds.get(field.name) == field.dataType]
    chosen = [name for name in (columns or same) if name in same and isinstance(kinds[name], _PLAIN)]
    bins = {name: parts for name, parts in _bins(before, chosen, kinds).items() if parts}
    if not bins:
        return ()
    old, new = (_counts(df, bins) for df in (before, after))
    found = [_drift(name, old[name], new[name]) for name in bins if any(old[name]) and any(new[name])]
    return tuple(sorted(found, key=lambda one: (-one.index, one.column)))


def _bins(
    before: DataFrame, columns: Sequence[str], kinds: Mapping[str, spark_types.DataType]
) -> dict[str, list[Column]]:
    ordered = {name: _number(name, kinds[name]) for name in columns if isinstance(kinds[name], _ORDERED)}
    edges: dict[str, list[float]] = {}
    if ordered:
        shares = [part / _BINS for part in range(1, _BINS)]
        wanted = [F.percentile_approx(value, shares).alias(name) for name, value in ordered.items()]
        edges = {name: sorted(set(found or [])) for name, found in before.agg(*wanted).collect()[0].asDict().items()}
    return {name: _by_edges(ordered[name], edges[name]) if name in edges else _by_hash(name) for name in columns}


def _number(name: str, kind: spark_types.DataType) -> Column:
    value = F.col(f"`{name}`")
    if isinstance(kind, spark_types.DateType):
        value = F.unix_date(value)
    elif isinstance(kind, spark_types.TimestampType):
        value = F.unix_micros(value)
    return value.cast("double")


def _by_edges(value: Column, edges: Sequence[float]) -> list[Column]:
    limits = [None, *edges, None]
    parts = [
        (F.lit(True) if low is None else value >= low) & (F.lit(True) if high is None else value < high)
        for low, high in pairwise(limits)
    ]
    return [value.isNotNull() & part for part in parts] + [value.isNull()]


def _by_hash(name: str) -> list[Column]:
    value = F.col(f"`{name}`")
    bucket = F.pmod(F.xxhash64(value), F.lit(_BUCKETS))
    return [value.isNotNull() & (bucket == number) for number in range(_BUCKETS)] + [value.isNull()]


def _counts(df: DataFrame, bins: Mapping[str, list[Column]]) -> dict[str, list[int]]:
    wanted = [
        F.count(F.when(part, 1)).alias(f"{at}_{number}")
        for at, parts in enumerate(bins.values())
        for number, part in enumerate(parts)
    ]
    row = df.agg(*wanted).collect()[0].asDict()
    return {
        name: [int(row[f"{at}_{number}"]) for number in range(len(parts))]
        for at, (name, parts) in enumerate(bins.items())
    }


def _drift(name: str, old: Sequence[int], new: Sequence[int]) -> Drift:
    shares: dict[str | None, float] = {str(part): count / sum(old) for part, count in enumerate(old)}
    index = stability_index(shares, {str(part): count for part, count in enumerate(new)})
    return Drift(column=name, index=index, rows_before=sum(old), rows_after=sum(new))
