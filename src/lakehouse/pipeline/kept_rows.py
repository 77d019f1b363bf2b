"""What a table keeps of the rows that its build makes: all, the newest of each key, or the versions of each key."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from lakehouse.contract.conform import conform
from lakehouse.contract.table import TableSpec
from lakehouse.contract.tombstones import is_tombstone, require_deleted_by
from lakehouse.contract.versions import Scd2
from lakehouse.errors import LakehouseError
from lakehouse.pipeline.spark_errors import SPARK_ERRORS
from lakehouse.transforms.deduplicate import keep_newest
from lakehouse.transforms.scd2 import versions

_NOT_SAID = "LAKEHOUSE_CHANGE_WITHOUT_INSTANT"


def kept_rows(spec: TableSpec, rows: DataFrame) -> DataFrame:
    """Give what a table holds when these are all rows that its build makes.

    Rows: of a table with ``history`` the versions of each key; of one with ``newest_by`` the newest of each key,
    tombstones too; of others all. Columns: those of the table. Cost: a shuffle by key where there is one of the two.

    Raises:
        ContractError: The table's ``deleted_by`` is no condition over its columns.
    """
    made = conform(rows, spec.schema)
    require_deleted_by(made, spec)
    if spec.history:
        return conform(_versions(spec, spec.history, made), spec.schema)
    return keep_newest(made, key=spec.key, newest_by=spec.newest_by) if spec.newest_by else made


@contextmanager
def changes_with_instants(spec: TableSpec) -> Iterator[None]:
    """Tell of a change whose instant is null, which Spark finds while it writes, by table and column.

    Raises:
        LakehouseError: There was one.
    """
    try:
        yield
    except SPARK_ERRORS as error:
        if spec.history is None or _NOT_SAID not in str(error):
            raise
        raise LakehouseError(
            f"{spec.name} was not written: its build gives a row whose {spec.history.effective} is null, and "
            f"history=Scd2(effective={spec.history.effective!r}) has to know from when a change holds. Leave such rows "
            "out, or fill the column in the build"
        ) from error


def _versions(spec: TableSpec, history: Scd2, made: DataFrame) -> DataFrame:
    no_values = {*spec.key, *spec.newest_by, *spec.generated, *history.ignore, history.effective}
    return versions(
        made,
        key=spec.key,
        effective=_said(F.col(history.effective), made, history.effective),
        newest_by=spec.newest_by,
        compared=[name for name in spec.struct.names if name not in no_values],
        deleted=is_tombstone(spec.deleted_by) if spec.deleted_by else None,
    )


def _said(instant: Column, rows: DataFrame, name: str) -> Column:
    return F.coalesce(instant, F.raise_error(F.lit(_NOT_SAID)).cast(rows.schema[name].dataType))
