"""``lakehouse history`` and ``lakehouse rollback``: what they show, what they change, and what they refuse."""

from __future__ import annotations

import importlib
import json
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from typer.testing import Result

from lakehouse.catalog.batch_stamp import BatchStamp
from lakehouse.catalog.iceberg import Lake
from lakehouse.catalog.ledger import LedgerEntry, latest
from lakehouse.catalog.publish import open_audit, publish
from lakehouse.catalog.retention import Retention
from lakehouse.cli.run import retention_of
from lakehouse.config import Settings
from lakehouse.contract.table import TableSpec, spec_of
from lakehouse.pipeline.run import new_run_id
from lakehouse.quality import RuleScore, TableScore
from tests.cli.command_line import lakehouse

# Together they take minutes: each writes Iceberg tables, some times.
pytestmark = pytest.mark.slow

CONTRACTS = """
from lakehouse import Column, DataSet, KafkaRecord, Schema, StructType, build, table
from pyspark.sql.types import StringType

class Message(Schema):
    letter: Column[StringType]

@table("bronze.{name}")
class Raw(KafkaRecord):
    record: Column[StructType[Message]]

@table("silver.{name}", key=("letter",))
class Letters(Schema):
    letter: Column[StringType]

@table("gold.{name}")
class Counts(Schema):
    letter: Column[StringType]

@table("gold.{name}_more")
class More(Schema):
    letter: Column[StringType]

@build
def letters(raw: DataSet[Raw]) -> DataSet[Letters]: ...

@build
def counts(letters: DataSet[Letters]) -> DataSet[Counts]: ...

@build
def more(counts: DataSet[Counts]) -> DataSet[More]: ...
"""


ENGINE = "spark 4.1.1"


@dataclass(frozen=True)
class Place:
    """A lake of four tables, and the command line in it."""

    lake: Lake
    settings: Settings
    package: str
    raw: TableSpec
    letters: TableSpec
    counts: TableSpec

    def __call__(self, *arguments: str, answer: str | None = None) -> Result:
        return lakehouse(*arguments, package=self.package, catalog=self.settings.catalog, answer=answer)

    def publish(self, spec: TableSpec, *, failed: int | None = None, rows: int = 0) -> LedgerEntry:
        """Publish a table by a run of its own, with a score if rows have failed, and so many more rows."""
        run = new_run_id()
        read = {self.raw.name: 2**63 - 1}
        entry = LedgerEntry(run_id=run, published_at=datetime.now(UTC), inputs=read, engine=ENGINE)
        if failed is not None:
            rule = RuleScore(
                name="r", column="letter", dimension="validity", severity="error", weight=1.0, failed=failed, assessed=4
            )
            score = TableScore(table=spec.name, rule_set="abc", rows=4, rows_failed=failed, rules=(rule,))
            entry = replace(entry, score=score.to_json())
        audit = open_audit(self.lake, spec, run_id=run)
        if rows:
            table = self.lake.table(spec.name)
            letters = pa.Table.from_pylist([{"letter": str(n)} for n in range(rows)], schema=table.schema().as_arrow())
            table.append(letters, branch=audit.branch)
        return replace(entry, snapshot_id=publish(audit, entry))

    def published(self, spec: TableSpec) -> str | None:
        """The run whose publish main is at."""
        found = latest(self.lake.table(spec.name))
        return found.run_id if found else None


def place_in(folder: Path, patch: pytest.MonkeyPatch, lake: Lake, settings: Settings, name: str) -> Place:
    """A package of contracts with names of its own, and no settings but those that are given."""
    package = f"lake_{name}"
    (folder / f"{package}.py").write_text(CONTRACTS.format(name=name))
    patch.chdir(folder)
    patch.syspath_prepend(folder)
    module = importlib.import_module(package)
    specs = (spec_of(getattr(module, name)) for name in ("Raw", "Letters", "Counts"))
    return Place(lake, settings, package, *specs)


@pytest.fixture
def place(lake: Lake, settings: Settings, unique: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    return place_in(tmp_path, monkeypatch, lake, settings, unique)


def lines(shown: Result) -> list[str]:
    assert shown.exit_code == 0, shown.output
    assert max(map(len, shown.output.splitlines())) <= 80
    return shown.stdout.splitlines()


def facts(shown: Result) -> Any:
    assert shown.exit_code == 0, shown.output
    return json.loads(shown.stdout)


def test_history_shows_publishes_newest_first_within_80_columns(place: Place) -> None:
    first = place.publish(place.letters, failed=1, rows=2)
    second = place.publish(place.letters)
    header, *found = lines(place("history", place.letters.name))
    assert header.split() == ["when", "(UTC)", "run", "rows", "quality", "state"]
    assert [line.split()[2:] for line in (found[0], found[3])] == [
        [second.run_id, "2", "no", "rules", "current"],
        [first.run_id, "2", "0.7500", "earlier"],
    ]
    assert found[1].split() == ["snapshot", f"{second.snapshot_id},", "tagged,", "by", *ENGINE.split()]
    assert found[2].split() == ["read", str(2**63 - 1), "of", place.raw.name]


def test_history_tells_machines_the_same(place: Place) -> None:
    entry = place.publish(place.letters, failed=1, rows=3)
    (found,) = facts(place("history", place.letters.name, "--json"))
    assert abs(datetime.fromisoformat(found.pop("published_at")) - entry.published_at) < timedelta(minutes=5)
    assert found == {
        "state": "current", "tag": f"publish_{entry.run_id}", "snapshot_id": entry.snapshot_id, "rows": 3,
        "run_id": entry.run_id, "run_instant": entry.published_at.isoformat(), "inputs": dict(entry.inputs),
        "engine": ENGINE, "quality": 0.75, "batch_id": None, "offsets": None, "records": None, "replayed": None,
    }  # fmt: skip


def stream(place: Place, batch: int, *, replayed: bool = False) -> None:
    """Append two records as a batch of five offsets does."""
    one = {"people": {"0": (5 * batch, 5 * batch + 5)}}
    stamp = BatchStamp(query_id="q", batch_id=batch, ranges=one, cumulative=one)
    table = place.lake.table(place.raw.name)
    row = {"topic": "people", "partition": 0, "offset": 1, "ingested_at": datetime.now(UTC)}
    table.append(
        pa.Table.from_pylist([row, row], schema=table.schema().as_arrow()), snapshot_properties=stamp.summary()
    )


def test_history_of_a_bronze_table_shows_its_batches(place: Place) -> None:
    place.lake.ensure(place.raw)
    for batch in (7, 8):
        stream(place, batch)
    header, *found = lines(place("history", place.raw.name))
    assert header.split()[2] == "batch"
    assert [line.split()[2:] for line in (found[0], found[3])] == [
        ["batch", "8", "4", "–", "current"],
        ["batch", "7", "2", "–", "earlier"],
    ]
    assert found[2].split() == ["read", "5", "offsets", "of", "people,", "2", "rows"]
    newest, _ = facts(place("history", place.raw.name, "--json"))
    assert {n: newest[n] for n in ("batch_id", "offsets", "records")} == {"batch_id": 8, "offsets": 5, "records": 2}


def test_history_shows_so_many_as_are_asked_for_and_says_that_there_are_more(place: Place) -> None:
    runs = [place.publish(place.letters).run_id for _ in range(3)]
    shown = place("history", place.letters.name, "--limit", "2")
    assert [run in shown.stdout for run in runs] == [False, True, True]
    assert "and 1 older" in shown.stderr


def test_history_marks_what_was_rolled_back(place: Place) -> None:
    for _ in range(2):
        place.publish(place.letters)
    place("rollback", place.letters.name, "--yes")
    found = facts(place("history", place.letters.name, "--json"))
    assert [one["state"] for one in found] == ["rolled back", "current"]
    assert "rolled back" in lines(place("history", place.letters.name))[1]


def test_history_tells_of_changes_by_hand(place: Place) -> None:
    place.publish(place.letters)
    table = place.lake.table(place.letters.name)
    table.append(pa.Table.from_pylist([{"letter": "z"}], schema=table.schema().as_arrow()))
    assert "changed by hand" in place("history", place.letters.name).stderr


def test_history_of_a_table_without_publishes_says_so(place: Place) -> None:
    place.lake.ensure(place.letters)
    shown = place("history", place.letters.name)
    assert (shown.exit_code, "was not published yet" in shown.output) == (0, True)
    assert facts(place("history", place.letters.name, "--json")) == []


def test_a_rollback_that_is_only_looked_at_shows_what_would_change(place: Place) -> None:
    first, second = place.publish(place.letters, failed=1, rows=3), place.publish(place.letters, failed=2, rows=1)
    shown = place("rollback", place.letters.name, "--dry-run")
    found = {line.split()[0]: line.split()[1:] for line in lines(shown)[2:]}
    assert (found["run"], found["snapshot"]) == (
        [second.run_id, first.run_id],
        [str(second.snapshot_id), str(first.snapshot_id)],
    )
    assert (found["rows"], found["quality"]) == (["4", "3"], ["0.5000", "0.7500"])
    assert ("nothing was changed" in shown.stderr, place.published(place.letters)) == (True, second.run_id)


def test_a_rollback_names_the_published_tables_that_read_it_at_any_distance(place: Place) -> None:
    for _ in range(2):
        place.publish(place.letters)
    place.publish(place.counts)
    said = " ".join(place("rollback", place.letters.name, "--dry-run").stderr.split())
    assert f"read by {place.counts.name}, built again" in said
    assert f"{place.counts.name}_more" not in said
    assert f"builds {place.letters.name} too, from its inputs as they are then" in said


@pytest.mark.parametrize("how", ["option", "answer"])
def test_a_rollback_is_made_when_it_is_said_so(place: Place, how: str) -> None:
    first, _ = place.publish(place.letters), place.publish(place.letters)
    options, answer = (["--yes"], None) if how == "option" else ([], "y\n")
    shown = place("rollback", place.letters.name, *options, answer=answer)
    assert (shown.exit_code, place.published(place.letters)) == (0, first.run_id)


@pytest.mark.parametrize(("answer", "says"), [("n\n", "the answer was no"), ("\n", "was no"), (None, "give --yes")])
def test_without_a_yes_nothing_is_changed(place: Place, answer: str | None, says: str) -> None:
    _, second = place.publish(place.letters), place.publish(place.letters)
    shown = place("rollback", place.letters.name, answer=answer)
    assert (shown.exit_code, says in shown.output, place.published(place.letters)) == (3, True, second.run_id)


def test_a_rollback_goes_to_a_run_or_a_snapshot_and_forward_again(place: Place) -> None:
    first, second, third = (place.publish(place.letters) for _ in range(3))
    went = []
    for to in (first.run_id, third.run_id, str(second.snapshot_id)):
        assert place("rollback", place.letters.name, "--to", to, "--yes").exit_code == 0
        went.append(place.published(place.letters))
    assert went == [first.run_id, third.run_id, second.run_id]


def test_what_was_left_is_kept_for_as_long_as_the_settings_say(place: Place) -> None:
    _, second = place.publish(place.letters), place.publish(place.letters)
    place("rollback", place.letters.name, "--yes", "--set", "publish.keep_days=90")
    age = place.lake.table(place.letters.name).refs()[second.tag].max_ref_age_ms
    assert age is not None
    assert timedelta(days=90) < timedelta(milliseconds=age) < timedelta(days=91)


@pytest.fixture(scope="module")
def published_once(lake: Lake, settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """A place in which letters were published once. Tests change nothing there."""
    with pytest.MonkeyPatch.context() as patch:
        found = place_in(tmp_path_factory.mktemp("once"), patch, lake, settings, f"t{uuid.uuid4().hex[:10]}")
        found.publish(found.letters)
        lake.ensure(found.raw)
        yield found


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (("history", "silver.nope"), 3, "there is no table 'silver.nope'; the configured packages have bronze."),
        (("history", "gold.{name}"), 3, "does not exist yet"),
        (("history", "silver.{name}", "--limit", "0"), 2, "--limit"),
        (("rollback", "silver.nope"), 3, "there is no table 'silver.nope'"),
        (("rollback", "gold.{name}"), 3, "does not exist yet"),
        (("rollback", "silver.{name}", "--to", "nine"), 3, "nine is no run and no snapshot of it"),
        (("rollback", "silver.{name}"), 3, "nothing was published before run"),
        (("rollback", "bronze.{name}"), 3, "lakehouse stream bronze.{name} --recover"),
        (("history", "silver.{name}", "--set", "publish.keep_count=0"), 3, "publish.keep_count: Input"),
        (("history", "silver.{name}", "--set", "publish.keep_day=1"), 3, "did you mean 'keep_days'?"),
    ],
)  # fmt: skip
def test_a_mistake_is_a_message_and_an_exit_code(
    published_once: Place, arguments: tuple[str, ...], code: int, says: str
) -> None:
    name = published_once.letters.name.removeprefix("silver.")
    shown = published_once(*(one.format(name=name) for one in arguments))
    said = " ".join(shown.output.split())
    assert (shown.exit_code, says.format(name=name) in said) == (code, True), shown.output
    assert "Traceback" not in said


def test_the_settings_keep_what_a_publish_keeps_by_itself() -> None:
    assert retention_of(Settings()) == Retention()
    settings = Settings.model_validate({"publish": {"keep_days": 2, "keep_count": 3}})
    assert retention_of(settings) == Retention(keep_for=timedelta(days=2), keep_count=3)
