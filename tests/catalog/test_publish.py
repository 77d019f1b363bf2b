"""Publishing is one commit, safe against everyone else."""

from __future__ import annotations

import subprocess
import sys
import textwrap

import pytest
from pyiceberg.exceptions import CommitFailedException

from lakehouse.catalog import ledger
from lakehouse.catalog.connect import pyiceberg_properties
from lakehouse.catalog.iceberg import Lake
from lakehouse.catalog.publish import commit, open_audit, publish
from lakehouse.config import Settings
from lakehouse.contract.table import TableSpec
from lakehouse.errors import PublishConflictError
from tests.catalog.conftest import entry, rows, seen, write


def test_readers_see_nothing_of_a_run_until_it_is_published(lake: Lake, letters: TableSpec) -> None:
    audit = open_audit(lake, letters, run_id="one")
    write(audit, rows(lake, "a", "b"))
    before = seen(lake, letters)
    publish(audit, entry("one"))
    assert (before, seen(lake, letters)) == ([], ["a", "b"])


def test_the_published_snapshot_carries_the_ledger_entry(lake: Lake, letters: TableSpec) -> None:
    audit = open_audit(lake, letters, run_id="one")
    write(audit, rows(lake, "a"))
    snapshot = publish(audit, entry("one"))
    found = ledger.latest(lake.table(letters.name))
    assert found is not None
    assert (found.snapshot_id, found.run_id, found.inputs) == (snapshot, "one", {"bronze.x": 7})


def test_the_ledger_lists_publishes_newest_first(lake: Lake, letters: TableSpec) -> None:
    for run_id in ("one", "two"):
        audit = open_audit(lake, letters, run_id=run_id)
        write(audit, rows(lake, run_id))
        publish(audit, entry(run_id))
    assert [e.run_id for e in ledger.history(lake.table(letters.name))] == ["two", "one"]


def test_rows_are_counted_from_the_summary_of_the_published_snapshot(lake: Lake, letters: TableSpec) -> None:
    audit = open_audit(lake, letters, run_id="one")
    write(audit, rows(lake, "a", "b", "c"))
    publish(audit, entry("one"))
    assert ledger.row_count(lake.table(letters.name)) == 3


def test_the_audit_branch_is_gone_after_its_publish(lake: Lake, letters: TableSpec) -> None:
    audit = open_audit(lake, letters, run_id="one")
    write(audit, rows(lake, "a"))
    publish(audit, entry("one"))
    assert set(lake.table(letters.name).refs()) == {"main"}


def test_of_two_runs_in_one_session_the_later_to_publish_is_told(lake: Lake, letters: TableSpec) -> None:
    first, second = open_audit(lake, letters, run_id="one"), open_audit(lake, letters, run_id="two")
    write(first, rows(lake, "a"))
    write(second, rows(lake, "b"))
    moved = publish(first, entry("one"))
    with pytest.raises(PublishConflictError) as told:
        publish(second, entry("two"))
    assert (told.value.base, told.value.found) == (second.base, moved)
    assert seen(lake, letters) == ["a"]


def test_the_loser_keeps_its_rows_on_its_branch(lake: Lake, letters: TableSpec) -> None:
    first, second = open_audit(lake, letters, run_id="one"), open_audit(lake, letters, run_id="two")
    write(second, rows(lake, "b"))
    publish(first, entry("one"))
    with pytest.raises(PublishConflictError):
        publish(second, entry("two"))
    assert [row.letter for row in lake.spark.table(second.target).collect()] == ["b"]


def test_rows_that_another_processcommits_in_between_are_not_lost(
    lake: Lake, letters: TableSpec, settings: Settings
) -> None:
    audit = open_audit(lake, letters, run_id="one")
    write(audit, rows(lake, "a"))
    append_in_another_process(settings, letters.name, letter="z")
    with pytest.raises(PublishConflictError):
        publish(audit, entry("one"))
    lake.refresh(letters.name)
    assert seen(lake, letters) == ["z"]


def test_a_change_beside_main_does_not_stop_a_publish(lake: Lake, letters: TableSpec) -> None:
    audit = open_audit(lake, letters, run_id="one")
    write(audit, rows(lake, "a"))
    lake.table(letters.name).manage_snapshots().create_tag(audit.base, "keep").commit()
    publish(audit, entry("one"))
    assert seen(lake, letters) == ["a"]


def test_acommit_that_fails_for_ever_is_given_up(lake: Lake, letters: TableSpec) -> None:
    lake.ensure(letters)
    tries = []

    def change(_: object) -> None:
        tries.append(1)
        raise CommitFailedException("someone else was faster")

    with pytest.raises(CommitFailedException):
        commit(lake.catalog, letters.name, change)
    assert len(tries) > 1


def append_in_another_process(settings: Settings, name: str, *, letter: str) -> None:
    script = f"""
        import pyarrow as pa
        from pyiceberg.catalog import load_catalog
        catalog = load_catalog("lake", **{pyiceberg_properties(settings)!r})
        table = catalog.load_table({name!r})
        table.append(pa.Table.from_pylist([{{"letter": {letter!r}, "amount": 1}}], schema=table.schema().as_arrow()))
    """
    subprocess.run([sys.executable, "-c", textwrap.dedent(script)], check=True, timeout=60)
