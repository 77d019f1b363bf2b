"""``verify``: what was lost or doubled is named, from snapshots, from the data and from Kafka."""

from __future__ import annotations

import confluent_kafka
import pytest

from lakehouse.catalog.stream_ledger import StreamLedger
from lakehouse.contract.ddl import full_name
from lakehouse.errors import StreamError
from lakehouse.pipeline.verify import compared_from, verify, verify_deep
from tests.pipeline.conftest import Bench
from tests.pipeline.test_batch import merging, routed
from tests.pipeline.test_recovery import drop_before, send


def deep(bench: Bench, *, dense: bool = True) -> StreamLedger:
    ledger = verify(bench.lake.catalog, bench.ingest, dense=dense)[0]
    return verify_deep(bench.lake, bench.ingest, ledger, since=compared_from(bench.ingest, ledger))


def problems(ledger: StreamLedger) -> list[str]:
    return [f"{one.kind}: {one.text.split('-', 1)[-1]}" for one in ledger.problems]


def test_a_stream_that_lost_and_doubled_nothing_is_proven(bench: Bench) -> None:
    send(bench, 1, 2)
    bench.send(b"{broken", partition=1)
    bench.run()
    send(bench, 3)
    bench.run()
    found = deep(bench)
    assert (found.problems, found.offsets, found.records, found.rows) == ((), 4, 4, 4)


def test_a_record_that_is_in_kafka_and_not_in_the_table_is_named(bench: Bench) -> None:
    send(bench, 1, 2, 3)
    bench.run()
    bench.lake.spark.sql(f"DELETE FROM {full_name(bench.ingest.spec, catalog='lake')} WHERE offset = 1")
    assert "lost: 0 [1, 2): is in Kafka and not in the table" in problems(deep(bench))


def test_a_record_that_is_there_twice_is_named(bench: Bench) -> None:
    send(bench, 1, 2, 3)
    bench.run()
    name = full_name(bench.ingest.spec, catalog="lake")
    bench.lake.spark.sql(f"INSERT INTO {name} SELECT * FROM {name} WHERE offset > 0")
    assert "doubled: 0 [1, 3): is in the table more than once" in problems(deep(bench))


def test_tables_that_share_a_stream_are_held_against_kafka_together(bench: Bench, unique: str) -> None:
    both, _ = routed(bench, unique)
    send(both, 1)
    both.send({"sensor": "return", "value": 2})
    both.run()
    assert [one.problems for one in verify(both.lake.catalog, both.ingest)] == [(), ()]
    assert deep(both).problems == ()


def test_a_table_that_is_merged_into_is_held_against_its_offsets_alone(bench: Bench, unique: str) -> None:
    both, _ = merging(bench, unique)
    send(both, 1, 2)
    both.run()
    send(both, 3)
    both.run()
    assert [one.problems for one in verify(both.lake.catalog, both.ingest)] == [(), ()]


def test_what_kafka_has_dropped_since_is_not_compared(bench: Bench) -> None:
    send(bench, 1, 2, 3)
    bench.run()
    drop_before(bench, 2)
    found = deep(bench)
    assert found.problems == ()
    assert compared_from(bench.ingest, found)[bench.ingest.topic.topic]["0"] == 2


def test_markers_of_transactions_are_no_records_that_are_missing(bench: Bench) -> None:
    settings = {"bootstrap.servers": bench.ingest.topic.bootstrap_servers, "transactional.id": bench.ingest.topic.topic}
    producer = confluent_kafka.Producer(settings)
    producer.init_transactions()
    for commit in (True, False, True):
        producer.begin_transaction()
        producer.produce(bench.ingest.topic.topic, b'{"sensor": "a", "value": 1}', partition=0)
        producer.commit_transaction() if commit else producer.abort_transaction()
    bench.run()
    assert bench.values() == [1, 1]
    assert deep(bench, dense=False).problems == ()
    assert [one.split(":")[0] for one in problems(deep(bench))] == ["too few rows"]


def test_a_table_that_no_stream_has_written_to_is_told(bench: Bench) -> None:
    bench.lake.ensure(bench.ingest.spec)
    with pytest.raises(StreamError, match="has no commit of a stream"):
        verify(bench.lake.catalog, bench.ingest)
