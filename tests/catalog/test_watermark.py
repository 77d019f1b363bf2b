"""The newest instant of a table, from the stamps and manifests of its commits alone."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import pyarrow as pa
import pytest
from pyiceberg.table import Table
from pyspark.sql.types import StringType

from lakehouse import Column, KafkaRecord, Schema, StructType, table
from lakehouse.catalog.append_once import append_once
from lakehouse.catalog.batch_stamp import newest_stamp, stamp_batch, stamp_replay
from lakehouse.catalog.iceberg import Lake
from lakehouse.catalog.ledger import ancestors
from lakehouse.catalog.live_files import added_files
from lakehouse.catalog.offsets import Span, remainder
from lakehouse.catalog.watermark import judged, newest_event
from lakehouse.contract import EventTime, EventTimed
from lakehouse.contract.table import TableSpec, spec_of
from tests.catalog.conftest import LATER

T0 = datetime(2026, 5, 1, tzinfo=UTC)


class Order(Schema):
    """An order."""

    placed_at: Column[StringType]


class Raw(KafkaRecord, EventTimed):
    """Orders."""

    record: Column[StructType[Order]]


def at(minutes: float) -> datetime:
    return T0 + timedelta(minutes=minutes)


class Stream:
    """A table whose commits are made by hand: the minutes of events and of Kafka's clock as a test wants them."""

    def __init__(self, lake: Lake, spec: TableSpec) -> None:
        self.lake, self.spec, self.batch, self.end = lake, spec, 0, 0
        lake.ensure(spec)

    @property
    def table(self) -> Table:
        return self.lake.table(self.spec.name)

    def commit(self, *events: float | None, clock: float = 10_000, spark: bool = False) -> None:
        """Append rows with the stamp of a batch."""
        first, self.end = self.end, self.end + max(1, len(events))
        new = remainder({"t": {"0": first}}, {"t": {"0": self.end}}, {})
        before, newest = newest_stamp(self.table), newest_event(self.table)
        stamp = stamp_batch(query_id="q", batch_id=self.batch, new=new, before=before, newest_event=newest)
        self.batch += 1
        rows = [
            {
                "topic": "t", "partition": 0, "offset": n, "ingested_at": at(0), "kafka_timestamp": at(clock),
                "event_time": None if one is None else at(one),
            }
            for n, one in enumerate(events)
        ]  # fmt: skip
        if spark:
            head = self.table.current_snapshot()
            df = self.lake.spark.createDataFrame(cast(Any, rows), self.spec.struct)
            since = head.snapshot_id if head else None
            append_once(self.lake, self.spec, df, since=since, summary=stamp.summary())
        else:
            self.append(rows, stamp.summary())

    def append(self, rows: Sequence[dict[str, Any]], summary: dict[str, str]) -> None:
        data = pa.Table.from_pylist(list(rows), schema=self.table.schema().as_arrow())
        self.table.append(data, snapshot_properties=summary)

    def replay(self, event: float) -> None:
        """Append a row as a replay does."""
        before, newest = newest_stamp(self.table), newest_event(self.table)
        assert before is not None
        row = {"topic": "t", "partition": 0, "offset": 0, "ingested_at": at(0), "event_time": at(event)}
        parts = (Span(topic="t", partition="0", first=0, next=1),)
        self.append([row], stamp_replay(before, parts, newest_event=newest).summary())

    def call(self, procedure: str, **options: str) -> None:
        self.lake.refresh(self.spec.name)
        named = "".join(f", {name} => {value}" for name, value in options.items())
        self.lake.spark.sql(f"CALL lake.system.{procedure}(table => '{self.spec.name}'{named})")
        self.lake.refresh(self.spec.name)


def declared(unique: str, **properties: str) -> TableSpec:
    event_time = EventTime(field="placed_at", delay=timedelta(minutes=10))
    declare = table(f"bronze.{unique}", event_time=event_time, properties=properties)
    return spec_of(declare(type("Fresh", (Raw,), {"__annotations__": {}})))


@pytest.fixture
def stream(lake: Lake, unique: str) -> Stream:
    return Stream(lake, declared(unique))


def test_a_table_without_a_commit_knows_no_instant(stream: Stream) -> None:
    assert newest_event(stream.table) is None


def test_the_newest_instant_is_that_of_all_commits_also_when_the_last_one_is_older(stream: Stream) -> None:
    stream.commit(5, 60, None)
    stream.commit(20)
    stream.commit(None)
    assert newest_event(stream.table) == at(60)


def test_a_stamp_carries_the_newest_instant_before_its_commit(stream: Stream) -> None:
    stream.commit(60)
    stream.commit(70)
    stamp = newest_stamp(stream.table)
    assert stamp is not None
    assert stamp.newest_event == at(60)


def test_events_without_an_instant_leave_it_unknown(stream: Stream) -> None:
    stream.commit(None, None)
    stream.commit()
    assert newest_event(stream.table) is None


def test_an_event_from_the_future_counts_as_of_kafkas_clock_and_does_not_go_on_with_it(stream: Stream) -> None:
    stream.commit(10**9, clock=60)
    assert newest_event(stream.table) == at(60)
    stream.commit(61, clock=500)
    assert newest_event(stream.table) == at(61)


def test_where_kafkas_clock_is_the_producers_the_instant_of_the_commit_is_the_limit(stream: Stream) -> None:
    stream.commit(10**9, clock=10**9)
    head, found = stream.table.current_snapshot(), newest_event(stream.table)
    assert head is not None
    assert found is not None
    assert found.timestamp() * 1000 == pytest.approx(head.timestamp_ms)


def test_what_a_replay_adds_moves_nothing_and_loses_nothing(stream: Stream) -> None:
    stream.commit(60)
    stream.replay(90)
    stream.replay(95)
    assert newest_event(stream.table) == at(60)
    stream.commit(50)
    assert newest_event(stream.table) == at(60)


def test_it_outlives_expiry_and_compaction(stream: Stream) -> None:
    for event in (60, 50, 40):
        stream.commit(event)
    stream.call("rewrite_data_files", options="map('rewrite-all', 'true')")
    stream.call("expire_snapshots", older_than=LATER, retain_last="2")
    assert (newest_event(stream.table), len(list(ancestors(stream.table)))) == (at(60), 2)


def test_it_goes_back_with_a_table_that_is_rolled_back(stream: Stream) -> None:
    stream.commit(60)
    first = stream.table.current_snapshot()
    assert first is not None
    stream.commit(90)
    stream.call("rollback_to_snapshot", snapshot_id=str(first.snapshot_id))
    assert newest_event(stream.table) == at(60)


def test_a_table_has_it_that_wants_no_metrics_and_whose_manifests_are_joined(lake: Lake, unique: str) -> None:
    wants = {"write.metadata.metrics.default": "none", "commit.manifest.min-count-to-merge": "2"}
    bare = Stream(lake, declared(unique, **wants))
    for event in (60, 50, 40):
        bare.commit(event, spark=True)
    live, head = bare.table, bare.table.current_snapshot()
    assert newest_event(live) == at(60)
    assert head is not None
    assert (len(head.manifests(live.io)), len(added_files(live, head))) == (1, 1)


def test_offsets_are_told_with_the_instants_that_their_own_commits_went_by(stream: Stream) -> None:
    for events in ((60, 61), (90,), (95, 96)):
        stream.commit(*events)
    stream.replay(10)

    def found(first: int, next_: int) -> list[tuple[tuple[int, int], datetime | None]]:
        commits = judged(stream.table, {"t": {"0": (first, next_)}})
        return [(one.ranges["t"]["0"], one.newest_event) for one in commits]

    assert found(3, 5) == [((3, 5), at(90))]
    assert found(1, 3) == [((2, 3), at(61)), ((0, 2), None)]
    assert found(5, 9) == []
