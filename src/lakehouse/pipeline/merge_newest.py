"""Rows into a table by its key: a new key is inserted, a known one is replaced where the row is newer.

A delete is a row like any other, a tombstone (``deleted_by``): what is older than it, and comes later, is refused.
"""

from __future__ import annotations

import uuid
from functools import reduce

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from lakehouse.catalog.ledger import AUDIT, row_count
from lakehouse.catalog.publish import Audit
from lakehouse.contract.partitioning import quote_name
from lakehouse.contract.table import TableSpec
from lakehouse.contract.tombstones import require_deleted_by
from lakehouse.errors import ContractError
from lakehouse.pipeline.delete_values import delete_values
from lakehouse.pipeline.near_values import near_values
from lakehouse.pipeline.persisted import FEW_ROWS, LARGE_ROWS, persisted
from lakehouse.session import join_by_partitions
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


def merge_newest(audit: Audit, rows: DataFrame, *, count: int, large: int = LARGE_ROWS) -> None:
    """Merge rows into the branch of an audit. The same rows once more change nothing.

    Rows: those of a table with a key and ``newest_by``; of several with one key the newest counts.
    Cost: a shuffle of the rows by key. A few of them are sent to every task where the table is large: its key columns
    are read twice, and nothing of it is shuffled. Else it is joined with them, by its buckets where it has such.

    Args:
        audit: Where to.
        rows: By the contract of the table.
        count: About how many there are.
        large: A table of so many rows is large.

    Raises:
        ContractError: The table cannot be merged into, or its ``deleted_by`` is no condition over its columns.
    """
    spec = audit.spec
    require_mergeable(spec)
    newest = keep_newest(rows, key=spec.key, newest_by=spec.newest_by).select(*(one.name for one in spec.columns))
    # Told here, not to the first who reads.
    require_deleted_by(newest, spec)
    if not audit.lake.engine.deletes_rows:
        _write_whole(audit, newest)
    elif count <= FEW_ROWS and row_count(audit.lake.table(spec.name)) >= large:
        _replace_older(audit, newest)
    else:
        _merge(audit, newest)


def _replace_older(audit: Audit, newest: DataFrame) -> None:
    """Delete what is older, append what is not.

    A ``MERGE`` with an insert is an outer join: of that Spark cannot send the few rows to the many, so it would shuffle
    and sort the whole table.
    """
    spec = audit.spec
    with persisted(newest, few=True) as rows:
        columns = [*spec.key, *spec.newest_by]
        # Under names of their own: those of the table are the same.
        few = F.broadcast(rows.select(*(F.col(name).alias(f"new_{at}") for at, name in enumerate(columns))))
        same = reduce(Column.__and__, (F.col(name) == F.col(f"new_{at}") for at, name in enumerate(spec.key)))
        order = range(len(spec.key), len(columns))
        # Spark 3.5 compares structs of equal names alone.
        stays = F.struct(*(F.col(columns[at]).alias(f"new_{at}") for at in order)) > F.struct(
            *(f"new_{at}" for at in order)
        )
        near = near_values(rows, {name: quote_name(name) for name in spec.key})
        there = rows.sparkSession.table(audit.target).where(near).select(*columns)
        with persisted(there.join(few, same).select(*spec.key, stays.alias("stays"))) as known:
            found, newer = known.agg(F.count("*"), F.count_if("stays")).collect()[0]
            if found > newer:
                delete_values(audit, known.where("NOT stays").select(*spec.key), near=near, few=True)
            beaten = F.broadcast(known.where("stays").select(*spec.key))
            left = rows.join(beaten, list(spec.key), "left_anti").select(*rows.columns) if newer else rows
            left.writeTo(audit.target).append()


def _write_whole(audit: Audit, newest: DataFrame) -> None:
    """Read the table and write it whole, for an engine without ``MERGE``; among equals what came wins, as with one."""
    lake, spec, came = audit.lake, audit.spec, "__came"
    there = lake.branch_rows(spec, audit.branch).select(*newest.columns).withColumn(came, F.lit(0))
    both = there.unionByName(newest.withColumn(came, F.lit(1)))
    kept = keep_newest(both, key=spec.key, newest_by=(*spec.newest_by, came)).drop(came)
    lake.replace_rows(spec, audit.branch, kept, run_id=audit.branch.removeprefix(AUDIT))


def _merge(audit: Audit, newest: DataFrame) -> None:
    spec, spark, view = audit.spec, newest.sparkSession, f"merge_{uuid.uuid4().hex[:12]}"
    newest.createOrReplaceTempView(view)
    same = " AND ".join(f"t.{quote_name(name)} = s.{quote_name(name)}" for name in spec.key)
    clauses = _clauses(spec, [quote_name(name) for name in newest.columns])
    try:
        with join_by_partitions(spark):
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
