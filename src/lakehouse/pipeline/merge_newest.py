"""Rows into a table by its key: a new key is inserted, a known one is replaced where the row is newer."""

from __future__ import annotations

import uuid

from pyspark.sql import DataFrame

from lakehouse.catalog.publish import Audit
from lakehouse.contract.partitioning import quote_name
from lakehouse.contract.table import TableSpec
from lakehouse.errors import ContractError
from lakehouse.transforms.deduplicate import keep_newest


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

    Rows: those of a table with a key and ``newest_by``; of several with one key the newest counts.
    Cost: a shuffle of the rows by key, and a join with the key columns of the table.
    """
    spec, spark = audit.spec, rows.sparkSession
    require_mergeable(spec)
    columns = [column.name for column in spec.columns]
    view = f"merge_{uuid.uuid4().hex[:12]}"
    keep_newest(rows, key=spec.key, newest_by=spec.newest_by).select(*columns).createOrReplaceTempView(view)
    same = " AND ".join(f"t.{quote_name(name)} = s.{quote_name(name)}" for name in spec.key)
    newer = f"{_order('s', spec)} >= {_order('t', spec)}"
    clauses = f"WHEN MATCHED AND {newer} THEN UPDATE SET * WHEN NOT MATCHED THEN INSERT *"
    try:
        spark.sql(f"MERGE INTO {audit.target} t USING {view} s ON {same} {clauses}")
    finally:
        spark.catalog.dropTempView(view)


def _order(side: str, spec: TableSpec) -> str:
    return f"struct({', '.join(f'{side}.{quote_name(name)}' for name in spec.newest_by)})"
