"""``lakehouse backfill`` and ``lakehouse run --since`` as a person uses them."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pytest
from typer.testing import Result

from lakehouse.catalog.iceberg import Lake
from lakehouse.config import Settings
from tests.cli.command_line import lakehouse

CONTRACTS = """
from lakehouse import Column, DataSet, Schema, build, conform, table
from lakehouse.contract import Rows
from pyspark.sql.types import IntegerType, TimestampType

@table("bronze.{name}", external=True)
class Readings(Schema):
    number: Column[IntegerType]
    at: Column[TimestampType]

@table("silver.{name}", key=("number",), partitioned_by=("days(at)",))
class Days(Schema):
    number: Column[IntegerType]
    at: Column[TimestampType]

@table("gold.{name}")
class All(Schema):
    number: Column[IntegerType]

@build(follows=Rows())
def days(readings: DataSet[Readings]) -> DataSet[Days]:
    return conform(readings, Days)

@build
def everything(days: DataSet[Days]) -> DataSet[All]:
    return conform(days, All)
"""

Command = Callable[..., Result]


@pytest.fixture
def command(lake: Lake, settings: Settings, unique: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Command:
    """The command line where thirty readings of three days came."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / f"days_{unique}.py").write_text(CONTRACTS.format(name=unique))
    lake.spark.sql("CREATE NAMESPACE IF NOT EXISTS lake.bronze")
    lake.spark.sql(f"CREATE TABLE lake.bronze.{unique} (number int, at timestamp) USING iceberg")
    rows = [{"number": n, "at": datetime(2026, 1, 1 + n // 10, 12, tzinfo=UTC)} for n in range(30)]
    table = lake.table(f"bronze.{unique}")
    table.append(pa.Table.from_pylist(rows, schema=table.schema().as_arrow()))

    def invoke(verb: str, *arguments: str) -> Result:
        return lakehouse(verb, *arguments, package=f"days_{unique}", catalog=settings.catalog)

    return invoke


def test_a_backfill_is_shown_then_done_and_what_changed_since_is_built_again(command: Command, unique: str) -> None:
    table = f"silver.{unique}"
    assert command("run", table).exit_code == 0
    shown = command("backfill", table, "--from", "2026-01-02", "--dry-run")
    assert [line.split("  ")[0] for line in shown.stdout.splitlines()[3:5]] == [
        "2026-01-02 … 2026-01-03", "from 2026-01-03",
    ]  # fmt: skip
    assert max(map(len, shown.output.splitlines())) <= 80
    done = json.loads(command("backfill", table, "--from", "2026-01-02", "--json").stdout)
    assert [(one["rows_before"], one["table_rows"]) for one in done["slices"]] == [(10, 30), (10, 30)]
    (again,) = json.loads(command("run", table, "--since", "2026-01-01", "--json").stdout)
    assert "it begins at" in again["reason"]
    assert command("run", table, "--since", "2026-01-01", "--full").exit_code == 2


def test_what_cannot_be_done_by_slices_is_a_message_and_exit_code_3(command: Command, unique: str) -> None:
    told = command("backfill", f"gold.{unique}")
    assert (told.exit_code, type(told.exception)) == (3, SystemExit)
    assert "follows no part of its inputs" in told.stderr
    assert f"Build it whole: lakehouse run gold.{unique} --full" in told.stderr
