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
from lakehouse.catalog.publish import Audit
from lakehouse.contract.table import TableSpec, spec_of


class Letters(Schema):
    """One row per letter."""

    letter: Annotated[Column[StringType], doc("A letter")]
    amount: Column[IntegerType]


@pytest.fixture
def letters(unique: str) -> TableSpec:
    """A new table of letters."""
    fresh = type("Fresh", (Letters,), {"__annotations__": {}, "__doc__": "Letters."})
    return spec_of(table(f"silver.{unique}", key=("letter",))(fresh))


def rows(lake: Lake, *letters: str) -> DataFrame:
    """Give a DataFrame of letters."""
    return lake.spark.createDataFrame([(letter, 1) for letter in letters], "letter string, amount int")


def write(audit: Audit, df: DataFrame) -> None:
    """Replace the rows on the audit branch."""
    df.writeTo(audit.target).overwrite(F.lit(True))


def entry(run_id: str) -> LedgerEntry:
    """Give a ledger entry of a run."""
    return LedgerEntry(run_id=run_id, published_at=datetime.now(UTC), inputs={"bronze.x": 7}, code="c", rules="r")


def seen(lake: Lake, spec: TableSpec) -> list[str]:
    """Give the letters that a reader of main sees."""
    return sorted(row.letter for row in lake.rows(spec).collect())
