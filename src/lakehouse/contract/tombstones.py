"""Rows that say that their key was deleted. They stay in the table, so that no older change brings the key back."""

from __future__ import annotations

from pyspark.errors import AnalysisException, ParseException
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from lakehouse.contract.table import TableSpec
from lakehouse.errors import ContractError


def without_tombstones(rows: DataFrame, spec: TableSpec) -> DataFrame:
    """Leave out the rows of a table that its ``deleted_by`` says are deletes. Columns: unchanged; all of the table.

    Raises:
        ContractError: ``deleted_by`` is no condition over its columns.
    """
    require_deleted_by(rows, spec)
    return rows.where(~is_tombstone(spec.deleted_by)) if spec.deleted_by else rows


def require_deleted_by(rows: DataFrame, spec: TableSpec) -> None:
    """Make sure, before any job, that what a table says of deletes can be asked of its rows.

    Raises:
        ContractError: ``deleted_by`` is no condition over its columns.
    """
    if not spec.deleted_by:
        return
    try:
        _ = rows.where(~is_tombstone(spec.deleted_by)).columns
    except (AnalysisException, ParseException) as error:
        raise ContractError(
            f"deleted_by of {spec.name} is no condition over its columns: {spec.deleted_by}\n"
            f"{str(error).splitlines()[0]}"
        ) from error


def is_tombstone(deleted_by: str) -> Column:
    """Tell whether a row is a delete; where the condition is null, it is none."""
    return F.coalesce(F.expr(deleted_by).cast("boolean"), F.lit(False))
