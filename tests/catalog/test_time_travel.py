"""A table as it was: its publishes, and which snapshot it is that an instant or a run names."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from pyiceberg.table import Table

from lakehouse.catalog.batch_stamp import BatchStamp
from lakehouse.catalog.iceberg import Lake
from lakehouse.catalog.ledger import LedgerEntry, lineage
from lakehouse.catalog.publish import open_audit, publish
from lakehouse.catalog.retention import Retention
from lakehouse.catalog.rollback import plan_rollback, roll_back
from lakehouse.catalog.time_travel import (
    State,
    TimeTravelError,
    changes_since_publish,
    instant_of,
    publishes,
    snapshot_as_of,
)
from lakehouse.contract.ddl import full_name
from lakehouse.contract.table import TableSpec
from tests.catalog.conftest import add_by_hand, compact, expire, publish_letters

# Together they take minutes: each writes Iceberg tables, some times.
pytestmark = pytest.mark.slow


def read(lake: Lake, spec: TableSpec, as_of: datetime | str) -> list[str]:
    return sorted(row.letter for row in lake.read(spec.schema, as_of=as_of).collect())


def instants(table: Table) -> list[datetime]:
    """The instants at which main was moved."""
    return [instant_of(one.timestamp_ms) for one in table.history()]


def states(lake: Lake, spec: TableSpec) -> list[tuple[str, str]]:
    return [(one.entry.run_id if one.entry else "", one.state.value) for one in publishes(lake.table(spec.name))]


def back(lake: Lake, spec: TableSpec, *, to: str | None = None) -> None:
    roll_back(lake.catalog, plan_rollback(lake.catalog, spec, to=to))


def test_a_table_is_read_as_it_was_at_an_instant(lake: Lake, letters: TableSpec) -> None:
    publish_letters(lake, letters, "one", "a")
    publish_letters(lake, letters, "two", "b")
    *_, first, second = instants(lake.table(letters.name))
    assert read(lake, letters, first) == read(lake, letters, second - timedelta(milliseconds=1)) == ["a"]
    assert read(lake, letters, second) == read(lake, letters, datetime.now(UTC)) == ["b"]


def test_the_instant_may_be_in_any_zone(lake: Lake, letters: TableSpec) -> None:
    publish_letters(lake, letters, "one", "a")
    publish_letters(lake, letters, "two", "b")
    first = instants(lake.table(letters.name))[-2]
    from_afar = first.astimezone(tz=ZoneInfo("Asia/Tokyo"))
    assert read(lake, letters, from_afar) == ["a"]


def test_an_instant_is_what_spark_takes_it_for(lake: Lake, letters: TableSpec) -> None:
    for run_id in ("one", "two"):
        publish_letters(lake, letters, run_id, run_id)
    back(lake, letters)
    table = lake.table(letters.name)
    lake.refresh(letters.name)
    for instant in instants(table):
        when = f"TIMESTAMP AS OF '{instant:%Y-%m-%d %H:%M:%S.%f} UTC'"
        sql = f"SELECT letter FROM {full_name(letters, catalog='lake')} {when}"
        assert read(lake, letters, instant) == [row.letter for row in lake.spark.sql(sql).collect()]


def test_at_the_time_before_a_rollback_the_table_is_what_was_rolled_back(lake: Lake, letters: TableSpec) -> None:
    publish_letters(lake, letters, "one", "a")
    publish_letters(lake, letters, "two", "b")
    between = datetime.now(UTC)
    time.sleep(0.01)
    back(lake, letters)
    assert (read(lake, letters, between), read(lake, letters, datetime.now(UTC))) == (["b"], ["a"])


def test_a_table_is_read_as_a_run_published_it(lake: Lake, letters: TableSpec) -> None:
    for run_id in ("one", "two", "three"):
        publish_letters(lake, letters, run_id, run_id)
    assert [read(lake, letters, run_id) for run_id in ("one", "three")] == [["one"], ["three"]]


def test_a_run_that_was_rolled_back_can_be_read(lake: Lake, letters: TableSpec) -> None:
    for run_id in ("one", "two"):
        publish_letters(lake, letters, run_id, run_id)
    back(lake, letters)
    assert read(lake, letters, "two") == ["two"]


def test_a_session_reads_a_publish_that_it_has_not_seen_yet(lake: Lake, letters: TableSpec) -> None:
    publish_letters(lake, letters, "one", "a")
    lake.rows(letters).collect()
    table = lake.table(letters.name)
    other = LedgerEntry(run_id="elsewhere", published_at=datetime.now(UTC))
    table.append(table.scan().to_arrow(), snapshot_properties=other.summary())
    assert read(lake, letters, "elsewhere") == ["a", "a"]


def test_a_column_that_came_later_is_null(lake: Lake, letters: TableSpec) -> None:
    name = full_name(letters, catalog="lake")
    lake.spark.sql("CREATE NAMESPACE IF NOT EXISTS lake.silver")
    lake.spark.sql(f"CREATE TABLE {name} (letter string NOT NULL) USING iceberg")
    lake.spark.sql(f"INSERT INTO {name} VALUES ('a')")
    (before,) = instants(lake.table(letters.name))
    publish_letters(lake, letters, "one", "b")
    assert [tuple(row) for row in lake.read(letters.schema, as_of=before).collect()] == [("a", None)]


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        (datetime(2026, 5, 1, 12), "no time zone; write datetime"),
        (datetime(2026, 5, 1, 12, tzinfo=UTC).date(), "a datetime with a time zone, the id of a run, or release_"),
        (datetime(2001, 1, 1, tzinfo=UTC), "it begins at 20"),
        ("three", "no run of this id .* there are still two, one. An instant is a datetime"),
        ("", "no run of this id"),
    ],
)
def test_what_cannot_be_found_is_refused_with_what_to_do(lake: Lake, letters: TableSpec, wrong: Any, says: str) -> None:
    for run_id in ("one", "two"):
        publish(open_audit(lake, letters, run_id=run_id), LedgerEntry(run_id=run_id, published_at=datetime.now(UTC)))
    with pytest.raises(TimeTravelError, match=says) as told:
        lake.read(letters.schema, as_of=wrong)
    assert told.value.table == letters.name


def test_an_instant_and_a_snapshot_together_are_refused(lake: Lake, letters: TableSpec) -> None:
    snapshot = publish_letters(lake, letters, "one", "a")
    with pytest.raises(TimeTravelError, match="give one of the two"):
        lake.read(letters.schema, as_of="one", snapshot_id=snapshot)


def test_a_table_without_any_snapshot_was_nothing_yet(lake: Lake, letters: TableSpec) -> None:
    lake.ensure(letters)
    with pytest.raises(TimeTravelError, match="nothing was written to it yet"):
        lake.read(letters.schema, as_of=datetime.now(UTC))


def test_an_instant_that_has_expired_is_told_with_the_runs_that_are_there(lake: Lake, letters: TableSpec) -> None:
    for run_id in ("one", "two", "three"):
        publish_letters(lake, letters, run_id, run_id, retention=Retention(keep_count=2))
    first = instants(lake.table(letters.name))[1]
    expire(lake, letters)
    with pytest.raises(TimeTravelError, match="have expired; of runs there are still three, two"):
        lake.read(letters.schema, as_of=first)
    with pytest.raises(TimeTravelError, match="there are still three, two"):
        lake.read(letters.schema, as_of="one")


def test_instants_of_publishes_that_are_kept_can_be_read_after_expiry(lake: Lake, letters: TableSpec) -> None:
    for run_id in ("one", "two"):
        publish_letters(lake, letters, run_id, run_id)
    first = instants(lake.table(letters.name))[1]
    expire(lake, letters)
    assert read(lake, letters, "one") == ["one"]
    with pytest.raises(TimeTravelError, match="have expired"):
        snapshot_as_of(lake.table(letters.name), first - timedelta(days=1))


def test_publishes_are_listed_with_their_rows_and_tags(lake: Lake, letters: TableSpec) -> None:
    one = publish_letters(lake, letters, "one", "a", "b")
    two = publish_letters(lake, letters, "two", "c", retention=Retention(keep_count=1))
    found = publishes(lake.table(letters.name))
    assert [(p.snapshot_id, p.rows, p.tag) for p in found] == [(two, 1, "publish_two"), (one, 2, None)]


def test_what_was_rolled_back_is_told_from_what_is_earlier(lake: Lake, letters: TableSpec) -> None:
    for run_id in ("one", "two"):
        publish_letters(lake, letters, run_id, "a")
    back(lake, letters)
    assert states(lake, letters) == [("two", State.ROLLED_BACK), ("one", State.CURRENT)]
    publish_letters(lake, letters, "three", "a")
    assert states(lake, letters) == [("three", State.CURRENT), ("two", State.ROLLED_BACK), ("one", State.EARLIER)]


def test_states_are_known_after_the_snapshots_between_publishes_have_expired(lake: Lake, letters: TableSpec) -> None:
    for run_id in ("one", "two"):
        publish_letters(lake, letters, run_id, "a")
    back(lake, letters)
    publish_letters(lake, letters, "three", "a")
    expire(lake, letters)
    assert len(list(lineage(lake.table(letters.name)))) == 2
    assert states(lake, letters) == [("three", State.CURRENT), ("two", State.ROLLED_BACK), ("one", State.EARLIER)]


def test_what_a_compaction_and_expiry_have_cut_off_is_not_called_rolled_back(lake: Lake, letters: TableSpec) -> None:
    publish_letters(lake, letters, "one", "a")
    for letter in ("b", "c"):
        add_by_hand(lake, letters, letter)
        compact(lake, letters)
    expire(lake, letters)
    publish_letters(lake, letters, "two", "a")
    expire(lake, letters)
    assert states(lake, letters) == [("two", State.CURRENT), ("one", State.EARLIER)]


def test_a_change_by_hand_is_seen_and_a_compaction_is_none(lake: Lake, letters: TableSpec) -> None:
    publish_letters(lake, letters, "one", "a", "b")
    compact(lake, letters)
    assert list(changes_since_publish(lake.table(letters.name))) == []
    lake.refresh(letters.name)
    add_by_hand(lake, letters, "z")
    table = lake.table(letters.name)
    assert [one.snapshot_id for one in changes_since_publish(table)] == [table.history()[-1].snapshot_id]


def test_batches_of_a_stream_are_publishes_too(lake: Lake, letters: TableSpec) -> None:
    one = {"t": {"0": (0, 5)}}
    publish(open_audit(lake, letters, run_id="b"), BatchStamp(query_id="q", batch_id=7, ranges=one, cumulative=one))
    (found,) = publishes(lake.table(letters.name))
    assert found.stamp is not None
    assert (found.stamp.batch_id, found.stamp.records, found.entry, found.state) == (7, 5, None, State.CURRENT)
