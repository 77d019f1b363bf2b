"""What was produced is in the topic: all of it, once, in order per key."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections import Counter, defaultdict
from typing import Any

import confluent_kafka
import pytest
from confluent_kafka.admin import AdminClient, NewPartitions  # type: ignore[attr-defined]

from lakehouse.errors import SourceError
from lakehouse.local.broker import Broker
from lakehouse.local.dirt import Dirt, messages
from lakehouse.local.produce import produce, produce_once
from lakehouse.sources.topics import ensure_topic, topic_size

SLOW_SAMPLE = """
import sys
from functools import partial
from lakehouse.local.produce import produce_once
tell = partial(print, flush=True)
produce_once(seed=1, count=3000, bootstrap_servers=sys.argv[1], topic=sys.argv[2], rate=1500, on_progress=tell)
"""


@pytest.fixture
def topic(kafka: Broker, unique: str) -> str:
    ensure_topic(kafka.bootstrap_servers, unique)
    return unique


@pytest.fixture
def nobody() -> str:
    """An address where nobody listens."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return f"127.0.0.1:{free.getsockname()[1]}"


def records(kafka: Broker, topic: str) -> list[Any]:
    """All records of a topic, partition by partition in order of their offsets."""
    settings = {"bootstrap.servers": kafka.bootstrap_servers, "group.id": "test", "auto.offset.reset": "earliest"}
    consumer = confluent_kafka.Consumer({**settings, "fetch.wait.max.ms": 20})
    consumer.assign([confluent_kafka.TopicPartition(topic, number, 0) for number in range(4)])
    found: list[Any] = []
    while len(found) < topic_size(kafka.bootstrap_servers, topic):
        found += consumer.consume(10_000, timeout=1)
    consumer.close()
    return sorted(found, key=lambda record: (record.partition(), record.offset()))


def indices(kafka: Broker, topic: str, seed: int = 1) -> list[int]:
    headers = [dict(record.headers() or ()) for record in records(kafka, topic)]
    return [int(h["sample-index"]) for h in headers if h.get("sample-seed") == str(seed).encode()]


def test_what_arrives_is_what_was_sent(kafka: Broker, topic: str) -> None:
    sample = list(messages(seed=1, count=2_000))

    made = produce(sample, bootstrap_servers=kafka.bootstrap_servers, topic=topic)

    assert made.count == topic_size(kafka.bootstrap_servers, topic) == 2_000
    arrived = Counter((record.key(), record.value()) for record in records(kafka, topic))
    assert arrived == Counter((message.key, message.value) for message in sample)


def test_all_messages_about_a_person_are_in_one_partition_in_order(kafka: Broker, topic: str) -> None:
    produce_once(seed=1, count=3_000, dirt=Dirt(correction=0.3), bootstrap_servers=kafka.bootstrap_servers, topic=topic)

    by_key = defaultdict(list)
    for record in records(kafka, topic):
        by_key[record.key()].append((record.partition(), int(dict(record.headers())["sample-index"])))
    assert all(len({p for p, _ in seen}) == 1 and seen == sorted(seen) for seen in by_key.values())
    assert max(len(seen) for seen in by_key.values()) > 1


def test_a_late_message_has_an_old_timestamp(kafka: Broker, topic: str) -> None:
    late = Dirt(**{**vars(Dirt.none()), "late": 1.0})
    produce(messages(seed=1, count=50, dirt=late), bootstrap_servers=kafka.bootstrap_servers, topic=topic)

    assert all(record.timestamp()[1] / 1000 < time.time() - 3_600 for record in records(kafka, topic))


def test_a_rate_is_kept(kafka: Broker, topic: str) -> None:
    sample = messages(seed=1, count=100)

    assert produce(sample, bootstrap_servers=kafka.bootstrap_servers, topic=topic, rate=200).seconds >= 0.5


def test_a_sample_is_produced_once(kafka: Broker, topic: str) -> None:
    made = [
        produce_once(seed=1, count=2_000, bootstrap_servers=kafka.bootstrap_servers, topic=topic).count
        for _ in range(2)
    ]

    assert made == [2_000, 0]


def test_a_longer_sample_adds_what_is_missing(kafka: Broker, topic: str) -> None:
    for count in (5, 1_000, 2_500):
        produce_once(seed=1, count=count, bootstrap_servers=kafka.bootstrap_servers, topic=topic)

    assert sorted(indices(kafka, topic)) == list(range(2_500))


def test_records_of_others_after_the_sample_do_not_hide_it(kafka: Broker, topic: str) -> None:
    produce_once(seed=1, count=500, bootstrap_servers=kafka.bootstrap_servers, topic=topic)
    produce_once(seed=2, count=500, bootstrap_servers=kafka.bootstrap_servers, topic=topic)
    produce(messages(seed=3, count=2_000), bootstrap_servers=kafka.bootstrap_servers, topic=topic)

    assert produce_once(seed=1, count=500, bootstrap_servers=kafka.bootstrap_servers, topic=topic).count == 0


def test_a_sample_whose_producer_was_killed_is_completed_without_repeats(kafka: Broker, topic: str) -> None:
    servers = kafka.bootstrap_servers
    with subprocess.Popen([sys.executable, "-c", SLOW_SAMPLE, servers, topic], stdout=subprocess.PIPE) as producer:
        next(line for line in producer.stdout or () if int(line) >= 600)
        producer.kill()

    made = produce_once(seed=1, count=3_000, bootstrap_servers=servers, topic=topic).count

    assert 0 < made < 3_000
    assert sorted(indices(kafka, topic)) == list(range(3_000))


def test_a_topic_that_was_given_more_partitions_is_refused(kafka: Broker, topic: str) -> None:
    produce_once(seed=1, count=500, bootstrap_servers=kafka.bootstrap_servers, topic=topic)
    admin = AdminClient({"bootstrap.servers": kafka.bootstrap_servers})
    admin.create_partitions([NewPartitions(topic, 9)])[topic].result()

    with pytest.raises(SourceError, match="more partitions"):
        produce_once(seed=1, count=500, bootstrap_servers=kafka.bootstrap_servers, topic=topic)


def test_a_message_that_is_too_large_is_refused_by_name_of_the_topic(kafka: Broker, topic: str) -> None:
    large = [message._replace(value=os.urandom(2_000_000)) for message in messages(seed=1, count=1)]

    with pytest.raises(SourceError, match=topic):
        produce(large, bootstrap_servers=kafka.bootstrap_servers, topic=topic)


def test_a_missing_topic_is_named(kafka: Broker, unique: str) -> None:
    with pytest.raises(SourceError, match=unique):
        produce(messages(seed=1, count=1), bootstrap_servers=kafka.bootstrap_servers, topic=unique)


@pytest.mark.slow
def test_a_broker_that_is_down_is_named_within_half_a_minute_and_without_noise(nobody: str, capfd: Any) -> None:
    started = time.monotonic()
    with pytest.raises(SourceError, match=nobody):
        produce(messages(seed=1, count=1), bootstrap_servers=nobody, topic="users")

    assert time.monotonic() - started < 30
    assert capfd.readouterr() == ("", "")
