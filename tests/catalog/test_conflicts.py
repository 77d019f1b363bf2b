"""Commits beside other writers: which are tried again, which are looked for first, and which are raised."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, cast

import pytest
import requests
from pyiceberg.exceptions import CommitFailedException, CommitStateUnknownException, ValidationException

from lakehouse.catalog import ledger
from lakehouse.catalog.conflicts import Conflict, commit, conflict_of
from lakehouse.catalog.iceberg import Lake
from lakehouse.catalog.log_table import add_to_log
from lakehouse.catalog.publish import open_audit, publish
from lakehouse.contract.table import TableSpec
from lakehouse.errors import PublishConflictError
from tests.catalog.conftest import entry, rows, seen, write

JAVA = "An error occurred while calling o1.overwrite.\n: org.apache.iceberg.exceptions."


@pytest.mark.parametrize(
    ("error", "conflict"),
    [
        (CommitFailedException("Requirement failed: branch main has changed"), Conflict.RETRY),
        (RuntimeError(f"{JAVA}CommitFailedException: Metadata location has changed"), Conflict.RETRY),
        (ValidationException("Found new conflicting delete files"), Conflict.PLAN_AGAIN),
        (RuntimeError(f"{JAVA}ValidationException: Found conflicting files that can contain …"), Conflict.PLAN_AGAIN),
        (RuntimeError(f"{JAVA}ValidationException: Missing required files to delete: a"), Conflict.PLAN_AGAIN),
        (RuntimeError("Cannot commit rewrite because of a ValidationException or CommitFailedException"), "plan again"),
        (PublishConflictError(table="silver.users", base=1, found=2), Conflict.PLAN_AGAIN),
        (CommitStateUnknownException("the gateway timed out"), Conflict.UNKNOWN),
        (RuntimeError(f"{JAVA}CommitStateUnknownException: … CommitFailedException"), Conflict.UNKNOWN),
        (requests.exceptions.ReadTimeout("no answer"), Conflict.UNKNOWN),
        (RuntimeError(f"{JAVA}ValidationException: Cannot find snapshot with ID 7"), None),
        (ValueError("another mistake"), None),
    ],
)
def test_a_failed_commit_is_of_the_class_that_says_what_to_do(error: Exception, conflict: Conflict | None) -> None:
    assert conflict_of(error) == conflict


class Failing:
    """A catalog that fails in the commits of a table, before or after they were made."""

    def __init__(self, catalog: Any, name: str, *errors: Exception, made: bool) -> None:
        self.catalog, self.name, self.errors, self.made = catalog, name, list(errors), made

    def __getattr__(self, name: str) -> Any:
        return getattr(self.catalog, name)

    def load_table(self, name: str) -> Any:
        table = self.catalog.load_table(name)
        table.catalog = self
        return table

    def commit_table(self, table: Any, *arguments: Any, **named: Any) -> Any:
        error = self.errors.pop(0) if self.errors and ".".join(table.name()) == self.name else None
        if error is None or self.made:
            done = self.catalog.commit_table(table, *arguments, **named)
        if error is not None:
            raise error
        return done


def failing(lake: Lake, spec: TableSpec, *errors: Exception, made: bool) -> Lake:
    return replace(lake, catalog=cast(Any, Failing(lake.catalog, spec.name, *errors, made=made)))


@pytest.mark.parametrize("made", [True, False])
def test_a_publish_of_which_the_catalog_does_not_say_whether_it_was_made_is_looked_for(
    lake: Lake, letters: TableSpec, made: bool
) -> None:
    audit = open_audit(lake, letters, run_id="one")
    write(audit, rows(lake, "a"))
    unsure = failing(lake, letters, CommitStateUnknownException("no answer"), made=made)
    snapshot = publish(replace(audit, lake=unsure), entry("one"))
    assert [one.snapshot_id for one in ledger.history(lake.table(letters.name))] == [snapshot]
    assert seen(lake, letters) == ["a"]


def test_rows_of_a_log_are_not_added_twice_when_the_catalog_does_not_say(lake: Lake, letters: TableSpec) -> None:
    lake.ensure(letters)
    unsure = failing(lake, letters, CommitStateUnknownException("no answer"), made=True)
    assert add_to_log(unsure, letters, lambda _: [{"letter": "a", "amount": 1}]) == 1
    lake.refresh(letters.name)
    assert seen(lake, letters) == ["a"]


def test_what_cannot_be_looked_for_is_raised_when_the_catalog_does_not_say(lake: Lake, letters: TableSpec) -> None:
    lake.ensure(letters)
    tries = []

    def change(_: object) -> None:
        tries.append(1)
        raise CommitStateUnknownException("no answer")

    with pytest.raises(CommitStateUnknownException):
        commit(lake.catalog, letters.name, change)
    assert len(tries) == 1


def test_a_mistake_is_raised_at_once(lake: Lake, letters: TableSpec) -> None:
    lake.ensure(letters)
    tries = []

    def change(_: object) -> None:
        tries.append(1)
        raise ValueError("a mistake")

    with pytest.raises(ValueError, match="a mistake"):
        commit(lake.catalog, letters.name, change, made=lambda _: True)
    assert len(tries) == 1
