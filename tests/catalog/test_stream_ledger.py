"""The ledger of a stream, from snapshots alone: gaps, overlaps, rows that are too many or too few, rows taken away."""

from __future__ import annotations

import time
from collections.abc import Sequence

import pyarrow as pa
import pytest
from pyiceberg.table import Table
from pyiceberg.table.snapshots import Operation, Summary
from pyspark.sql.types import StringType

from lakehouse import Column, Schema, table
from lakehouse.catalog.batch_stamp import BatchStamp, newest_stamp, stamp_batch
from lakehouse.catalog.iceberg import Lake
from lakehouse.catalog.offsets import Remainder, Span, remainder
from lakehouse.catalog.stream_ledger import StreamLedger, read_ledger
from lakehouse.contract.ddl import full_name
from lakehouse.contract.table import TableSpec, spec_of
from tests.catalog.conftest import LATER


class Thing(Schema):
    """Things."""

    name: Column[StringType]


class Stream:
    """A table whose commits are made by hand: rows and offsets as a test wants them."""

    def __init__(self, lake: Lake, spec: TableSpec) -> None:
        self.lake, self.spec, self.batch = lake, spec, 0
        lake.ensure(spec)

    @property
    def table(self) -> Table:
        return self.lake.table(self.spec.name)

    def commit(self, first: int, next_: int, *, rows: int | None = None, new: Remainder | None = None) -> None:
        """Append ``rows`` rows with the stamp of offsets ``[first, next_)``, whatever was there."""
        found = new or remainder({"t": {"0": first}}, {"t": {"0": next_}}, {})
        stamp = stamp_batch(query_id="q", batch_id=self.batch, new=found, before=newest_stamp(self.table))
        self.batch += 1
        self._append(next_ - first if rows is None else rows, stamp)

    def _append(self, rows: int, stamp: BatchStamp) -> None:
        data = pa.Table.from_pylist([{"name": "x"}] * rows, schema=self.table.schema().as_arrow())
        self.table.append(data, snapshot_properties=stamp.summary())

    def sql(self, statement: str) -> None:
        self.lake.refresh(self.spec.name)
        self.lake.spark.sql(statement.format(table=full_name(self.spec, catalog=self.lake.name)))

    def ledger(self, *, dense: bool = True, shared: Sequence[Table] = ()) -> StreamLedger:
        found = read_ledger(self.table, dense=dense, shared=shared)
        assert found is not None
        return found

    def problems(self) -> list[tuple[str, Span | None]]:
        return [(one.kind.value, one.span) for one in self.ledger().problems]


@pytest.fixture
def stream(lake: Lake, unique: str) -> Stream:
    return Stream(lake, spec_of(table(f"bronze.{unique}")(type("T", (Thing,), {"__annotations__": {}}))))


def span(first: int, next_: int) -> Span:
    return Span(topic="t", partition="0", first=first, next=next_)


def test_a_stream_without_a_gap_is_proven_from_its_first_offset_to_its_last(stream: Stream) -> None:
    for first, next_ in ((5, 8), (8, 8), (8, 12)):
        stream.commit(first, next_)
    found = stream.ledger()
    assert found.problems == ()
    (part,) = found.partitions
    assert (part.first, part.next, part.proven_from, found.offsets, found.records, found.rows) == (5, 12, 5, 7, 7, 7)


def test_a_gap_is_named(stream: Stream) -> None:
    stream.commit(0, 3)
    stream.commit(5, 6)
    assert ("gap", span(3, 5)) in stream.problems()


def test_an_overlap_is_named(stream: Stream) -> None:
    stream.commit(0, 5)
    stream.commit(3, 6)
    assert ("overlap", span(3, 5)) in stream.problems()


def test_a_gap_that_was_accepted_is_no_problem_but_is_shown(stream: Stream) -> None:
    stream.commit(0, 3)
    accepted = remainder({"t": {"0": 5}}, {"t": {"0": 6}}, {"t": {"0": (0, 3)}})
    stream.commit(5, 6, new=accepted)
    found = stream.ledger()
    assert (found.problems, found.accepted, found.offsets, found.records) == ((), (span(3, 5),), 4, 4)


def test_more_rows_than_offsets_are_doubled_rows(stream: Stream) -> None:
    stream.commit(0, 3, rows=4)
    assert {kind for kind, _ in stream.problems()} == {"too many rows"}


def test_fewer_rows_than_offsets_are_lost_unless_offsets_are_not_dense(stream: Stream) -> None:
    stream.commit(0, 3, rows=2)
    assert [kind for kind, _ in stream.problems()] == ["too few rows"]
    assert stream.ledger(dense=False).problems == ()


def test_tables_that_share_a_stream_hold_its_records_together(stream: Stream, lake: Lake, unique: str) -> None:
    other = Stream(lake, spec_of(table(f"bronze.{unique}_b")(type("U", (Thing,), {"__annotations__": {}}))))
    stream.commit(0, 3, rows=2)
    other.commit(0, 3, rows=1)
    assert stream.ledger(shared=[other.table]).problems == ()


def test_rows_that_someone_deleted_are_told_with_the_snapshot(stream: Stream) -> None:
    stream.commit(0, 3)
    stream.sql("DELETE FROM {table} WHERE name = 'x'")
    (problem,) = stream.ledger().problems
    assert "took 3 rows away" in problem.text


def test_a_compaction_is_no_problem(stream: Stream) -> None:
    stream.commit(0, 3)
    stream.commit(3, 6)
    options = "map('rewrite-all', 'true')"
    stream.lake.refresh(stream.spec.name)
    stream.sql(f"CALL lake.system.rewrite_data_files(table => '{stream.spec.name}', options => {options})")
    assert stream.ledger().problems == ()


def test_after_expiry_the_head_alone_says_what_the_table_holds(stream: Stream) -> None:
    for first in range(4):
        stream.commit(first, first + 1)
    stream.sql(
        f"CALL lake.system.expire_snapshots(table => '{stream.spec.name}', older_than => {LATER}, retain_last => 1)"
    )
    found = stream.ledger()
    (part,) = found.partitions
    assert (found.commits, found.problems) == (1, ())
    assert (part.first, part.next, part.proven_from, found.records) == (0, 4, 3, 4)


def test_a_table_without_a_stream_has_no_ledger(stream: Stream) -> None:
    assert read_ledger(stream.table) is None


@pytest.mark.slow
def test_ten_thousand_commits_are_read_in_seconds(stream: Stream) -> None:
    stream.commit(0, 1)
    metadata = stream.table.metadata
    (snapshot,) = metadata.snapshots
    snapshots = [snapshot]
    before = newest_stamp(stream.table)
    for number in range(1, 10_000):
        new = remainder({"t": {"0": number}}, {"t": {"0": number + 1}}, {})
        stamp = stamp_batch(query_id="q", batch_id=number, new=new, before=before)
        properties = {**stamp.summary(), "added-records": "1", "total-records": str(number + 1)}
        before = BatchStamp.from_snapshot(made := snapshot.model_copy(update={
            "snapshot_id": number, "parent_snapshot_id": snapshots[-1].snapshot_id, "sequence_number": number + 1,
            "summary": Summary(Operation.APPEND, **properties),
        }))  # fmt: skip
        snapshots.append(made)
    main = metadata.refs["main"].model_copy(update={"snapshot_id": snapshots[-1].snapshot_id})
    long = metadata.model_copy(update={"snapshots": snapshots, "refs": {"main": main}})
    text = long.model_dump_json()
    started = time.process_time()
    loaded = stream.table
    loaded.metadata = type(metadata).model_validate_json(text)
    found = read_ledger(loaded)
    seconds = time.process_time() - started
    assert found is not None
    assert (found.commits, found.problems, found.records) == (10_000, (), 10_000)
    print(f"{len(text) / 2**20:.1f} MiB of metadata, {seconds:.2f} CPU s")
