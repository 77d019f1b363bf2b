"""Late records of a stream: judged once, by what the table was given before, and kept or set aside."""

from __future__ import annotations

import json
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any, cast

import confluent_kafka
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from pyspark.sql import Row
from pyspark.sql import functions as F
from pyspark.sql.types import LongType, StringType

import lakehouse.pipeline.batch as batch_module
from lakehouse import Column, DataSet, KafkaRecord, Schema, StructType, build, conform, required, table
from lakehouse.catalog.append_once import append_once
from lakehouse.catalog.batch_stamp import newest_stamp, stamp_batch
from lakehouse.catalog.iceberg import Lake
from lakehouse.catalog.offsets import remainder
from lakehouse.catalog.watermark import newest_event
from lakehouse.contract import EventTime, EventTimed, Late
from lakehouse.contract.build import build_of
from lakehouse.contract.table import TableSpec, spec_of
from lakehouse.errors import StreamError
from lakehouse.local.broker import Broker
from lakehouse.observe.batch_metrics import BatchMetrics
from lakehouse.pipeline.bronze_rows import to_bronze
from lakehouse.pipeline.checkpoint import Checkpoint
from lakehouse.pipeline.ingest import Ingest
from lakehouse.pipeline.replay import Chosen, Replayed, replay
from lakehouse.pipeline.stream import run_stream
from lakehouse.pipeline.verify import verify
from lakehouse.quality import Between, Gate, Policy
from lakehouse.sources.kafka import KafkaTopic
from lakehouse.sources.topics import ensure_topic
from tests.pipeline.conftest import Bench
from tests.pipeline.test_recovery import drop_before
from tests.pipeline.test_stream import KAFKA_COLUMNS

T0 = datetime.now(UTC).replace(microsecond=0) - timedelta(days=2)
DELAY = 10


class Order(Schema):
    """An order; times are minutes after ``T0``."""

    id: Annotated[Column[LongType], required, Between(0, 99)]
    placed_at: Column[StringType]


class OrdersRaw(KafkaRecord, EventTimed):
    """Orders as they arrive."""

    record: Column[StructType[Order]]


def at(minutes: float) -> datetime:
    return T0 + timedelta(minutes=minutes)


def declared(name: str, late: Late = Late.KEEP, *, rules: Sequence[object] = ()) -> TableSpec:
    event_time = EventTime(field="placed_at", delay=timedelta(minutes=DELAY), late=late)
    declare = table(name, partitioned_by=("dead_letter.reason",), event_time=event_time, rules=rules)
    return spec_of(declare(type("Fresh", (OrdersRaw,), {"__annotations__": {}})))


@dataclass
class Orders(Bench):
    """A stream of orders; the id of each is how many came before it."""

    sent: int = 0
    shown: list[BatchMetrics] = field(default_factory=list)

    def show(self, batch: BatchMetrics) -> None:
        self.shown.append(batch)

    def order(self, *placed: float | None, clock: float = 1_000) -> None:
        """Produce orders by the minute at which they were placed, at a minute of Kafka's clock."""
        producer = confluent_kafka.Producer({"bootstrap.servers": self.ingest.topic.bootstrap_servers, "log_level": 0})
        for one in placed:
            value = {"id": self.sent, "placed_at": None if one is None else at(one).isoformat()}
            stamp = int(at(clock).timestamp() * 1000)
            producer.produce(self.ingest.topic.topic, json.dumps(value), partition=0, timestamp=stamp)
            self.sent += 1
        assert producer.flush(30) == 0

    def batch(self, *placed: float | None, clock: float = 1_000) -> None:
        """Produce orders, and stream them as a batch."""
        self.order(*placed, clock=clock)
        run_stream(self.lake, self.ingest, metrics=[self])

    def rows(self) -> list[Row]:
        """All rows, dead letters too, in the order in which they were sent."""
        self.lake.refresh(self.ingest.spec.name)
        rows = self.lake.rows(self.ingest.spec).orderBy("offset", "ingested_at")
        return rows.select("offset", "record", "event_time", "late_by", "dead_letter.reason").collect()

    def late(self) -> dict[int, int]:
        """By offset, how many seconds the late ones are behind."""
        return {row.offset: row.late_by for row in self.rows() if row.late_by is not None}

    def good(self) -> list[int]:
        """The ids of the good rows."""
        return sorted(row.record.id for row in self.rows() if row.reason is None)

    def elsewhere(self, location: Path) -> Orders:
        """The same stream with another checkpoint."""
        return replace(self, ingest=replace(self.ingest, checkpoint=Checkpoint(str(location))))


def orders_of(bench: Bench, late: Late) -> Orders:
    return Orders(bench.lake, replace(bench.ingest, spec=declared(bench.ingest.spec.name, late)))


@pytest.fixture
def kept(bench: Bench) -> Orders:
    """A stream that keeps late orders as rows."""
    return orders_of(bench, Late.KEEP)


@pytest.fixture
def strict(bench: Bench) -> Orders:
    """A stream that sets late orders aside."""
    return orders_of(bench, Late.DEAD_LETTER)


def test_late_records_are_kept_with_their_delay_and_counted(kept: Orders) -> None:
    kept.batch(0, 60, 1)
    kept.batch(50, 49, None, 90, 49.99)
    kept.batch(79)
    assert kept.late() == {4: 60, 7: 0, 8: 60}
    assert kept.good() == list(range(9))
    assert [one.late for one in kept.shown] == [0, 2, 1]


def test_late_records_are_dead_letters_where_the_contract_says_so(strict: Orders) -> None:
    strict.batch(60)
    strict.batch(0, 51)
    dead, row = strict.rows()[1], strict.lake.dead_letters(strict.ingest.spec.schema).collect()[0]  # type: ignore[arg-type]
    assert (row.reason, json.loads(row.value)["id"], dead.record, strict.good()) == ("late", 1, None, [0, 2])
    assert row.detail == f"happened at {at(0):%FT%TZ}, 3000 s behind the watermark {at(50):%FT%TZ}"
    assert (dead.event_time.astimezone(UTC), dead.late_by) == (at(0), 3000)
    assert [(one.late, one.dead_letters) for one in strict.shown] == [(0, 0), (1, 1)]


def test_a_record_from_the_future_does_not_make_those_behind_it_late(strict: Orders) -> None:
    strict.batch(60, 500_000_000, clock=61)
    strict.batch(52, 50, clock=300)
    strict.batch(52, clock=300)
    assert (strict.late(), strict.good()) == ({3: 60}, [0, 1, 2, 4])


@pytest.mark.slow  # streams of some batches
def test_a_lost_checkpoint_changes_no_judgement(strict: Orders, tmp_path: Path) -> None:
    strict.batch(0, 60)
    strict.order(49, 50, 90)
    strict.elsewhere(tmp_path / "other").run(recover="from-table")
    assert (strict.late(), strict.good()) == ({2: 60}, [0, 1, 3, 4])


@pytest.mark.slow  # streams of some batches
def test_a_loss_that_was_accepted_keeps_the_watermark(strict: Orders) -> None:
    strict.batch(60)
    strict.order(70)
    drop_before(strict, 2)
    strict.order(0)
    strict.run(recover="from-table", accept_loss=True)
    assert (strict.late(), strict.good()) == ({2: 3000}, [0])


@pytest.mark.slow  # streams of some batches
def test_a_batch_that_was_overtaken_is_judged_by_what_came_before_it(
    kept: Orders, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept.batch(60)
    kept.order(90, 55)

    def after_another(lake: Lake, spec: TableSpec, rows: Any, *, since: int, summary: Any) -> None:
        monkeypatch.setattr(batch_module, "append_once", append_once)
        live, topic = lake.table(spec.name), kept.ingest.topic.topic
        before, new = newest_stamp(live), remainder({topic: {"0": 1}}, {topic: {"0": 2}}, {})
        first = stamp_batch(query_id="other", batch_id=1, new=new, before=before, newest_event=newest_event(live))
        append_once(lake, spec, rows.where("offset = 1"), since=since, summary=first.summary())
        append_once(lake, spec, rows, since=since, summary=summary)

    monkeypatch.setattr(batch_module, "append_once", after_another)
    kept.run()
    assert (kept.late(), kept.good()) == ({2: 1500}, [0, 1, 2])


def test_a_replay_lets_late_records_in_once(strict: Orders) -> None:
    strict.batch(60)
    strict.batch(0, 1)
    spec, chosen = strict.ingest.spec, Chosen(reasons=("late",), where="late_by < 3000")
    done = [replay(strict.lake, spec, chosen, max_bytes=1_000) for _ in range(2)]
    assert done == [Replayed(chosen=1, added=1), Replayed(chosen=0, added=0)]
    strict.batch(49, 50)
    assert (strict.good(), strict.late()) == ([0, 2, 4], {1: 3000, 2: 2940, 3: 60})
    (ledger,) = verify(strict.lake.catalog, strict.ingest)
    assert (ledger.problems, ledger.records, ledger.replayed) == ((), 5, 1)


def merging(orders: Orders, unique: str) -> tuple[Orders, TableSpec]:
    """The stream with a table of all its good rows."""
    raw: Any = orders.ingest.spec.schema

    class Placed(Schema):
        """One row per order."""

        id: Column[LongType]
        at: Column[LongType]
        late_by: Column[LongType]

    made = table(f"silver.{unique}", key=("id",), newest_by=("at",))(Placed)

    def placed(rows: Any) -> Any:
        return conform(rows.select("record.id", F.col("offset").alias("at"), "late_by"), made)

    placed.__annotations__ = {"rows": DataSet[raw], "return": DataSet[made]}  # type: ignore[valid-type]
    found = build_of(build(placed))
    assert found is not None
    return replace(orders, ingest=replace(orders.ingest, merges=(found,))), found.table


def merged(orders: Orders, spec: TableSpec) -> dict[int, int | None]:
    return {row.id: row.late_by for row in orders.lake.rows(spec).collect()}


def test_merges_take_the_rows_as_bronze_has_judged_them(kept: Orders, unique: str) -> None:
    both, placed = merging(kept, unique)
    both.batch(60)
    both.batch(49, 55, 90)
    assert (
        merged(both, placed)
        == {row.record.id: row.late_by for row in both.rows()}
        == {0: None, 1: 60, 2: None, 3: None}
    )


@pytest.mark.slow  # three batches, two of them merged
def test_a_merge_that_died_takes_the_good_rows_of_bronze_also_with_another_checkpoint(
    strict: Orders, unique: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    both, placed = merging(strict, unique)
    both.batch(60)
    with monkeypatch.context() as patch:
        patch.setattr(batch_module, "publish", None)
        with pytest.raises(StreamError):
            both.batch(49, 55, 90)
    # One batch of the new checkpoint has what two commits of bronze have.
    both.order(85, 79)
    both.elsewhere(tmp_path / "other").run(recover="from-table")
    assert (sorted(merged(both, placed)), both.good(), both.late()) == ([0, 2, 3, 4], [0, 2, 3, 4], {1: 60, 5: 60})


MINUTES = st.none() | st.integers(0, 60) | st.just(10**6)


@pytest.mark.slow  # a stream for each example
@settings(
    max_examples=3, deadline=None, phases=[Phase.generate], suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    sent=st.lists(st.tuples(MINUTES, st.integers(0, 90)), min_size=6, max_size=10),
    size=st.integers(3, 5),
    late=st.sampled_from(Late),
)
def test_each_record_is_there_and_late_exactly_when_it_is_before_the_watermark_of_its_batch(
    lake: Lake, kafka: Broker, tmp_path: Path, sent: list[tuple[int | None, int]], size: int, late: Late
) -> None:
    name = f"t{uuid.uuid4().hex[:10]}"
    ensure_topic(kafka.bootstrap_servers, name, partitions=1)
    topic = KafkaTopic(bootstrap_servers=kafka.bootstrap_servers, topic=name, max_offsets_per_trigger=size)
    spec, checkpoint = declared(f"bronze.{name}", late), Checkpoint(str(tmp_path / name))
    orders = Orders(lake, Ingest(spec=spec, topic=topic, checkpoint=checkpoint, max_record_bytes=1_000))
    for placed, clock in sent:
        orders.order(placed, clock=clock)
    assert orders.run().batches == -(-len(sent) // size)
    expected = model(sent, size)
    dead = {n for n, behind in enumerate(expected) if behind is not None} if late is Late.DEAD_LETTER else set()
    assert [row.late_by for row in orders.rows()] == expected
    assert orders.good() == [n for n in range(len(sent)) if n not in dead]
    assert {row.offset for row in orders.rows() if row.reason} == dead


def model(sent: list[tuple[int | None, int]], size: int) -> list[int | None]:
    """The seconds by which each record is late, in plain Python."""
    newest: int | None = None
    found: list[int | None] = []
    for first in range(0, len(sent), size):
        batch = sent[first : first + size]
        mark = None if newest is None else newest - DELAY
        found += [None if mark is None or one is None or one >= mark else (mark - one) * 60 for one, _ in batch]
        placed = [one for one, _ in batch if one is not None]
        if placed:
            known = min(max(placed), max(clock for _, clock in batch))
            newest = known if newest is None else max(newest, known)
    return found


def rows_of(lake: Lake, spec: TableSpec, *values: bytes, watermark: float) -> list[Row]:
    """Rows of a bronze table from the values of records."""
    records = [(None, value, "t", 0, n, at(0), 0, None) for n, value in enumerate(values)]
    df = lake.spark.createDataFrame(cast(Any, records), KAFKA_COLUMNS)
    return to_bronze(df, spec, max_bytes=1_000, watermark=F.lit(at(watermark))).orderBy("offset").collect()


def test_a_record_that_breaks_a_rule_keeps_that_reason_and_its_time(lake: Lake) -> None:
    spec = declared("bronze.ruled", Late.DEAD_LETTER, rules=(Gate(policy=Policy.QUARANTINE),))
    good, broken = ({"id": n, "placed_at": at(0).isoformat()} for n in (1, 100))
    values = [json.dumps(good).encode(), json.dumps(broken).encode(), b"{broken", b'{"id": 2, "placed_at": "soon"}']
    rows = rows_of(lake, spec, *values, watermark=1)
    reasons = [row.dead_letter and row.dead_letter.reason for row in rows]
    assert reasons == ["late", "contract_violation", "malformed_json", None]
    assert [row.late_by for row in rows] == [60, 60, None, None]
    assert [row.event_time is None for row in rows] == [False, False, True, True]


def test_messages_are_still_parsed_once(lake: Lake, capsys: pytest.CaptureFixture[str]) -> None:
    records = lake.spark.createDataFrame([], KAFKA_COLUMNS)
    spec = declared("bronze.parsed", Late.DEAD_LETTER)
    to_bronze(records, spec, max_bytes=1_000, watermark=F.lit(at(0))).explain()
    plan = capsys.readouterr().out
    assert (plan.count("from_json"), plan.count("Exchange"), plan.count("Python")) == (1, 0, 0)
