"""Uniqueness by hand: by a count of each key, and by a window over whole rows as row-level tools do it."""

from __future__ import annotations

from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F


def duplicated_rows(df: DataFrame, key: str) -> int:
    """Count the rows whose key is on several rows; a null key is not judged. Cost: one shuffle of the key alone."""
    keys = df.where(F.col(key).isNotNull()).groupBy(key).count().where("count > 1")
    return int(keys.agg(F.coalesce(F.sum("count"), F.lit(0))).first()[0])  # type: ignore[index]


def write_with_duplicates(df: DataFrame, key: str, folder: str) -> None:
    """Write the rows with ``is_duplicate``, by a window over the key. Cost: one shuffle and sort of whole rows."""
    of_key = F.count(F.col(key)).over(Window.partitionBy(key))
    df.withColumn("is_duplicate", of_key > 1).write.mode("overwrite").parquet(folder)


def write_with_joined_duplicates(df: DataFrame, key: str, folder: str) -> None:
    """Write the same rows, with the keys that are there twice counted first and sent back to the rows.

    Cost: two scans, one shuffle of the key alone, a broadcast of the duplicated keys.
    """
    twice = df.where(F.col(key).isNotNull()).groupBy(key).count().where("count > 1").select(key)
    flagged = df.join(F.broadcast(twice.withColumn("is_duplicate", F.lit(True))), key, "left")
    flagged.fillna(False, subset=["is_duplicate"]).write.mode("overwrite").parquet(folder)
