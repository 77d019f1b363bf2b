"""Changes into versions: what held from when to when (slowly changing dimension, type 2)."""

from __future__ import annotations

from collections.abc import Sequence

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from lakehouse.contract.engine import SPARK_AND_SAIL, runs_on
from lakehouse.contract.versions import IS_CURRENT, VALID_FROM, VALID_TO


@runs_on(*SPARK_AND_SAIL)
def versions(
    changes: DataFrame,
    *,
    key: Sequence[str],
    effective: Column,
    newest_by: Sequence[str],
    compared: Sequence[str],
    deleted: Column | None = None,
) -> DataFrame:
    """Make the versions of each key out of all of its changes, in whatever order these are given.

    Rows: one per version, its columns those of the change that began it. A change that differs from the one before in
    no column of ``compared`` begins none, nor does a delete; of changes of a key at one instant the newest counts.
    Columns: those of ``changes``, ``valid_from``, ``valid_to`` (null while it holds) and ``is_current``.
    Cost: one shuffle and sort by ``key``. Batch only.

    Args:
        key: Columns that identify what the versions are of.
        effective: Instant from which a change holds; not null.
        newest_by: Order of changes at the same instant, compared left to right, nulls oldest.
        compared: Columns whose values make a version; of any type but maps.
        deleted: Whether a change is a delete; null counts as false.

    Raises:
        ValueError: ``key``, ``newest_by`` or ``compared`` is empty.

    Source: R. Kimball, M. Ross, "The Data Warehouse Toolkit", 3rd edition, chapter 5, type 2.
    """
    if not key or not newest_by or not compared:
        raise ValueError("versions needs at least one column in each of key, newest_by and compared")
    order = [F.col("_effective"), *(F.col(name).asc_nulls_first() for name in newest_by)]
    of_key = Window.partitionBy(*key).orderBy(*order)
    gone = F.coalesce(deleted, F.lit(False)) if deleted is not None else F.lit(False)
    marked = changes.withColumns({"_effective": effective, "_gone": gone, "_values": F.struct(*compared)})
    last = marked.withColumn("_next", F.lead("_effective").over(of_key))
    last = last.where(F.col("_next").isNull() | (F.col("_next") > F.col("_effective")))
    before, gone_before = F.lag("_values").over(of_key), F.coalesce(F.lag("_gone").over(of_key), F.lit(True))
    same = (F.col("_gone") & F.col("_gone_before")) | (
        ~F.col("_gone") & ~F.col("_gone_before") & F.col("_values").eqNullSafe(F.col("_before"))
    )
    bounds = last.withColumns({"_before": before, "_gone_before": gone_before}).where(~same)
    ended = bounds.withColumns({VALID_FROM: F.col("_effective"), VALID_TO: F.lead("_effective").over(of_key)})
    found = ended.where(~F.col("_gone")).withColumn(IS_CURRENT, F.col(VALID_TO).isNull())
    return found.drop("_effective", "_gone", "_values", "_next", "_before", "_gone_before")
