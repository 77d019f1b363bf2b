"""``lakehouse diff``: what it shows, what it tells machines, and what it refuses."""

from __future__ import annotations

import importlib
import json
import signal
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest
from typer.testing import Result

from lakehouse.catalog.iceberg import Lake
from lakehouse.catalog.ledger import LedgerEntry
from lakehouse.catalog.publish import open_audit, publish
from lakehouse.config import Settings
from lakehouse.contract.table import TableSpec, spec_of
from tests.cli.command_line import lakehouse

CONTRACT = """
from typing import Annotated
from lakehouse import Column, Schema, table
from lakehouse.contract.marks import Pii
from pyspark.sql.types import LongType, StringType

@table("silver.{name}", key=("id",))
class People(Schema):
    id: Column[StringType]
    age: Column[LongType]
    name: Annotated[Column[StringType], Pii.NAME]
    remark: Column[StringType]
"""


@dataclass(frozen=True)
class Place:
    """A lake of one table, and the command line in it."""

    lake: Lake
    settings: Settings
    package: str
    people: TableSpec

    def __call__(self, *arguments: str) -> Result:
        return lakehouse("diff", self.people.name, *arguments, package=self.package, catalog=self.settings.catalog)

    def publish(self, run: str, *statements: str) -> int:
        """Publish the table by a run, after these statements on {t}; gives its snapshot."""
        audit = open_audit(self.lake, self.people, run_id=run)
        for statement in statements:
            self.lake.spark.sql(statement.format(t=audit.target))
        return publish(audit, LedgerEntry(run_id=run, published_at=datetime.now(UTC)))


@pytest.fixture
def place(lake: Lake, settings: Settings, unique: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    """A package of a contract with a name of its own, and an empty publish of its table."""
    package = f"lake_{unique}"
    (tmp_path / f"{package}.py").write_text(CONTRACT.format(name=unique))
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    found = Place(lake, settings, package, spec_of(importlib.import_module(package).People))
    found.publish("first")
    return found


@pytest.fixture
def changed(place: Place) -> Iterator[Place]:
    """Two publishes that differ. A verb with a session takes the signals; the tests go on with theirs."""
    long = "'a remark that is long, so that two of them do not stand side by side'"
    rows = "('a', 1, 'ann', 'x'), ('b', 2, 'bob', 'y'), ('c', 3, 'cy', null)"
    place.publish("second", f"INSERT INTO {{t}} VALUES {rows}")
    place.publish(
        "third",
        f"UPDATE {{t}} SET age = 1000, name = 'annabel', remark = if(id = 'a', {long}, remark) WHERE id < 'c'",
        "DELETE FROM {t} WHERE id = 'c'",
        f"INSERT INTO {{t}} VALUES ('x', 9, 'xe', concat_ws('\\n', {long}, {long}, {long}, {long}))",
    )
    kept = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    yield place
    for number, handler in kept.items():
        signal.signal(number, handler)


def test_the_newest_publish_is_compared_with_the_one_before_within_80_columns(changed: Place) -> None:
    shown = changed()
    assert shown.exit_code == 0, shown.output
    lines = shown.stdout.splitlines()
    assert max(map(len, lines)) <= 80
    assert [line.split() for line in lines if line.startswith("published by")] == [
        ["published", "by", "second", "third"]
    ]
    assert "1 added, 1 removed, 2 changed" in lines
    assert [line.split() for line in lines if line.startswith(("age", "name", "remark"))] == [
        ["age", "2"], ["name", "2"], ["remark", "1"],
    ]  # fmt: skip
    assert [line for line in lines if line[:1] in ("~", "+", "-")] == ["~ id a", "~ id b", "+ id x", "- id c"]
    assert "ann" not in shown.stdout


@pytest.mark.slow  # as those of history and rollback
def test_machines_are_told_the_same(changed: Place) -> None:
    shown = changed("second", "third", "--json", "--sample", "1")
    found = json.loads(shown.stdout)
    wanted = ("equal", "added", "removed", "changed", "columns", "method")
    assert [found[name] for name in wanted] == [
        False,
        1,
        1,
        2,
        {"age": 2, "name": 2, "remark": 1},
        "difference of files",
    ]
    assert (found["before"]["run_id"], found["after"]["rows"]) == ("second", 3)
    assert found["sample"][0]["key"] == {"id": "a"}
    assert found["sample"][0]["cells"][0] == {"column": "age", "before": "1", "after": "1000"}


@pytest.mark.slow
def test_the_exit_code_tells_of_a_difference_where_it_is_asked_to(changed: Place) -> None:
    asked = [changed(*names, "--exit-code", "--sample", "0").exit_code for names in (("second", "third"), ("third",))]
    assert (asked, changed("--sample", "0").exit_code) == ([1, 0], 0)


@pytest.mark.slow
def test_states_that_are_equal_are_said_to_be(place: Place) -> None:
    shown = place("first", "main")
    assert (shown.exit_code, shown.stdout.splitlines()[-1]) == (0, "no row differs")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (("nope",), 3, "cannot be read as of nope: it is no run, snapshot, branch or tag"),
        ((), 3, "nothing was published before; name another state to compare with"),
        (("first", "--sample", "-1"), 2, "--sample"),
    ],
)
def test_a_mistake_is_a_message_and_an_exit_code(
    place: Place, arguments: tuple[str, ...], code: int, says: str
) -> None:
    shown = place(*arguments)
    said = " ".join(shown.output.split())
    assert (shown.exit_code, says in said, "Traceback" in said) == (code, True, False), shown.output
