"""Rows into columns, and back."""

from __future__ import annotations

from collections.abc import Sequence

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from lakehouse.contract.engine import SPARK, runs_on


@runs_on(*SPARK)
def pivot_sum(df: DataFrame, *, key: Sequence[str], names: str, values: str, columns: Sequence[str]) -> DataFrame:
    """Make a column of each stated name, with the sum of its values; other names are left out.

    Rows: one per key. Columns: the key and ``columns``, null where there was none. Cost: one shuffle by the key; the
    names are stated, so that the data is not read twice and the columns are the same each day. Batch only.

    Raises:
        ValueError: There is no key, or no name.
    """
    if not key or not columns:
        raise ValueError(f"pivot_sum needs a key and the names that become columns; found {key} and {columns}")
    sums = (F.sum(F.when(F.col(names) == name, F.col(values))).alias(name) for name in columns)
    return df.groupBy(*key).agg(*sums)


@runs_on(*SPARK)
def unpivot(df: DataFrame, *, key: Sequence[str], columns: Sequence[str], name: str, value: str) -> DataFrame:
    """Make a row of each of some columns, with its name and its value; null makes none.

    Rows: up to one per row and column. Columns: the key, ``name`` and ``value``. Cost: no shuffle. Batch and stream.

    Raises:
        ValueError: There is no column.
    """
    if not columns:
        raise ValueError("unpivot needs at least one column")
    pairs = F.array(*(F.struct(F.lit(one).alias("name"), F.col(one).alias("value")) for one in columns))
    told = df.select(*key, F.explode(pairs).alias("__pair"))
    rows = told.select(*key, F.col("__pair.name").alias(name), F.col("__pair.value").alias(value))
    return rows.where(F.col(value).isNotNull())
