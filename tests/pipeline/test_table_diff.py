"""What differs between two states of a table: each row once, as added, removed or changed."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

import pyarrow as pa
import pytest
from pyspark.sql.types import LongType, StringType

from lakehouse import Column, KafkaRecord, Schema, StructType, table
from lakehouse.catalog.changes import Method
from lakehouse.catalog.iceberg import Lake
from lakehouse.catalog.ledger import LedgerEntry
from lakehouse.catalog.publish import open_audit, publish
from lakehouse.catalog.time_travel import TimeTravelError, instant_of
from lakehouse.contract.marks import Pii
from lakehouse.contract.schema import MapType
from lakehouse.contract.table import TableSpec, spec_of
from lakehouse.pipeline.diff_sample import Cell, DiffRow
from lakehouse.pipeline.row_pairs import Kind
from lakehouse.pipeline.table_diff import TableDiff, diff_table, plan_diff
from tests.catalog.conftest import compact, expire

slow = pytest.mark.slow  # these write Iceberg tables, some times each
START = "('a', 1, 'ann', null), ('b', 2, 'bob', null), ('c', 3, 'cy', null), ('d', 4, 'di', null)"


class Person(Schema):
    id: Column[StringType]
    age: Column[LongType]
    name: Annotated[Column[StringType], Pii.NAME]
    op: Column[StringType]


class Tagged(Schema):
    id: Column[StringType]
    tags: Column[MapType[StringType, StringType]]


class Labelled(Schema):
    id: Column[StringType]
    label: Column[StringType]
    more: Column[StringType]


class Message(Schema):
    text: Column[StringType]


class Messages(KafkaRecord):
    record: Column[StructType[Message]]


class Bench:
    """A table of its own, and what is done to it."""

    def __init__(self, lake: Lake, name: str, schema: type[Schema] = Person, **says: Any) -> None:
        fresh = type("Fresh", (schema,), {"__annotations__": {}, "__doc__": "Rows."})
        self.lake, self.spec = lake, spec_of(table(f"silver.{name}", **({"key": ("id",)} | says))(fresh))
        lake.ensure(self.spec)

    def sql(self, *statements: str) -> int:
        """Run statements, with the table's name for {t}; gives the snapshot after."""
        for statement in statements:
            self.lake.spark.sql(statement.format(t=f"lake.{self.spec.name}"))
        return self.head

    def publish(self, run: str, values: str = "") -> int:
        """Publish the table by a run, with these rows more."""
        audit = open_audit(self.lake, self.spec, run_id=run)
        if values:
            self.lake.spark.sql(f"INSERT INTO {audit.target} VALUES {values}")
        return publish(audit, LedgerEntry(run_id=run, published_at=datetime.now(UTC)))

    @property
    def head(self) -> int:
        snapshot = self.lake.table(self.spec.name).current_snapshot()
        assert snapshot is not None
        return snapshot.snapshot_id

    def diff(self, since: object = None, until: object = None, *, sample: int = 0) -> TableDiff:
        return self.of(self.spec, since, until, sample=sample)

    def of(self, spec: TableSpec, since: object = None, until: object = None, *, sample: int = 0) -> TableDiff:
        names = [None if one is None else str(one) for one in (since, until)]
        return diff_table(
            lambda: self.lake, plan_diff(self.lake.catalog, spec, since=names[0], until=names[1]), sample=sample
        )

    def between(self, since: object, until: object = None) -> tuple[int, int]:
        """The snapshots that these names, or none, mean."""
        names = [None if one is None else str(one) for one in (since, until)]
        plan = plan_diff(self.lake.catalog, self.spec, since=names[0], until=names[1])
        return plan.before.snapshot_id, plan.after.snapshot_id


def counts(found: TableDiff) -> tuple[int, int, int]:
    return found.added, found.removed, found.changed


@pytest.fixture
def people(lake: Lake, unique: str) -> Bench:
    """Four people, in a table with a key."""
    bench = Bench(lake, unique)
    bench.sql(f"INSERT INTO {{t}} VALUES {START}")
    return bench


def test_rows_are_added_removed_and_changed_by_key(people: Bench) -> None:
    since = people.head
    people.sql(
        "UPDATE {t} SET age = age + 1 WHERE id < 'c'", "UPDATE {t} SET name = null WHERE id = 'a'",
        "DELETE FROM {t} WHERE id = 'd'", "INSERT INTO {t} VALUES ('x', 9, 'xe', null)",
    )  # fmt: skip
    found = people.diff(since, sample=5)
    assert (found.method, counts(found), found.equal) == (Method.FILES, (1, 1, 2), False)
    assert list(found.columns.items()) == [("age", 2), ("name", 1)]
    ann, bob, xe, di = found.sample
    assert [row.kind for row in found.sample] == [Kind.CHANGED, Kind.CHANGED, Kind.ADDED, Kind.REMOVED]
    assert ann.cells[0] == Cell(column="age", before="1", after="2")
    assert bob == DiffRow(
        kind=Kind.CHANGED, key={"id": "b"}, cells=(Cell(column="age", before="2", after="3"),), rows=1
    )
    assert (xe.key, xe.cells[0]) == ({"id": "x"}, Cell(column="age", before=None, after="9"))
    assert (di.key, di.cells[0]) == ({"id": "d"}, Cell(column="age", before="4", after=None))


def test_personal_values_are_masked_in_the_sample(people: Bench) -> None:
    since = people.head
    people.sql("UPDATE {t} SET name = 'annabel' WHERE id = 'a'")
    (row,) = people.diff(since, sample=1).sample
    assert row.cells == (Cell(column="name", before="•••• (name, 3 characters)", after="•••• (name, 7 characters)"),)


def test_no_session_is_taken_where_the_metadata_tell_that_nothing_changed(people: Bench) -> None:
    def lake() -> Lake:
        raise AssertionError("rows were read")

    found = diff_table(lake, plan_diff(people.lake.catalog, people.spec, since="main"))
    assert (found.equal, found.method, found.reason) == (True, Method.NOTHING, "its snapshot is the same")


@slow
@pytest.mark.parametrize("key", [("id",), ()])
def test_a_row_that_was_written_anew_as_it_was_is_no_difference(lake: Lake, unique: str, key: tuple[str, ...]) -> None:
    bench = Bench(lake, unique, key=key)
    since = bench.sql(f"INSERT INTO {{t}} VALUES {START}")
    bench.sql("DELETE FROM {t} WHERE id < 'c'", "INSERT INTO {t} VALUES ('a', 1, 'ann', null), ('b', 2, 'bob', null)")
    found = bench.diff(since, sample=5)
    assert (found.method, counts(found), found.equal, found.sample) == (Method.FILES, (0, 0, 0), True, ())


@slow
def test_rows_without_a_key_are_compared_one_by_one(lake: Lake, unique: str) -> None:
    bench = Bench(lake, unique, key=())
    since = bench.sql("INSERT INTO {t} VALUES ('a', 1, 'n', null), ('a', 1, 'n', null), ('b', 1, 'n', null)")
    bench.sql("DELETE FROM {t} WHERE id = 'a'", "UPDATE {t} SET age = 2", "INSERT INTO {t} VALUES ('a', 1, 'n', null)")
    found = bench.diff(since, sample=5)
    assert (counts(found), found.key, dict(found.columns)) == ((1, 2, 0), (), {})
    assert [(row.kind, row.cells[0].before, row.cells[0].after) for row in found.sample] == [
        (Kind.ADDED, None, "b"), (Kind.REMOVED, "a", None), (Kind.REMOVED, "b", None),
    ]  # fmt: skip


@slow
def test_equal_rows_are_one_in_the_sample_with_their_number(lake: Lake, unique: str) -> None:
    bench = Bench(lake, unique, key=())
    since = bench.sql("INSERT INTO {t} VALUES ('a', 1, 'n', null), ('a', 1, 'n', null), ('b', 1, 'n', null)")
    bench.sql("DELETE FROM {t} WHERE id = 'a'")
    (row,) = bench.diff(since, sample=5).sample
    assert (row.kind, row.rows) == (Kind.REMOVED, 2)


@slow
def test_rows_that_share_a_key_are_added_and_removed(people: Bench) -> None:
    since = people.sql("INSERT INTO {t} VALUES ('a', 7, 'ann', null)")
    people.sql("UPDATE {t} SET age = age + 1 WHERE id < 'c'")
    found = people.diff(since)
    assert (counts(found), found.shared_keys) == ((2, 2, 1), 1)


@slow
def test_of_appended_rows_only_these_are_read(people: Bench) -> None:
    since = people.head
    people.sql("INSERT INTO {t} VALUES ('x', 1, 'xe', null), ('y', 2, 'yo', null)")
    found = people.diff(since, sample=1)
    assert (found.method, counts(found), [row.key for row in found.sample]) == (
        Method.APPENDED, (2, 0, 0), [{"id": "x"}],
    )  # fmt: skip


@slow
def test_backwards_what_was_added_is_removed(people: Bench) -> None:
    since = people.head
    until = people.sql("INSERT INTO {t} VALUES ('x', 1, 'xe', null)", "UPDATE {t} SET age = 0 WHERE id = 'a'")
    found = people.diff(until, since, sample=5)
    assert counts(found) == (0, 1, 1)
    assert found.sample[0].cells == (Cell(column="age", before="0", after="1"),)


@slow
def test_a_compaction_is_no_difference(people: Bench) -> None:
    since = people.sql("INSERT INTO {t} VALUES ('x', 1, 'xe', null)")
    compact(people.lake, people.spec)
    assert (people.head != since, people.diff(since).equal) == (True, True)


@slow
def test_a_sample_is_as_large_as_asked_for(people: Bench) -> None:
    since = people.head
    people.sql("UPDATE {t} SET age = 0")
    assert [row.key["id"] for row in people.diff(since, sample=2).sample] == ["a", "b"]
    assert people.diff(since, sample=0).sample == ()


@slow
def test_values_too_long_are_cut_to_where_they_differ(lake: Lake, unique: str) -> None:
    bench = Bench(lake, unique, Labelled)
    since = bench.sql("INSERT INTO {t} SELECT 'a', concat(repeat('-', 500), 'b', repeat('-', 500)), null")
    bench.sql("UPDATE {t} SET label = replace(label, 'b', 'c')")
    ((cell,),) = (row.cells for row in bench.diff(since, sample=1).sample)
    assert (cell.before, cell.after) == tuple(f"…{'-' * 15}{one}{'-' * 42}…" for one in "bc")


@slow
@pytest.mark.parametrize(("change", "expected"), [("'x', '2'", (0, 0, 1)), ("'y', '2', 'x', '1'", (0, 0, 0))])
def test_rows_with_maps_are_compared_whole_whatever_the_order(
    lake: Lake, unique: str, change: str, expected: tuple[int, int, int]
) -> None:
    bench = Bench(lake, unique, Tagged)
    since = bench.sql("INSERT INTO {t} VALUES ('a', map('x', '1', 'y', '2')), ('b', null)")
    bench.sql(f"INSERT OVERWRITE {{t}} VALUES ('a', map({change})), ('b', null)")
    found = bench.diff(since, sample=1)
    assert (found.method, counts(found)) == (Method.WHOLE, expected)


@slow
@pytest.mark.parametrize("format_", [2, 3])
def test_the_columns_of_now_are_compared_and_a_new_one_was_null(lake: Lake, unique: str, format_: int) -> None:
    old = Bench(lake, unique, properties={"format-version": str(format_)})
    old.sql(f"INSERT INTO {{t}} VALUES {START}", "ALTER TABLE {t} RENAME COLUMN name TO label")
    since = old.head
    old.sql("ALTER TABLE {t} ADD COLUMN more string", "UPDATE {t} SET more = 'm' WHERE id = 'a'")
    new = type("Fresh", (Labelled,), {"__annotations__": {}, "__doc__": "Rows."})
    spec = spec_of(table(old.spec.name, key=("id",))(new))
    found = old.of(spec, since, sample=1)
    assert (found.method, counts(found)) == (Method.FILES if format_ == 2 else Method.WHOLE, (0, 0, 1))
    assert found.sample[0].cells == (Cell(column="more", before=None, after="m"),)


@slow
def test_a_row_whose_key_was_deleted_is_removed(lake: Lake, unique: str) -> None:
    bench = Bench(lake, unique, newest_by=("age",), deleted_by="op = 'd'")
    since = bench.sql(f"INSERT INTO {{t}} VALUES {START}, ('t', 1, 'to', 'd')")
    bench.sql("UPDATE {t} SET op = 'd' WHERE id = 'a'", "UPDATE {t} SET age = 8 WHERE id = 't'")
    assert counts(bench.diff(since)) == (0, 1, 0)


def receive(bench: Bench, *reasons: str | None) -> None:
    """Append records, each a dead letter for a reason, or a good row."""
    live = bench.lake.table(bench.spec.name)
    row = {"topic": "t", "partition": 0, "offset": 1, "ingested_at": datetime(2026, 11, 21, tzinfo=UTC)}
    rows = [row | {"dead_letter": {"reason": reason} if reason else None} for reason in reasons]
    live.append(pa.Table.from_pylist(rows, schema=live.schema().as_arrow()))


@slow
def test_dead_letters_are_no_rows_and_records_show_where_they_are_from(lake: Lake, unique: str) -> None:
    bench = Bench(lake, unique, Messages, key=(), partitioned_by=("dead_letter.reason",))
    receive(bench, None)
    since = bench.head
    receive(bench, None, "wrong_type")
    found = bench.diff(since, sample=5)
    assert counts(found) == (1, 0, 0)
    assert [(cell.column, cell.after) for cell in found.sample[0].cells[:2]] == [("topic", "t"), ("partition", "0")]


def tagged(bench: Bench, snapshot_id: int) -> str:
    bench.lake.table(bench.spec.name).manage_snapshots().create_tag(snapshot_id, "mine").commit()
    return "mine"


def instant(bench: Bench, snapshot_id: int) -> datetime:
    snapshot = bench.lake.table(bench.spec.name).snapshot_by_id(snapshot_id)
    assert snapshot is not None
    return instant_of(snapshot.timestamp_ms)


NAMES: dict[str, Callable[[Bench, int], str]] = {
    "run": lambda _, __: "one",
    "snapshot": lambda _, snapshot: str(snapshot),
    "tag": tagged,
    "instant": lambda bench, snapshot: instant(bench, snapshot).isoformat(),
    "instant of another zone": lambda bench, snapshot: (
        f"{(instant(bench, snapshot) + timedelta(hours=2)).replace(tzinfo=None).isoformat()}+02:00"
    ),
    "instant without a zone": lambda bench, snapshot: instant(bench, snapshot).replace(tzinfo=None).isoformat(" "),
}


@pytest.fixture(scope="module")
def twice(lake: Lake) -> tuple[Bench, int, int]:
    """A table that was published by two runs, and the snapshots of these. Tests only look at it."""
    bench = Bench(lake, f"t{uuid.uuid4().hex[:10]}")
    return bench, bench.publish("one", START), bench.publish("two", "('x', 1, 'xe', null)")


@slow
@pytest.mark.parametrize("how", NAMES)
def test_a_state_has_many_names(twice: tuple[Bench, int, int], how: str) -> None:
    bench, first, second = twice
    name = NAMES[how](bench, first)
    assert bench.between(name) == (first, second)
    assert bench.between("two", name) == (second, first)


@slow
def test_a_state_that_is_not_named_is_the_publish_before(people: Bench) -> None:
    first, second = people.publish("one"), people.publish("two", "('x', 1, 'xe', null)")
    assert people.between(None) == (first, second)
    compact(people.lake, people.spec)
    assert people.between(None) == (first, people.head), "a compaction changes no row"
    by_hand = people.sql("DELETE FROM {t} WHERE id = 'x'")
    assert people.between(None) == (second, by_hand)
    assert people.between(None, "two") == (first, second)


@slow
def test_the_publish_before_one_that_was_rolled_back_is_found(people: Bench) -> None:
    first, second = people.publish("one"), people.publish("two", "('x', 1, 'xe', null)")
    people.sql(f"CALL lake.system.rollback_to_snapshot('{people.spec.name}', {first})")
    assert people.between(None, "two") == (first, second)


@slow
@pytest.mark.parametrize(("names", "says"), [
    ((None, "one"), "nothing was published before; name another state to compare with, of runs there are two, one"),
    (("nope", None), "no instant such as 2026-11-21T06:00; of runs there are two, one"),
    ((None, "123"), "it has no snapshot of this id, or not any more; of runs there are two, one"),
    (("1999-01-01", None), "it begins at"),
])  # fmt: skip
def test_a_state_that_is_not_there_is_refused(
    twice: tuple[Bench, int, int], names: tuple[str | None, str | None], says: str
) -> None:
    with pytest.raises(TimeTravelError, match=says):
        twice[0].between(*names)


@slow
def test_a_publish_before_that_has_expired_is_refused(people: Bench) -> None:
    people.publish("one")
    people.publish("two")
    tags = people.lake.table(people.spec.name).manage_snapshots()
    tags.remove_tag("publish_one").commit()
    expire(people.lake, people.spec)
    with pytest.raises(TimeTravelError, match="that has expired; name another state"):
        people.between(None)


def test_a_table_without_a_snapshot_has_no_state(lake: Lake, unique: str) -> None:
    with pytest.raises(TimeTravelError, match="nothing was written to it yet"):
        Bench(lake, unique).between(None)
