"""``--env`` as a person uses it: a build is tried beside production, compared with it, and dropped."""

from __future__ import annotations

import importlib
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from pyiceberg.catalog import Catalog
from typer.testing import Result

from lakehouse.catalog.environments import own_tables
from lakehouse.catalog.iceberg import Lake
from lakehouse.config import Settings
from lakehouse.contract.table import spec_of
from tests.cli.command_line import all_verbs, lakehouse

CONTRACTS = """
from lakehouse import Column, DataSet, KafkaRecord, Schema, Scored, StructType, build, table
from lakehouse.contract import Groups, Rows
from lakehouse.quality import Length
from pyspark.sql import functions as F
from pyspark.sql.types import LongType, StringType
from typing import Annotated

class Message(Schema):
    letter: Column[StringType]

@table("bronze.{name}")
class Raw(KafkaRecord):
    record: Column[StructType[Message]]

@table("silver.{name}", key=("offset",))
class Letters(Scored):
    offset: Column[LongType]
    letter: Annotated[Column[StringType], Length(1, 1)]

@table("gold.{name}", key=("letter",))
class Counts(Schema):
    letter: Column[StringType]
    times: Column[LongType]

@build(follows=Rows())
def letters(raw: DataSet[Raw]) -> DataSet[Letters]:
    return raw.select("offset", {letter})

@build(follows=Groups("letter"))
def counts(letters: DataSet[Letters]) -> DataSet[Counts]:
    return letters.groupBy("letter").agg(F.count("*").alias("times"))
"""


class Place:
    """A lake of three tables, an environment of its own, and the command line in a folder that declares them."""

    def __init__(self, lake: Lake, settings: Settings, name: str, folder: Path) -> None:
        self.lake, self.settings, self.name, self.folder = lake, settings, name, folder
        self.package, self.env = "", name

    def declare(self, letter: str) -> None:
        self.package = f"env_{self.name}_{len(list(self.folder.glob('env_*')))}"
        (self.folder / f"{self.package}.py").write_text(CONTRACTS.format(name=self.name, letter=letter))

    def fill(self, *letters: str) -> None:
        spec = spec_of(importlib.import_module(self.package).Raw)
        self.lake.ensure(spec)
        table = self.lake.table(spec.name)
        base = {"topic": "t", "partition": 0, "ingested_at": datetime.now(UTC)}
        rows = [base | {"offset": at, "record": {"letter": one}} for at, one in enumerate(letters)]
        table.append(pa.Table.from_pylist(rows, schema=table.schema().as_arrow()))

    def __call__(self, *arguments: str, code: int | None = 0) -> Result:
        result = lakehouse(*arguments, package=self.package, catalog=self.settings.catalog)
        assert code in (None, result.exit_code), result.output
        return result

    def facts(self, *arguments: str) -> Any:
        return json.loads(self(*arguments, "--json").stdout)

    def rows(self, place: str) -> list[tuple[Any, ...]]:
        self.lake.spark.sql(f"REFRESH TABLE lake.{place}")
        return sorted(tuple(row) for row in self.lake.spark.table(f"lake.{place}").select("letter", "times").collect())


@pytest.fixture
def place(lake: Lake, settings: Settings, unique: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    made = Place(lake, settings, unique, tmp_path)
    made.declare("'record.letter'")
    made.fill("a", "b", "b")
    return made


def heads(catalog: Catalog, environment: str) -> dict[str, str]:
    """Where the metadata of each table is that is not of an environment."""
    namespaces = [one for (one,) in catalog.list_namespaces() if not one.startswith(f"{environment}__")]
    names = [".".join(one) for namespace in namespaces for one in catalog.list_tables(namespace)]
    return {name: catalog.load_table(name).metadata_location for name in names}


def test_a_change_is_tried_compared_and_dropped_beside_production(place: Place) -> None:
    silver, gold, env = f"silver.{place.name}", f"gold.{place.name}", ("--env", place.env)
    place("run")
    production = heads(place.lake.catalog, place.env)
    place.declare("F.upper('record.letter').alias('letter')")
    (planned,) = place.facts("plan", silver, *env)["builds"]
    assert (planned["strategy"], [one["kind"] for one in planned["causes"]]) == ("replace all", ["never built"])
    assert [one["status"] for one in place.facts("run", silver, gold, *env)] == ["published", "published"]
    assert [one["status"] for one in place.facts("run", silver, gold, *env)] == ["up to date", "up to date"]
    assert place.rows(f"{place.env}__{gold}") == [("A", 1), ("B", 2)]
    assert (place.rows(gold), heads(place.lake.catalog, place.env)) == ([("a", 1), ("b", 2)], production)
    found = place.facts("diff", silver, *env)
    assert (found["added"], found["removed"], found["changed"], found["columns"]) == (0, 0, 3, {"letter": 3})
    assert place.env in place("diff", silver, *env).output
    own = {one.table for one in own_tables(place.lake.catalog, place.env)}
    assert {silver, gold, "quality.metrics"} == {name for name in own if not name.startswith("ops.")}
    place("env", "drop", place.env, "--yes")
    assert (own_tables(place.lake.catalog, place.env), heads(place.lake.catalog, place.env)) == ([], production)
    assert place.rows(gold) == [("a", 1), ("b", 2)]


@pytest.mark.slow  # three runs
def test_a_build_reads_production_where_the_environment_has_nothing(place: Place) -> None:
    place("run")
    place("run", f"gold.{place.name}", "--env", place.env)
    assert place.rows(f"{place.env}__gold.{place.name}") == [("a", 1), ("b", 2)]
    (publish,) = place.facts("history", f"gold.{place.name}", "--env", place.env)
    assert list(publish["inputs"]) == [f"silver.{place.name}"]
    built = {one["table"]: one["rows"] for one in place.facts("tables", "--env", place.env)}
    assert built == {f"bronze.{place.name}": 3, f"silver.{place.name}": 3, f"gold.{place.name}": 2}


WRITES: dict[tuple[str, ...], int | None] = {
    ("rollback", "SILVER", "--yes"): 3,
    ("maintain",): 0,
    ("readers", "mark", "SILVER", "somebody"): 3,
    ("readers", "forget", "SILVER", "somebody"): 3,
    ("stream", "BRONZE"): 3,
    ("replay", "BRONZE"): 3,
    ("ingest", ".", "--into", "BRONZE"): 3,
    ("quality", "score", "SILVER", "--full"): 0,
    ("quality", "release", "SILVER"): 3,
    ("leases", "release", "SILVER", "--yes"): 3,
    ("backfill", "SILVER", "--column", "offset", "--by", "2"): None,
    ("release", "SILVER", "--name", "tried"): 0,
    # None is computed in Snowflake.
    ("unload", "SILVER"): 3,
    ("run",): 0,
}
"""Each verb that writes to the catalog, and its exit code in an environment in which nothing is built; None: any."""
READS = {
    ("plan",), ("graph",), ("releases",), ("leases",), ("doctor",),
    ("sql",), ("status",), ("dead-letters",), ("history",), ("diff",), ("tables",), ("dictionary",),
    ("verify",), ("config", "show"), ("contract", "import"), ("contract", "check"), ("readers", "show"),
    ("quality", "history"), ("quality", "report"), ("quality", "profile"), ("quality", "contract"),
    ("quality", "anomalies"), ("quality", "drift"), ("quality", "alerts"), ("env", "list"),
}  # fmt: skip
ELSEWHERE = {
    ("up",), ("down",), ("produce",), ("produce", "csv"), ("init",), ("publish", "duckdb"), ("publish", "snowflake"),
    ("publish", "export"),
    ("quickstart",), ("env", "drop"), ("athena",), ("package",), ("agent",),
}  # fmt: skip
"""Verbs that write elsewhere, or are made of others; one drops environments alone."""


@pytest.mark.slow  # each verb that writes
def test_no_verb_that_writes_touches_production(place: Place) -> None:
    place("run")
    place("run", "--full")
    before = heads(place.lake.catalog, place.env)
    for verb, code in WRITES.items():
        words = [{"SILVER": f"silver.{place.name}", "BRONZE": f"bronze.{place.name}"}.get(one, one) for one in verb]
        place(*words, "--set", f"environment={place.env}", code=code)
        assert heads(place.lake.catalog, place.env) == before, verb


def test_every_verb_is_known_to_write_or_not() -> None:
    groups = ("readers", "quality", "leases")
    assert set(all_verbs()) == {one[: 1 + (one[0] in groups)] for one in WRITES} | READS | ELSEWHERE
