"""Rows into a table by its key: a new key is inserted, a known one is replaced where the row is newer, or deleted.

A deleted key leaves nothing behind. So changes of a key have to come in order, as Kafka gives those of one partition:
an older one that comes in a later batch than the delete puts the row back. Where that can be, declare no ``deleted_by``
and let readers filter: then the delete is a row like any other, and what is older than it is refused.
"""

from __future__ import annotations

import uuid

from pyspark.errors import AnalysisException, ParseException
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from lakehouse.catalog.publish import Audit
from lakehouse.contract.conform import conform
from lakehouse.contract.partitioning import quote_name
from lakehouse.contract.table import TableSpec
from lakehouse.errors import ContractError
from lakehouse.transforms.deduplicate import keep_newest

_DELETED = "_deleted_by_change"


def require_mergeable(spec: TableSpec) -> None:
    """Make sure that rows can be merged into a table.

    Raises:
        ContractError: It has no key, or says not which of two rows with one key is newer.
    """
    if not spec.key or not spec.newest_by:
        raise ContractError(
            f"rows cannot be merged into {spec.name}: @table needs key=(…) and newest_by=(…), the columns by which of "
            "two rows with one key the newer is known"
        )


def merge_newest(audit: Audit, rows: DataFrame) -> None:
    """Merge rows into the branch of an audit. The same rows once more change nothing.

    Rows: those of a table with a key and ``newest_by``; of several with one key the newest counts. One that is a
    delete, by the table's ``deleted_by``, removes the row of its key and is not written itself.
    Cost: a shuffle of the rows by key, and a join with the key columns of the table.

    Raises:
        ContractError: The table cannot be merged into, or its ``deleted_by`` is no condition over its columns.
    """
    spec, spark = audit.spec, rows.sparkSession
    require_mergeable(spec)
    columns = [column.name for column in spec.columns]
    view = f"merge_{uuid.uuid4().hex[:12]}"
    newest = keep_newest(rows, key=spec.key, newest_by=spec.newest_by).select(*columns)
    newest.withColumn(_DELETED, _deleted(newest, spec)).createOrReplaceTempView(view)
    same = " AND ".join(f"t.{quote_name(name)} = s.{quote_name(name)}" for name in spec.key)
    clauses = _clauses(spec, [quote_name(name) for name in columns])
    try:
        spark.sql(f"MERGE INTO {audit.target} t USING {view} s ON {same} {clauses}")
    finally:
        spark.catalog.dropTempView(view)


def whole(spec: TableSpec, rows: DataFrame) -> DataFrame:
    """Give all rows of a table as ``merge_newest`` would leave them, had they come one after the other by their order.

    Rows: of a table with ``newest_by`` the newest of each key, less the deleted; of others all, unchanged.
    Cost: a shuffle by key.
    """
    made = conform(rows, spec.schema)
    if not spec.newest_by:
        return made
    return keep_newest(made, key=spec.key, newest_by=spec.newest_by).where(~_deleted(made, spec))


def _clauses(spec: TableSpec, names: list[str]) -> str:
    newer = f"WHEN MATCHED AND {_order('s', spec)} >= {_order('t', spec)}"
    delete = f"{newer} AND s.{_DELETED} THEN DELETE " if spec.deleted_by else ""
    update = ", ".join(f"t.{name} = s.{name}" for name in names)
    insert = f"({', '.join(names)}) VALUES ({', '.join(f's.{name}' for name in names)})"
    return f"{delete}{newer} THEN UPDATE SET {update} WHEN NOT MATCHED AND NOT s.{_DELETED} THEN INSERT {insert}"


def _deleted(rows: DataFrame, spec: TableSpec) -> Column:
    if not spec.deleted_by:
        return F.lit(False)
    condition = F.coalesce(F.expr(spec.deleted_by).cast("boolean"), F.lit(False))
    try:
        _ = rows.where(condition).columns
    except (AnalysisException, ParseException) as error:
        raise ContractError(
            f"deleted_by of {spec.name} is no condition over its columns: {spec.deleted_by}\n"
            f"{str(error).splitlines()[0]}"
        ) from error
    return condition


def _order(side: str, spec: TableSpec) -> str:
    return f"struct({', '.join(f'{side}.{quote_name(name)}' for name in spec.newest_by)})"
