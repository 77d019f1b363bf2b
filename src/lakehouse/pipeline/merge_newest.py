"""Rows into a table by its key: a new key is inserted, a known one is replaced where the row is newer.

A delete is a row like any other, a tombstone (``deleted_by``): what is older than it, and comes later, is refused.
"""

from __future__ import annotations

import uuid

from pyspark.sql import DataFrame

from lakehouse.catalog.publish import Audit
from lakehouse.contract.partitioning import quote_name
from lakehouse.contract.table import TableSpec
from lakehouse.contract.tombstones import require_deleted_by
from lakehouse.errors import ContractError
from lakehouse.transforms.deduplicate import keep_newest


def require_mergeable(spec: TableSpec) -> None:
    """Make sure that rows can be merged into a table.

    Raises:
        ContractError: It has no key, or says not which of two rows with one key is newer, or keeps versions.
    """
    if spec.history:
        raise ContractError(
            f"rows cannot be merged into {spec.name}: its history is made of all changes of a key. Let a stream merge "
            "into the table of changes, and `lakehouse run` make the versions"
        )
    if not spec.key or not spec.newest_by:
        raise ContractError(
            f"rows cannot be merged into {spec.name}: @table needs key=(…) and newest_by=(…), the columns by which of "
            "two rows with one key the newer is known"
        )


def merge_newest(audit: Audit, rows: DataFrame) -> None:
    """Merge rows into the branch of an audit. The same rows once more change nothing.

    Rows: those of a table with a key and ``newest_by``; of several with one key the newest counts.
    Cost: a shuffle of the rows by key, and a join with the key columns of the table.

    Raises:
        ContractError: The table cannot be merged into, or its ``deleted_by`` is no condition over its columns.
    """
    spec, spark = audit.spec, rows.sparkSession
    require_mergeable(spec)
    columns = [column.name for column in spec.columns]
    view = f"merge_{uuid.uuid4().hex[:12]}"
    newest = keep_newest(rows, key=spec.key, newest_by=spec.newest_by).select(*columns)
    # Told here, not to the first who reads.
    require_deleted_by(newest, spec)
    newest.createOrReplaceTempView(view)
    same = " AND ".join(f"t.{quote_name(name)} = s.{quote_name(name)}" for name in spec.key)
    clauses = _clauses(spec, [quote_name(name) for name in columns])
    try:
        spark.sql(f"MERGE INTO {audit.target} t USING {view} s ON {same} {clauses}")
    finally:
        spark.catalog.dropTempView(view)


def _clauses(spec: TableSpec, names: list[str]) -> str:
    newer = f"WHEN MATCHED AND {_order('s', spec)} >= {_order('t', spec)}"
    update = ", ".join(f"t.{name} = s.{name}" for name in names)
    insert = f"({', '.join(names)}) VALUES ({', '.join(f's.{name}' for name in names)})"
    return f"{newer} THEN UPDATE SET {update} WHEN NOT MATCHED THEN INSERT {insert}"


def _order(side: str, spec: TableSpec) -> str:
    return f"struct({', '.join(f'{side}.{quote_name(name)}' for name in spec.newest_by)})"
