"""Kafka into bronze: nothing lost, nothing twice, bad input told."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

import pytest

from lakehouse.catalog.batch_stamp import newest_stamp
from lakehouse.contract.ddl import full_name
from lakehouse.errors import SchemaMismatchError, SourceError, StreamError
from lakehouse.pipeline.batch import BatchWriter
from lakehouse.pipeline.bronze_rows import to_bronze
from lakehouse.sources.kafka import KafkaTopic
from tests.pipeline.conftest import Bench

KAFKA_COLUMNS = """
    key binary, value binary, topic string, partition int, offset bigint, timestamp timestamp, timestampType int,
    headers array<struct<key: string, value: binary>>
"""


def reading(value: int) -> dict[str, object]:
    return {"sensor": "a", "value": value}


def test_every_record_is_a_good_row_or_a_dead_letter(bench: Bench) -> None:
    huge = {"sensor": "a" * 1_100_000, "value": 1}
    bench.send(
        reading(1), b'{"sensor', {"sensor": "a", "value": "x"}, {"value": 2}, b"", None, huge, reading(2), partition=1
    )
    bench.run()
    bad = {"malformed_json", "wrong_type", "missing_required", "empty", "tombstone", "too_large"}
    assert bench.counts() == dict.fromkeys(bad, 1) | {None: 2}


def test_a_dead_letter_keeps_the_record_byte_for_byte_and_its_place(bench: Bench) -> None:
    bench.send(reading(1), b'{"sensor', partition=1)
    bench.run()
    (row,) = bench.lake.dead_letters(bench.ingest.spec.schema).collect()  # type: ignore[arg-type]
    assert (row.partition, row.offset, bytes(row.value), bytes(row.key)) == (1, 1, b'{"sensor', b"k")


def test_good_rows_are_read_without_dead_letters(bench: Bench) -> None:
    bench.send(reading(1), b"", reading(2))
    bench.run()
    assert bench.values() == [1, 2]


def test_a_stream_that_has_caught_up_writes_nothing(bench: Bench) -> None:
    bench.send(reading(1))
    assert (bench.run().records, bench.run().records, bench.values()) == (1, 0, [1])


def test_the_next_run_takes_what_came_since(bench: Bench) -> None:
    for value in (1, 2):
        bench.send(reading(value))
        bench.run()
    assert bench.values() == [1, 2]


def test_a_commit_carries_the_offsets_of_its_batch_and_of_all_before(bench: Bench) -> None:
    bench.send(reading(1), reading(2))
    bench.run()
    bench.send(reading(3), partition=1)
    bench.run()
    stamp, topic = newest_stamp(bench.lake.table(bench.ingest.spec.name)), bench.ingest.topic.topic
    assert stamp is not None
    assert stamp.ranges == {topic: {"0": (2, 2), "1": (0, 1)}}
    assert stamp.cumulative == {topic: {"0": (0, 2), "1": (0, 1)}}


def test_a_batch_that_was_committed_before_a_crash_is_not_written_again(bench: Bench) -> None:
    bench.send(reading(1), reading(2))
    bench.run()
    # A crash between the commit to the table and the checkpoint's own note of it leaves this behind.
    for note in (Path(bench.ingest.checkpoint.location) / "commits").iterdir():
        note.unlink()
    assert bench.run().batches == 0
    assert bench.values() == [1, 2]


def test_a_batch_that_failed_before_its_commit_is_read_again(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    bench.send(reading(1))

    def die(*_: object) -> None:
        raise StreamError("the machine is gone")

    with monkeypatch.context() as patched:
        patched.setattr(BatchWriter, "_write", die)
        with pytest.raises(StreamError, match="the machine is gone"):
            bench.run()
    bench.run()
    assert bench.values() == [1]


def test_a_lost_checkpoint_is_refused_with_the_way_out(bench: Bench, tmp_path: Path) -> None:
    bench.send(reading(1))
    bench.run()
    with pytest.raises(StreamError, match=r"--recover from-table"):
        bench.with_checkpoint(tmp_path / "other").run()
    assert bench.values() == [1]


def test_recovering_from_the_table_goes_on_where_it_ends(bench: Bench, tmp_path: Path) -> None:
    bench.send(reading(1), reading(2))
    bench.run()
    bench.send(reading(3))
    bench.with_checkpoint(tmp_path / "other").run(recover="from-table")
    assert bench.values() == [1, 2, 3]


def test_a_checkpoint_of_another_query_is_refused(bench: Bench, tmp_path: Path) -> None:
    bench.send(reading(1))
    bench.run()
    bench.send(reading(2))
    bench.with_checkpoint(tmp_path / "other").run(recover="from-table")
    with pytest.raises(StreamError, match="which the checkpoint has not done"):
        bench.run()


def test_a_topic_that_does_not_exist_is_named_with_its_near_match(bench: Bench) -> None:
    wrong = replace(bench.ingest.topic, topic=f"{bench.ingest.topic.topic}x")
    with pytest.raises(SourceError, match=f"did you mean '{bench.ingest.topic.topic}'"):
        replace(bench, ingest=replace(bench.ingest, topic=wrong)).run()


@pytest.mark.slow  # the client tries for 15 seconds
def test_a_broker_that_is_down_is_told_with_its_address_within_30_s(bench: Bench) -> None:
    topic = KafkaTopic(bootstrap_servers="127.0.0.1:1", topic="users")
    started = time.monotonic()
    with pytest.raises(SourceError, match=r"127\.0\.0\.1:1"):
        replace(bench, ingest=replace(bench.ingest, topic=topic)).run()
    assert time.monotonic() - started < 30


def test_a_table_whose_schema_differs_is_refused_before_anything_is_read(bench: Bench) -> None:
    name = full_name(bench.ingest.spec, catalog=bench.lake.name)
    bench.lake.spark.sql("CREATE NAMESPACE IF NOT EXISTS bronze")
    bench.lake.spark.sql(f"CREATE TABLE {name} (topic STRING, record STRUCT<value: STRING>) USING iceberg")
    with pytest.raises(SchemaMismatchError) as told:
        bench.run()
    assert any("record.value: declared bigint, found string" in line for line in told.value.differences)


def test_a_column_that_the_contract_gained_is_added_to_the_table(bench: Bench) -> None:
    bench.lake.ensure(bench.ingest.spec)
    bench.lake.spark.sql(f"ALTER TABLE {full_name(bench.ingest.spec, catalog='lake')} DROP COLUMN record.value")
    bench.send(reading(5))
    bench.run()
    assert bench.values() == [5]


def test_the_plan_parses_once_and_shuffles_nothing(bench: Bench, capsys: pytest.CaptureFixture[str]) -> None:
    records = bench.lake.spark.createDataFrame([], KAFKA_COLUMNS)
    to_bronze(records, bench.ingest.spec, max_bytes=1000).explain()
    plan = capsys.readouterr().out
    assert (plan.count("from_json"), plan.count("Exchange"), plan.count("Python")) == (1, 0, 0)
