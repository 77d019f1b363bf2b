"""Events of one thing that follow each other closely, as sessions."""

from __future__ import annotations

from collections.abc import Sequence

from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

from lakehouse.contract.engine import SPARK, runs_on


@runs_on(*SPARK)
def with_sessions(df: DataFrame, *, key: Sequence[str], at: str, gap_seconds: int) -> DataFrame:
    """Number the sessions of each key: a new one begins after a silence longer than the gap.

    Rows: unchanged. Columns: those of ``df`` and ``session``, from 1 for each key; null where the instant is null.
    Cost: one shuffle by key, and a sort. Batch only.

    Args:
        df: Events.
        key: Columns of what the events are of.
        at: Column of the instant.
        gap_seconds: Seconds of silence that still belong to a session.

    Raises:
        ValueError: There is no key, or the gap is negative.
    """
    if not key or gap_seconds < 0:
        raise ValueError(f"with_sessions needs a key, and a gap of 0 seconds or more; found {key} and {gap_seconds}")
    in_order = Window.partitionBy(*key).orderBy(F.col(at).asc_nulls_last())
    silence = F.unix_micros(at) - F.unix_micros(F.lag(at).over(in_order))
    begins = F.when(silence <= gap_seconds * 1_000_000, 0).otherwise(1)
    session = F.sum("__begins").over(in_order.rowsBetween(Window.unboundedPreceding, Window.currentRow))
    numbered = df.withColumn("__begins", begins).withColumn("session", F.when(F.col(at).isNotNull(), session))
    return numbered.drop("__begins")
