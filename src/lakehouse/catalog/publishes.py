"""``ops.publishes``: the ledger entries of tables, copied before expiry takes the snapshots that carry them."""

from __future__ import annotations

import json
from typing import Annotated

from pyiceberg.table import Table
from pyiceberg.table.snapshots import Snapshot
from pyspark.sql.types import LongType, StringType, TimestampType

from lakehouse.catalog.iceberg import Lake
from lakehouse.catalog.ledger import LedgerEntry, rows_at, waiting
from lakehouse.catalog.log_table import Rows, add_to_log
from lakehouse.catalog.time_travel import instant_of
from lakehouse.contract.marks import doc, required
from lakehouse.contract.schema import Column, Schema
from lakehouse.contract.table import spec_of, table


# PyIceberg's own retries would add rows that another run has added meanwhile; ours ask again which are missing.
@table("ops.publishes", partitioned_by=("table_name",), external=True, properties={"commit.retry.num-retries": "0"})
class Publishes(Schema):
    """One row per publish of a table by a run, be it rolled back since."""

    table_name: Annotated[Column[StringType], required, doc("Table that was published")]
    snapshot_id: Annotated[Column[LongType], required, doc("Snapshot that it was published with")]
    run_id: Annotated[Column[StringType], required, doc("Run that published it")]
    published_at: Annotated[Column[TimestampType], required, doc("Instant of that run", unit="UTC")]
    committed_at: Annotated[Column[TimestampType], required, doc("Instant of the snapshot", unit="UTC")]
    rows: Annotated[Column[LongType], required, doc("Rows of the table with it")]
    inputs: Annotated[Column[StringType], required, doc("Input table → snapshot that was read, as JSON")]
    code: Annotated[Column[StringType], doc("Fingerprint of the build")]
    rules: Annotated[Column[StringType], doc("Fingerprint of the rules")]
    score: Annotated[Column[StringType], doc("Its score as JSON; empty where the table has no rules")]
    previous: Annotated[Column[LongType], doc("Snapshot of the publish before; null for the first")]


def keep_publishes(lake: Lake, name: str) -> int:
    """Copy the publishes of a table that are not in ``ops.publishes`` yet; gives how many.

    It can be run at any time and any number of times. Cost: the table's part of the copies is read, and one small
    append.
    """
    table = lake.table(name)
    published = [one for one in table.snapshots() if one.snapshot_id not in waiting(table)]
    entries = [(one, entry) for one in published if (entry := LedgerEntry.from_snapshot(one))]

    def new_rows(target: Table) -> Rows:
        known = target.scan(row_filter=f"table_name == '{name}'", selected_fields=("snapshot_id",)).to_arrow()
        there = set(known["snapshot_id"].to_pylist())
        return [_row(name, one, entry) for one, entry in entries if one.snapshot_id not in there]

    return add_to_log(lake, spec_of(Publishes), new_rows) if entries else 0


def _row(name: str, snapshot: Snapshot, entry: LedgerEntry) -> dict[str, object]:
    return {
        "table_name": name,
        "snapshot_id": snapshot.snapshot_id,
        "run_id": entry.run_id,
        "published_at": entry.published_at,
        "committed_at": instant_of(snapshot.timestamp_ms),
        "rows": rows_at(snapshot),
        "inputs": json.dumps(dict(entry.inputs), sort_keys=True),
        "code": entry.code,
        "rules": entry.rules,
        "score": entry.score,
        "previous": entry.previous,
    }
