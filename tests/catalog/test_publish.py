"""Publishing is one commit, safe against everyone else."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from datetime import timedelta
from typing import Any

import pytest
from pyiceberg.exceptions import CommitFailedException

from lakehouse.catalog import ledger
from lakehouse.catalog.batch_stamp import BatchStamp
from lakehouse.catalog.conflicts import commit
from lakehouse.catalog.connect import pyiceberg_properties
from lakehouse.catalog.iceberg import Lake
from lakehouse.catalog.publish import open_audit, publish
from lakehouse.catalog.readers import mark_read
from lakehouse.catalog.retention import Retention
from lakehouse.config import Settings
from lakehouse.contract.ddl import full_name
from lakehouse.contract.table import TableSpec
from lakehouse.errors import PublishConflictError
from tests.catalog.conftest import entry, expire, publish_letters, rows, seen, write


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
    assert set(lake.table(letters.name).refs()) == {"main", "publish_one"}


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


def tags(lake: Lake, spec: TableSpec) -> dict[str, int]:
    return {name: ref.snapshot_id for name, ref in lake.table(spec.name).refs().items() if name != "main"}


def tagged(spec: TableSpec, tag: str) -> str:
    return f"SELECT letter FROM {full_name(spec, catalog='lake')} VERSION AS OF '{tag}'"


def open_and_publish(lake: Lake, spec: TableSpec, run_id: str, retention: Retention | None = None) -> int:
    return publish(open_audit(lake, spec, run_id=run_id), entry(run_id), retention)


def test_each_publish_is_tagged_with_its_run(lake: Lake, letters: TableSpec) -> None:
    one, two = (publish_letters(lake, letters, run_id, run_id) for run_id in ("one", "two"))
    assert tags(lake, letters) == {"publish_one": one, "publish_two": two}
    assert [row.letter for row in lake.spark.sql(tagged(letters, "publish_one")).collect()] == ["one"]


def test_the_tag_has_the_age_that_it_was_given(lake: Lake, letters: TableSpec) -> None:
    publish_letters(lake, letters, "one", "a", retention=Retention(keep_for=timedelta(days=2)))
    publish_letters(lake, letters, "two", "a")
    ages = {name: ref.max_ref_age_ms for name, ref in lake.table(letters.name).refs().items()}
    assert ages == {"main": None, "publish_one": 2 * 86_400_000, "publish_two": 30 * 86_400_000}


def test_the_tag_the_end_of_the_oldest_and_the_publish_are_one_commit(lake: Lake, letters: TableSpec) -> None:
    for run_id in ("one", "two"):
        publish_letters(lake, letters, run_id, "a")
    audit = open_audit(lake, letters, run_id="three")
    commits = len(lake.table(letters.name).metadata.metadata_log)
    publish(audit, entry("three"), Retention(keep_count=2))
    assert len(lake.table(letters.name).metadata.metadata_log) == commits + 1
    assert set(tags(lake, letters)) == {"publish_two", "publish_three"}


@pytest.mark.parametrize(
    ("count", "kept"), [(1, {"three"}), (3, {"one", "two", "three"}), (9, {"one", "two", "three"})]
)
def test_so_many_publishes_are_kept_as_were_told(lake: Lake, letters: TableSpec, count: int, kept: set[str]) -> None:
    for run_id in ("one", "two", "three"):
        open_and_publish(lake, letters, run_id, Retention(keep_count=count))
    assert set(tags(lake, letters)) == {f"publish_{run_id}" for run_id in kept}


def test_a_publish_that_is_told_no_count_ends_no_tag(lake: Lake, letters: TableSpec) -> None:
    lake.ensure(letters)
    table = lake.table(letters.name)
    empty = table.schema().as_arrow().empty_table()
    for number in range(Retention().keep_count):
        table.append(empty, snapshot_properties=entry(f"r{number}").summary())
        table.manage_snapshots().create_tag(table.history()[-1].snapshot_id, f"publish_r{number}").commit()
    open_and_publish(lake, letters, "last")
    assert len(tags(lake, letters)) == Retention().keep_count + 1


def test_tags_of_others_are_neither_counted_nor_ended(lake: Lake, letters: TableSpec) -> None:
    first = open_and_publish(lake, letters, "one")
    mark_read(lake.catalog, letters.name, "snowflake")
    lake.table(letters.name).manage_snapshots().create_tag(first, "publish_of_the_year").commit()
    for run_id in ("two", "three"):
        open_and_publish(lake, letters, run_id, Retention(keep_count=1))
    assert set(tags(lake, letters)) == {"publish_three", "reader_snowflake", "publish_of_the_year"}


def test_a_batch_of_a_stream_is_not_tagged(lake: Lake, letters: TableSpec) -> None:
    one = {"t": {"0": (0, 5)}}
    audit = open_audit(lake, letters, run_id="batch")
    publish(audit, BatchStamp(query_id="q", batch_id=0, ranges=one, cumulative=one), Retention(keep_count=1))
    assert tags(lake, letters) == {}


def test_expiry_keeps_the_publishes_that_are_tagged_and_takes_the_others(lake: Lake, letters: TableSpec) -> None:
    found = [publish_letters(lake, letters, run, run, retention=Retention(keep_count=2)) for run in ("a", "b", "c")]
    expire(lake, letters)
    assert {one.snapshot_id for one in lake.table(letters.name).snapshots()} == set(found[1:])
    assert [row.letter for row in lake.spark.sql(tagged(letters, "publish_b")).collect()] == ["b"]


def test_expiry_ends_a_tag_that_is_too_old(lake: Lake, letters: TableSpec) -> None:
    publish_letters(lake, letters, "one", "a", retention=Retention(keep_for=timedelta(milliseconds=1)))
    newest = publish_letters(lake, letters, "two", "b")
    expire(lake, letters)
    assert tags(lake, letters) == {"publish_two": newest}
    assert [one.snapshot_id for one in lake.table(letters.name).snapshots()] == [newest]


@pytest.mark.parametrize("wrong", [{"keep_for": timedelta(0)}, {"keep_count": 0}])
def test_an_age_or_a_count_of_nothing_is_refused(wrong: dict[str, Any]) -> None:
    """Iceberg refuses to load a table with such a tag."""
    with pytest.raises(ValueError, match="at least"):
        Retention(**wrong)


def test_a_publish_leaves_what_main_was_told_to_keep(lake: Lake, letters: TableSpec) -> None:
    open_and_publish(lake, letters, "one")
    name = full_name(letters, catalog="lake")
    lake.spark.sql(f"ALTER TABLE {name} REPLACE BRANCH main WITH SNAPSHOT RETENTION 7 SNAPSHOTS 3 DAYS")
    open_and_publish(lake, letters, "two")
    main = lake.table(letters.name).refs()["main"]
    assert (main.min_snapshots_to_keep, main.max_snapshot_age_ms) == (7, 3 * 86_400_000)


def test_each_publish_knows_the_one_before(lake: Lake, letters: TableSpec) -> None:
    first = open_and_publish(lake, letters, "one")
    open_and_publish(lake, letters, "two")
    assert [one.previous for one in ledger.history(lake.table(letters.name))] == [first, None]


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
