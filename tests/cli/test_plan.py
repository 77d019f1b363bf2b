"""``lakehouse plan`` as a person uses it."""

from __future__ import annotations

import importlib
import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from typer.testing import Result

from lakehouse.catalog.iceberg import Lake
from lakehouse.catalog.ledger import LedgerEntry
from lakehouse.catalog.publish import open_audit, publish
from lakehouse.config import Settings
from lakehouse.contract.table import spec_of
from tests.cli.command_line import lakehouse

CONTRACTS = """
from lakehouse import Column, DataSet, KafkaRecord, Schema, StructType, build, table
from pyspark.sql.types import IntegerType, StringType

class Message(Schema):
    letter: Column[StringType]

@table("bronze.{name}")
class Raw(KafkaRecord):
    record: Column[StructType[Message]]

@table("silver.{name}")
class Letters(Schema):
    letter: Column[StringType]

@table("gold.{name}")
class Counts(Schema):
    letter: Column[StringType]
    {more}

@build
def letters(raw: DataSet[Raw]) -> DataSet[Letters]:
    return raw.select({letter})

@build
def counts(letters: DataSet[Letters]) -> DataSet[Counts]:
    return letters.selectExpr("letter", "1 AS size")
"""


class Place:
    """A lake of three tables, and the command line in a folder that declares them."""

    def __init__(self, lake: Lake, settings: Settings, name: str, folder: Path) -> None:
        self.lake, self.settings, self.name, self.folder = lake, settings, name, folder
        self.package = ""

    def declare(self, *, letter: str = "'record.letter'", more: str = "") -> None:
        """Write the package anew, under a name that was not imported yet."""
        self.package = f"plan_{self.name}_{len(list(self.folder.glob('plan_*')))}"
        text = CONTRACTS.format(name=self.name, letter=letter, more=more)
        (self.folder / f"{self.package}.py").write_text(text)

    def __call__(self, *arguments: str) -> Result:
        return lakehouse("plan", *arguments, package=self.package, catalog=self.settings.catalog)

    def fill(self) -> None:
        """Let two records have arrived."""
        spec = spec_of(importlib.import_module(self.package).Raw)
        self.lake.ensure(spec)
        row = {"topic": "t", "partition": 0, "offset": 1, "ingested_at": datetime.now(UTC), "record": {"letter": "a"}}
        table = self.lake.table(spec.name)
        table.append(pa.Table.from_pylist([row, row], schema=table.schema().as_arrow()))


@pytest.fixture
def place(lake: Lake, settings: Settings, unique: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    made = Place(lake, settings, unique, tmp_path)
    made.declare()
    return made


def facts(result: Result) -> Any:
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def shown(result: Result, *, code: int = 0) -> str:
    assert result.exit_code == code, result.output
    assert max(map(len, result.output.splitlines())) <= 80
    return result.stdout


def test_an_empty_lake_waits_and_says_what_to_run(place: Place) -> None:
    text = shown(place())
    assert f"waits for bronze.{place.name}: run `lakehouse stream bronze.{place.name}`" in " ".join(text.split())
    assert text.splitlines()[-1] == "0 to build, 0 up to date, 2 waiting, 2 schema changes, 0 errors"


def test_a_plan_says_what_is_built_why_and_what_is_read(place: Place) -> None:
    place.fill()
    lines = shown(place()).splitlines()
    assert [line for line in lines if line and not line.startswith((" ", "+", "✓"))][:3] == [
        "check",
        "schema",
        "builds",
    ]
    at = lines.index(f"+ silver.{place.name:<25}  replace all")
    assert lines[at + 1] == "    it was never built"
    assert lines[at + 2].startswith("    reads 2 rows, ")
    assert lines[-1] == "2 to build, 0 up to date, 2 schema changes, 0 errors"


def test_a_build_that_does_not_fit_is_an_error_with_its_place_and_the_others_are_checked(place: Place) -> None:
    place.declare(letter="'topic'", more="colour: Column[StringType]\n    size: Column[IntegerType]")
    place.fill()
    text = shown(place(), code=3)
    assert f"{place.package}.py:" in text
    assert "letter: missing" in text
    assert "colour: missing" in text
    assert f"a run would stop at silver.{place.name}" in text
    assert text.splitlines()[-1].endswith("2 errors")


def test_a_schema_change_that_is_refused_is_an_error(place: Place) -> None:
    place.lake.spark.sql("CREATE NAMESPACE IF NOT EXISTS lake.gold")
    place.lake.spark.sql(f"CREATE TABLE lake.gold.{place.name} (letter int) USING iceberg")
    place.fill()
    text = shown(place(f"gold.{place.name}"), code=3)
    assert f"! gold.{place.name:<27}  refused, nothing is changed\n    ! letter: declared string, found int;" in text


def test_machines_get_the_same(place: Place) -> None:
    place.fill()
    found = facts(place(f"silver.{place.name}", "--json"))
    assert found["summary"]["to_build"] == 1
    assert found["took_seconds"].keys() == {"session", "plan"}
    (build,) = found["builds"]
    assert (build["table"], build["verdict"], build["strategy"]) == (f"silver.{place.name}", "to build", "replace all")
    assert [cause["kind"] for cause in build["causes"]] == ["never built"]
    assert (build["rows"], build["partitions"], build["seconds"]) == (2, None, None)


def test_downstream_takes_what_reads_it_too(place: Place) -> None:
    found = facts(place(f"silver.{place.name}", "--downstream", "--json"))
    assert [one["table"] for one in found["builds"]] == [f"silver.{place.name}", f"gold.{place.name}"]


@pytest.mark.parametrize(("options", "read"), [([], str), (["--json"], json.loads)], ids=["text", "json"])
def test_a_plan_can_be_kept_in_a_file(place: Place, options: list[str], read: Callable[[str], Any]) -> None:
    kept = Path("build") / "plan"
    assert shown(place("--out", str(kept), *options)) == ""
    assert "schema" in read(kept.read_text())


def test_time_and_cost_come_from_past_runs(place: Place) -> None:
    place.fill()

    class Timed(LedgerEntry):
        def summary(self) -> dict[str, str]:
            return super().summary() | {"lakehouse.bytes-read": "0", "lakehouse.seconds": "90"}

    spec = spec_of(importlib.import_module(place.package).Letters)
    publish(open_audit(place.lake, spec, run_id="timed"), Timed(run_id="timed", published_at=datetime.now(UTC)))
    options = ("--set", "plan.price_per_hour=40", "--set", "plan.currency=EUR")
    assert "; about 90 s, 1.00 EUR" in shown(place(f"silver.{place.name}", *options))
    cost = facts(place(f"silver.{place.name}", "--json", *options))["summary"]["cost"]
    assert cost == {"amount": 1.0, "currency": "EUR"}
