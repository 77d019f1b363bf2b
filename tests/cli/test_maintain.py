"""``lakehouse maintain``: what it shows, what it does, and what it refuses."""

from __future__ import annotations

import importlib
import json
import shutil
import signal
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from typer.testing import Result

from lakehouse.catalog.iceberg import Lake
from lakehouse.catalog.publish import open_audit
from lakehouse.catalog.publishes import Publishes
from lakehouse.config import Settings
from lakehouse.contract.table import TableSpec, spec_of
from lakehouse.pipeline.quarantine import quarantine_spec
from tests.cli.command_line import lakehouse

CONTRACTS = """
from typing import Annotated
from lakehouse import Column, DataSet, Schema, Scored, build, table
from lakehouse.contract import Upkeep
from lakehouse.quality import NotNull
from pyspark.sql.types import StringType

@table("silver.{name}", key=("letter",), external=True, upkeep=Upkeep(min_small_files=2))
class Letters(Scored):
    letter: Annotated[Column[StringType], NotNull()]

@table("gold.{name}")
class Counts(Schema):
    letter: Column[StringType]

@build
def counts(letters: DataSet[Letters]) -> DataSet[Counts]: ...
"""


@dataclass(frozen=True)
class Place:
    """A lake of two tables, of which one exists, and the command line in it."""

    lake: Lake
    settings: Settings
    package: str
    letters: TableSpec
    counts: TableSpec

    def __call__(self, *arguments: str, uri: str = "") -> Result:
        catalog = self.settings.catalog.model_copy(update={"uri": uri or self.settings.catalog.uri})
        return lakehouse("maintain", *arguments, package=self.package, catalog=catalog)

    def add(self, letter: str) -> None:
        """Append a letter, as one file."""
        table = self.lake.table(self.letters.name)
        table.append(pa.Table.from_pylist([{"letter": letter}], schema=table.schema().as_arrow()))

    @property
    def metadata(self) -> str:
        """Which metadata the table is at."""
        return self.lake.table(self.letters.name).metadata_location


@pytest.fixture
def place(lake: Lake, settings: Settings, unique: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    """A package of contracts with names of its own, and three letters in three files."""
    package = f"lake_{unique}"
    (tmp_path / f"{package}.py").write_text(CONTRACTS.format(name=unique))
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    module = importlib.import_module(package)
    found = Place(lake, settings, package, *(spec_of(getattr(module, name)) for name in ("Letters", "Counts")))
    lake.ensure(found.letters)
    for letter in "abc":
        found.add(letter)
    return found


@pytest.fixture
def handlers() -> Iterator[None]:
    """A verb with a session takes the signals; the tests go on with theirs."""
    kept = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    yield
    for number, handler in kept.items():
        signal.signal(number, handler)


def facts(shown: Result) -> list[dict[str, Any]]:
    assert shown.exit_code == 0, shown.output
    found: list[dict[str, Any]] = json.loads(shown.stdout)
    return found


def test_help_has_an_example_within_80_columns(place: Place) -> None:
    shown = place("--help")
    assert (shown.exit_code, "lakehouse maintain --dry-run" in shown.output) == (0, True)
    assert max(map(len, shown.output.splitlines())) <= 80


def test_a_dry_run_says_what_is_due_and_changes_nothing(place: Place) -> None:
    before = place.metadata
    shown = place(place.letters.name, "--dry-run")
    header, figures, why = shown.stdout.splitlines()
    assert header.split() == ["table", "files", "small", "deleted", "snapshots", "due"]
    assert figures.split() == [place.letters.name, "3", "3", "0.0%", "3", "compact"]
    assert why == f"{place.letters.name}: compact: 3 of 3 files are below 64 MiB and can be put together"
    assert ("nothing was changed" in shown.stderr, place.metadata) == (True, before)


def test_a_dry_run_takes_no_session(place: Place, tmp_path: Path) -> None:
    copy = tmp_path / "catalog.db"
    shutil.copy(place.settings.catalog.uri.removeprefix("sqlite:///"), copy)
    elsewhere = f"sqlite:///{copy}"
    assert place(place.letters.name, "--dry-run", uri=elsewhere).exit_code == 0
    assert place(place.letters.name, uri=elsewhere).exit_code == 3, "the session knows another catalog of that name"


def test_what_is_due_is_done_once(place: Place, handlers: None) -> None:
    (first,) = facts(place(place.letters.name, "--json"))
    assert (first["due"][0]["action"], first["done"], first["after"]["files"]) == ("compact", ["compact"], 1)
    shown = place(place.letters.name)
    assert (shown.exit_code, "nothing was to be done" in shown.stderr) == (0, True)


def test_a_run_shows_the_table_before_and_after(place: Place, handlers: None) -> None:
    shown = place(place.letters.name)
    assert (shown.exit_code, "3 → 1" in shown.stderr) == (0, True)


def test_a_table_that_a_build_is_at_work_on_waits_and_that_is_no_error(place: Place) -> None:
    open_audit(place.lake, place.letters, run_id="slow")
    shown = place(place.letters.name)
    assert (shown.exit_code, "compact (postponed)" in shown.stdout) == (0, True)
    assert "postponed: a build may be at work: branch audit_slow" in shown.stdout
    assert "what is due has to wait" in shown.stderr


def test_all_tables_are_those_of_the_lake_with_quarantines_and_the_librarys_own(place: Place) -> None:
    for spec in (quarantine_spec(place.letters), spec_of(Publishes)):
        place.lake.ensure(spec)
    names = {one["table"] for one in facts(place("--dry-run", "--json"))}
    assert names >= {place.letters.name, f"{place.letters.name}_quarantine", "ops.publishes"}
    assert place.counts.name not in names, "it does not exist yet"


def test_a_table_that_is_none_is_refused_with_those_that_are(place: Place) -> None:
    shown = place("silver.lettres")
    assert (shown.exit_code, shown.exception.__class__) == (3, SystemExit)
    assert f"there is no table 'silver.lettres'; the configured packages have {place.letters.name}" in shown.stderr


def test_a_table_that_does_not_exist_yet_is_refused_when_it_is_named(place: Place) -> None:
    shown = place(place.counts.name)
    assert (shown.exit_code, f"{place.counts.name} does not exist yet" in shown.stderr) == (3, True)
