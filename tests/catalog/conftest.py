"""A contract of its own for each test, and ways to fill it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

import pytest
from pyspark.sql import DataFrame
from pyspark.sql import functions as F
from pyspark.sql.types import IntegerType, StringType

from lakehouse import Column, Schema, doc, table
from lakehouse.catalog.iceberg import Lake
from lakehouse.catalog.ledger import LedgerEntry
from lakehouse.catalog.publish import Audit, open_audit, publish
from lakehouse.catalog.retention import Retention
from lakehouse.contract.ddl import full_name
from lakehouse.contract.table import TableSpec, spec_of

LATER = "TIMESTAMP '2100-01-01'"
"""An instant after all that tests do. Iceberg's procedures take no ``now()`` on Spark 3.5."""


class Letters(Schema):
    """One row per letter."""

    letter: Annotated[Column[StringType], doc("A letter")]
    amount: Column[IntegerType]


@pytest.fixture
def letters(unique: str) -> TableSpec:
    """A new table of letters."""
    return fresh(unique)


def fresh(name: str) -> TableSpec:
    """Declare a table of letters."""
    schema = type("Fresh", (Letters,), {"__annotations__": {}, "__doc__": "Letters."})
    return spec_of(table(f"silver.{name}", key=("letter",))(schema))


def rows(lake: Lake, *letters: str) -> DataFrame:
    """Give a DataFrame of letters."""
    return lake.spark.createDataFrame([(letter, 1) for letter in letters], "letter string, amount int")


def write(audit: Audit, df: DataFrame) -> None:
    """Replace the rows on the audit branch."""
    df.writeTo(audit.target).overwrite(F.lit(True))


def entry(run_id: str) -> LedgerEntry:
    """Give a ledger entry of a run."""
    return LedgerEntry(run_id=run_id, published_at=datetime.now(UTC), inputs={"bronze.x": 7}, code="c", rules="r")


def publish_letters(lake: Lake, spec: TableSpec, run_id: str, *letters: str, retention: Retention | None = None) -> int:
    """Replace the letters in a publish; gives its snapshot."""
    audit = open_audit(lake, spec, run_id=run_id)
    write(audit, rows(lake, *letters))
    return publish(audit, entry(run_id), retention)


def expire(lake: Lake, spec: TableSpec) -> None:
    """Let Iceberg take all snapshots that nothing keeps."""
    lake.refresh(spec.name)
    how = f"older_than => {LATER}, retain_last => 1"
    lake.spark.sql(f"CALL lake.system.expire_snapshots(table => '{spec.name}', {how})")
    lake.refresh(spec.name)


def compact(lake: Lake, spec: TableSpec) -> None:
    """Write the rows of a table once more, as they are."""
    options = "map('rewrite-all', 'true')"
    lake.spark.sql(f"CALL lake.system.rewrite_data_files(table => '{spec.name}', options => {options})")


def add_by_hand(lake: Lake, spec: TableSpec, *letters: str) -> None:
    """Append letters without a publish."""
    rows(lake, *letters).writeTo(full_name(spec, catalog="lake")).append()


def seen(lake: Lake, spec: TableSpec) -> list[str]:
    """Give the letters that a reader of main sees."""
    return sorted(row.letter for row in lake.rows(spec).collect())
