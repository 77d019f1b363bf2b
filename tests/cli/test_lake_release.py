"""``lakehouse release`` and ``lakehouse releases`` as far as they go without a session."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from pyiceberg.catalog import Catalog
from pyiceberg.schema import Schema
from pyiceberg.types import NestedField, StringType
from typer.testing import Result

from lakehouse.catalog.connect import open_catalog
from lakehouse.catalog.release_journal import LakeRelease, Member, ReleaseState, note
from lakehouse.config import Settings
from lakehouse.config.settings import CatalogSettings
from tests.cli.command_line import lakehouse

CONTRACTS = """
from lakehouse import Column, DataSet, Schema, build, table
from pyspark.sql.types import StringType

@table("bronze.letters", external=True)
class Raw(Schema):
    letter: Column[StringType]

@table("silver.letters")
class Letters(Schema):
    letter: Column[StringType]

@table("gold.counts")
class Counts(Schema):
    letter: Column[StringType]

@build
def letters(raw: DataSet[Raw]) -> DataSet[Letters]: ...

@build
def counts(of: DataSet[Letters]) -> DataSet[Counts]: ...
"""
MADE = LakeRelease(
    name="2026-11",
    state=ReleaseState.AUDITED,
    at=datetime(2026, 11, 30, 6, tzinfo=UTC),
    run_id="r1",
    members=(Member(table="bronze.letters", base=1, snapshot=2, branch="audit_r1"),),
)


@pytest.fixture(name="call")
def command_line(unique: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    (tmp_path / f"lake_{unique}.py").write_text(CONTRACTS)
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    there = CatalogSettings(uri="sqlite:///c.db", warehouse="w")
    return lambda *words: lakehouse(*words, package=f"lake_{unique}", catalog=there)


@pytest.fixture(name="catalog")
def filled(call: Callable[..., Result]) -> Catalog:
    catalog = open_catalog(Settings.model_validate({"catalog": {"uri": "sqlite:///c.db", "warehouse": "w"}}))
    catalog.create_namespace("bronze")
    catalog.create_table("bronze.letters", Schema(NestedField(1, "letter", StringType())))
    return catalog


@pytest.mark.usefixtures("catalog")
def test_a_dry_run_says_what_would_be_built_and_changes_nothing(call: Callable[..., Result]) -> None:
    shown = call("release", "--all", "--name", "2026-11", "--dry-run")
    assert (shown.exit_code, max(map(len, shown.output.splitlines())) <= 80) == (0, True), shown.output
    assert [line.split()[:3] for line in shown.stdout.splitlines()[1:]] == [
        ["silver.letters", "replace", "all"],
        ["gold.counts", "will", "follow"],
    ]
    assert "nothing was changed (--dry-run)" in shown.stderr
    assert json.loads(call("releases", "--json").stdout) == []


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (("release",), 2, "give --all"),
        (("release", "gold.counts", "--all"), 2, "give --all"),
        (("release", "gold.nope"), 3, "there is no table 'gold.nope'"),
        (("release", "--all", "--name", "No!"), 3, "a name is of lower case letters"),
        (("release", "--all", "--name", "2026-11"), 3, "there is one of this name already, audited"),
    ],
)
def test_a_mistake_is_a_message_and_an_exit_code(
    call: Callable[..., Result], catalog: Catalog, words: tuple[str, ...], code: int, says: str
) -> None:
    note(catalog, MADE, after=None)
    shown = call(*words)
    assert (shown.exit_code, says in " ".join(shown.output.split())) == (code, True), shown.output


def test_without_releases_it_says_so(call: Callable[..., Result]) -> None:
    shown = call("releases")
    assert (shown.exit_code, "nothing was released so far" in shown.stderr) == (0, True)


def test_it_shows_how_far_each_release_is(call: Callable[..., Result], catalog: Catalog) -> None:
    for name, *states in (("2026-10", ReleaseState.ROLLED_BACK), ("2026-11",)):
        begun = replace(MADE, name=name)
        note(catalog, begun, after=None)
        for state in states:
            note(catalog, begun.then(state, note="someone else"), after=ReleaseState.AUDITED)
    lines = call("releases").stdout.splitlines()
    assert max(map(len, lines)) <= 80
    assert [line.split()[0] for line in lines[:3]] == ["release", "2026-11", "2026-10"]
    assert lines[1].split() == ["2026-11", "2026-11-30", "06:00:00", "audited", "1", "0"]
    said = " ".join(lines[3:])
    assert ("2026-10: someone else" in said, "2026-11: its run is at work; if it has died" in said) == (True, True)
