"""Checkpoints that were lost, copied or put back, tables that were, and offsets that Kafka has dropped."""

from __future__ import annotations

import shutil
from pathlib import Path

import confluent_kafka
import confluent_kafka.admin
import pytest

from lakehouse.contract.ddl import full_name
from lakehouse.errors import ConfigError, StreamError
from lakehouse.pipeline.recovery import From, Recover
from lakehouse.sources.topics import ensure_topic
from tests.pipeline.conftest import Bench


def send(bench: Bench, *values: int) -> None:
    bench.send(*({"sensor": "a", "value": value} for value in values))


def sql(bench: Bench, statement: str) -> None:
    bench.lake.spark.sql(statement.format(table=full_name(bench.ingest.spec, catalog=bench.lake.name)))


def drop_before(bench: Bench, offset: int) -> None:
    """Let Kafka forget what is before an offset, as its retention does."""
    admin = confluent_kafka.admin.AdminClient({"bootstrap.servers": bench.ingest.topic.bootstrap_servers})
    place = confluent_kafka.TopicPartition(bench.ingest.topic.topic, 0, offset)
    for future in admin.delete_records([place]).values():
        future.result()


def losses(bench: Bench) -> list[tuple[int, int, bool]]:
    bench.lake.refresh("ops.data_loss")
    found = bench.lake.spark.table("lake.ops.data_loss").where(f"table_name = '{bench.ingest.spec.name}'")
    return sorted((row.first_offset, row.next_offset, row.accepted) for row in found.collect())


@pytest.fixture
def copied(bench: Bench, tmp_path: Path) -> Bench:
    """A stream that has gone on since its checkpoint was copied, and the copy."""
    send(bench, 1)
    bench.run()
    shutil.copytree(bench.ingest.checkpoint.location, tmp_path / "copy")
    send(bench, 2)
    bench.run()
    send(bench, 3)
    return bench.with_checkpoint(tmp_path / "copy")


def test_an_older_copy_of_the_checkpoint_is_refused_and_from_checkpoint_writes_nothing_twice(copied: Bench) -> None:
    with pytest.raises(StreamError, match=r"-0 \[1, 2\), which the checkpoint has not done"):
        copied.run()
    assert copied.values() == [1, 2]
    copied.run(recover="from-checkpoint")
    assert copied.values() == [1, 2, 3]


def test_from_table_sets_the_wrong_checkpoint_aside_and_goes_on(copied: Bench) -> None:
    location = Path(copied.ingest.checkpoint.location)
    copied.run(recover="from-table")
    assert copied.values() == [1, 2, 3]
    assert len(list(location.parent.glob("copy-until-*/offsets/0"))) == 1


def test_from_an_instant_before_the_end_writes_nothing_twice(copied: Bench) -> None:
    copied.run(recover="from-timestamp=2026-01-01T00:00")
    assert copied.values() == [1, 2, 3]


def test_from_an_instant_behind_the_end_leaves_records_out_only_when_that_is_accepted(copied: Bench) -> None:
    with pytest.raises(StreamError, match=r"would go on without 1 offsets: \S+-0 \[2, 3\)"):
        copied.run(recover="from-timestamp=2100-01-01T00:00Z")
    copied.run(recover="from-timestamp=2100-01-01T00:00Z", accept_loss=True)
    send(copied, 4)
    copied.run()
    assert copied.values() == [1, 2, 4]
    assert losses(copied) == [(2, 3, False), (2, 3, True)]


def test_a_table_that_was_rolled_back_is_refused_and_filled_again_from_where_it_ends(bench: Bench) -> None:
    send(bench, 1)
    bench.run()
    head = bench.lake.table(bench.ingest.spec.name).current_snapshot()
    assert head is not None
    send(bench, 2)
    bench.run()
    sql(bench, f"CALL lake.system.rollback_to_snapshot('{bench.ingest.spec.name}', {head.snapshot_id})")
    with pytest.raises(StreamError, match=r"does not hold \S+-0 \[1, 2\), which the checkpoint has done"):
        bench.run()
    bench.run(recover="from-table")
    assert bench.values() == [1, 2]


def test_a_table_that_was_made_anew_is_refused(bench: Bench) -> None:
    send(bench, 1)
    bench.run()
    sql(bench, "DROP TABLE {table}")
    with pytest.raises(StreamError, match="dropped and made anew"):
        bench.run()
    bench.run(recover="from-table")
    assert bench.values() == [1]


def test_records_that_kafka_dropped_stop_the_stream_and_are_noted(bench: Bench) -> None:
    send(bench, 1)
    bench.run()
    send(bench, 2, 3, 4)
    drop_before(bench, 3)
    with pytest.raises(StreamError, match=r"without 2 offsets: \S+-0 \[1, 3\)\. Kafka has dropped them"):
        bench.run()
    assert losses(bench) == [(1, 3, False)]


def test_a_loss_that_is_accepted_is_stamped_and_the_stream_goes_on(bench: Bench) -> None:
    send(bench, 1)
    bench.run()
    send(bench, 2, 3, 4)
    drop_before(bench, 3)
    bench.run(accept_loss=True)
    send(bench, 5)
    bench.run()
    assert bench.values() == [1, 4, 5]
    assert losses(bench) == [(1, 3, True)]


def test_a_topic_that_was_made_anew_is_refused(bench: Bench) -> None:
    send(bench, 1, 2)
    bench.run()
    servers, name = bench.ingest.topic.bootstrap_servers, bench.ingest.topic.topic
    admin = confluent_kafka.admin.AdminClient({"bootstrap.servers": servers})
    admin.delete_topics([name])[name].result()
    ensure_topic(servers, name, partitions=2)
    with pytest.raises(StreamError, match="deleted and made anew"):
        bench.run()


def test_an_instant_without_a_zone_is_utc_and_nonsense_is_refused() -> None:
    found = Recover.parse("from-timestamp=2026-11-20T06:00")
    assert (found.begin, str(found.instant)) == (From.TIMESTAMP, "2026-11-20 06:00:00+00:00")
    for text in ("from-tabel", "from-timestamp", "from-timestamp=yesterday"):
        with pytest.raises(ConfigError, match="write from-table, from-checkpoint or from-timestamp="):
            Recover.parse(text)
