"""One row out of several that speak of the same thing."""

from __future__ import annotations

from collections.abc import Sequence

from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

from lakehouse.contract.engine import SPARK_AND_SAIL, runs_on


@runs_on(*SPARK_AND_SAIL)
def keep_newest(df: DataFrame, *, key: Sequence[str], newest_by: Sequence[str]) -> DataFrame:
    """Keep, for each key, the row with the greatest ``newest_by``.

    Rows: one per distinct key. Columns: unchanged. Cost: one shuffle by ``key``. Batch only.

    Args:
        key: Columns that identify a row. Null is a key value like any other.
        newest_by: Compared left to right, nulls oldest. Include a tiebreaker such as the Kafka offset, else the
            winner among equals is arbitrary.

    Raises:
        ValueError: ``key`` or ``newest_by`` is empty.

    Source: row-number pattern, Spark SQL guide, "Window Functions".
    """
    if not key or not newest_by:
        raise ValueError("keep_newest needs at least one column in key and one in newest_by")
    newest_first = Window.partitionBy(*key).orderBy(*(F.col(name).desc_nulls_last() for name in newest_by))
    numbered = df.withColumn("__rank", F.row_number().over(newest_first))
    return numbered.where(F.col("__rank") == 1).drop("__rank")
