"""Tables of letters with limits of their own, filled without Spark where that is enough."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Annotated

import pyarrow as pa
import pytest
from pyiceberg.table import Table
from pyspark.sql.types import StringType

from lakehouse import Column, KafkaRecord, Schema, doc, table
from lakehouse.catalog.iceberg import Lake
from lakehouse.catalog.ledger import LedgerEntry
from lakehouse.catalog.publish import open_audit, publish
from lakehouse.catalog.retention import Retention
from lakehouse.contract import Upkeep
from lakehouse.contract.build import BuildSpec
from lakehouse.contract.ddl import full_name
from lakehouse.contract.table import TableSpec, spec_of

WHEN = timedelta(days=6)
"""After the five days for which snapshots are kept."""


class Letter(Schema):
    """One row per letter."""

    letter: Annotated[Column[StringType], doc("A letter")]


class LetterRaw(KafkaRecord):
    """One row per letter that arrived."""

    record: Annotated[Column[StringType], doc("A letter")]


Make = Callable[..., TableSpec]


@pytest.fixture
def make(unique: str) -> Make:
    """Declare a table: its namespace, and what its contract says."""

    def declare(namespace: str = "silver", schema: type[Schema] = Letter, **says: object) -> TableSpec:
        fresh = type("Fresh", (schema,), {"__annotations__": {}, "__doc__": "Letters."})
        return spec_of(table(f"{namespace}.{unique}", **says)(fresh))  # type: ignore[arg-type]

    return declare


@pytest.fixture
def later() -> datetime:
    """An instant at which all that a test has done is old enough to expire."""
    return datetime.now(UTC) + WHEN


def add(
    lake: Lake, spec: TableSpec, *letters: str, branch: str = "main", summary: Mapping[str, str] | None = None
) -> int:
    """Append letters, as one file of one snapshot, which it gives."""
    if lake.find(spec.name) is None:
        lake.ensure(spec)
    target = lake.table(spec.name)
    rows = pa.Table.from_pylist([{"letter": one} for one in letters], schema=target.schema().as_arrow())
    target.append(rows, branch=branch, snapshot_properties=dict(summary or {}))
    return target.refs()[branch].snapshot_id


def abandon(lake: Lake, spec: TableSpec, letter: str) -> int:
    """Write a letter to a branch that is removed then: nothing refers to its snapshot, which it gives."""
    head = lake.table(spec.name).refs()["main"].snapshot_id
    lake.table(spec.name).manage_snapshots().create_branch(head, "left").commit()
    found = add(lake, spec, letter, branch="left")
    lake.table(spec.name).manage_snapshots().remove_branch("left").commit()
    return found


def publish_letters(
    lake: Lake, spec: TableSpec, run_id: str, *letters: str, tags: int = 20, inputs: Mapping[str, int] | None = None
) -> int:
    """Add letters in a publish, which it gives; so many publishes of the table keep their tags."""
    audit = open_audit(lake, spec, run_id=run_id)
    add(lake, spec, *letters, branch=audit.branch)
    entry = LedgerEntry(run_id=run_id, published_at=datetime.now(UTC), inputs=inputs or {})
    return publish(audit, entry, Retention(keep_count=tags))


def delete(lake: Lake, spec: TableSpec, letter: str) -> None:
    """Delete a letter, as a merge does: by a position delete."""
    lake.refresh(spec.name)
    lake.spark.sql(f"DELETE FROM {full_name(spec, catalog=lake.name)} WHERE letter = '{letter}'")


def letters_of(lake: Lake, spec: TableSpec) -> list[str]:
    """Give the letters of main."""
    return sorted(lake.table(spec.name).scan().to_arrow()["letter"].to_pylist())


def snapshots_of(lake: Lake, spec: TableSpec) -> set[int]:
    """Give the snapshots that are kept."""
    return {one.snapshot_id for one in lake.table(spec.name).snapshots()}


def build_of(source: TableSpec, made: TableSpec) -> BuildSpec:
    """Declare that a table is made of another one."""
    return BuildSpec(function=lambda rows: rows, inputs=(("rows", source.schema),), output=made.schema)


def aged(table: Table, days: int) -> Table:
    """Give a table as if all was done so many days earlier but for its newest change of metadata."""
    less = days * 24 * 3600 * 1000
    found = table.metadata
    snapshots = [one.model_copy(update={"timestamp_ms": one.timestamp_ms - less}) for one in found.snapshots]
    log = [one.model_copy(update={"timestamp_ms": one.timestamp_ms - less}) for one in found.snapshot_log]
    table.metadata = found.model_copy(update={"snapshots": snapshots, "snapshot_log": log})
    return table


EAGER = Upkeep(min_small_files=3, keep_snapshots=1)
"""Limits that a test reaches soon."""
