"""Send messages to Kafka: as fast as possible, at a rate, or the rest of a sample."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from lakehouse.errors import SourceError
from lakehouse.local.dirt import Dirt, Message, messages
from lakehouse.sources.kafka_client import ANSWER_SECONDS, client_settings, kafka_library, partition_count

_SEED, _INDEX = "sample-seed", "sample-index"
_TELL_EVERY = 2_000  # messages between two reports of progress
_FLUSH_SECONDS = 60
_FAST_AND_EXACT = {
    "enable.idempotence": True,
    "compression.type": "zstd",
    "linger.ms": 50,
    "batch.num.messages": 10_000,
    "queue.buffering.max.messages": 100_000,
    "message.max.bytes": 10_000_000,
}


@dataclass(frozen=True, kw_only=True)
class Produced:
    """How many messages were sent now, and the seconds that it took."""

    count: int
    seconds: float


def produce(
    sample: Iterable[Message],
    *,
    bootstrap_servers: str,
    topic: str,
    seed: int | None = None,
    rate: float | None = None,
    on_progress: Callable[[int], None] = lambda _: None,
) -> Produced:
    """Send messages; each is acknowledged when this returns. Message i goes to partition i modulo their number.

    Args:
        seed: Written into each message's headers with its index, so that ``produce_once`` knows it again.
        rate: Messages per second; None: as fast as possible.
        on_progress: Called now and then with the number sent so far.

    Raises:
        SourceError: No broker answers, the topic does not exist, or a message was refused.
        MissingExtraError: The Kafka client is not installed.
    """
    kafka = kafka_library("producing")
    producer = kafka.Producer({**client_settings(bootstrap_servers), **_FAST_AND_EXACT})
    partitions = partition_count(producer, bootstrap_servers=bootstrap_servers, topic=topic)
    started, sent, failures = time.monotonic(), 0, list[Any]()
    for message in sample:
        _send(producer, topic, message, partition=message.number % partitions, seed=seed, failures=failures)
        sent += 1
        if rate is not None:
            time.sleep(max(0.0, started + sent / rate - time.monotonic()))
        if sent % _TELL_EVERY == 0 or rate is not None:
            producer.poll(0)
            on_progress(sent)
            _refuse(failures, topic, bootstrap_servers)
    left = producer.flush(_FLUSH_SECONDS)
    _refuse(failures, topic, bootstrap_servers)
    if left:
        raise SourceError(
            f"{left:,} messages to {topic!r} were not acknowledged by {bootstrap_servers} within {_FLUSH_SECONDS} s; "
            "run it again, it goes on where it stopped"
        )
    return Produced(count=sent, seconds=time.monotonic() - started)


def _send(
    producer: Any, topic: str, message: Message, *, partition: int, seed: int | None, failures: list[Any]
) -> None:
    def delivered(error: Any, _message: Any) -> None:
        if error is not None:
            failures.append(error)

    arguments = {
        "partition": partition,
        "headers": None if seed is None else [(_SEED, str(seed).encode()), (_INDEX, str(message.number).encode())],
        "timestamp": int((time.time() - message.late_seconds) * 1000),
        "on_delivery": delivered,
    }
    while True:
        try:
            producer.produce(topic, message.value, message.key, **arguments)
            return
        except BufferError:  # the queue is full: wait until some are acknowledged
            producer.poll(0.1)


def produce_once(
    *,
    seed: int,
    count: int,
    bootstrap_servers: str,
    topic: str,
    dirt: Dirt | None = None,
    rate: float | None = None,
    on_progress: Callable[[int], None] = lambda _: None,
) -> Produced:
    """Send what of a sample is not in the topic yet: nothing the second time, the rest after an interruption.

    Each partition holds a prefix of its share of the sample, because an idempotent producer keeps the order; the newest
    record of a partition says how far it is. Cost of finding out: a few records per partition.

    Raises:
        SourceError: As ``produce``.
    """
    done = _newest_indices(seed, bootstrap_servers=bootstrap_servers, topic=topic)
    partitions = len(done)
    start = min((i + partitions if i is not None else p for p, i in enumerate(done)), default=0)
    rest = (m for m in messages(seed=seed, count=count, start=start, dirt=dirt) if _is_new(m.number, done))
    return produce(
        rest,
        bootstrap_servers=bootstrap_servers,
        topic=topic,
        seed=seed,
        rate=rate,
        on_progress=lambda sent: on_progress(start + sent),
    )


def _is_new(index: int, done: list[int | None]) -> bool:
    newest = done[index % len(done)]
    return newest is None or index > newest


def _newest_indices(seed: int, *, bootstrap_servers: str, topic: str) -> list[int | None]:
    """Give, for each partition, the greatest index of this seed's sample that is in it."""
    kafka = kafka_library("looking for the sample")
    group = {"group.id": "lakehouse-sample", "enable.auto.commit": False, "auto.offset.reset": "earliest"}
    consumer = kafka.Consumer({**client_settings(bootstrap_servers), **group})
    try:
        partitions = partition_count(consumer, bootstrap_servers=bootstrap_servers, topic=topic)
        return [_newest_index(kafka, consumer, topic, number, seed) for number in range(partitions)]
    finally:
        consumer.close()


def _newest_index(kafka: Any, consumer: Any, topic: str, partition: int, seed: int) -> int | None:
    place = kafka.TopicPartition(topic, partition)
    low, high = _watermarks(kafka, consumer, place)
    # Most often the last record tells; where others wrote after the sample, look further and further back.
    begin, span = high, 1
    while begin > low:
        end, begin = begin, max(low, begin - span)
        found = _greatest_index(kafka, consumer, topic, partition, begin, end, seed)
        if found is not None:
            return found
        span *= 100
    return None


def _watermarks(kafka: Any, consumer: Any, place: Any) -> tuple[int, int]:
    """Ask where a partition begins and ends; a topic that was just made has no leader for some moments."""
    give_up = time.monotonic() + ANSWER_SECONDS
    while True:
        try:
            low, high = consumer.get_watermark_offsets(place, timeout=ANSWER_SECONDS)
            return int(low), int(high)
        except kafka.KafkaException as error:
            if time.monotonic() > give_up:
                raise SourceError(f"topic {place.topic!r} cannot be read: {error.args[0].str()}") from error
            time.sleep(0.2)


def _greatest_index(
    kafka: Any, consumer: Any, topic: str, partition: int, begin: int, end: int, seed: int
) -> int | None:
    consumer.assign([kafka.TopicPartition(topic, partition, begin)])
    greatest, at = None, begin
    while at < end:
        record = consumer.poll(ANSWER_SECONDS)
        if record is None or record.error():
            reason = record.error() if record is not None else f"nothing within {ANSWER_SECONDS:g} s"
            raise SourceError(f"topic {topic!r}, partition {partition}, could not be read at offset {at}: {reason}")
        at = record.offset() + 1
        headers = dict(record.headers() or ())
        if record.offset() < end and headers.get(_SEED) == str(seed).encode():
            greatest = max(int(headers[_INDEX]), -1 if greatest is None else greatest)
    return greatest


def _refuse(failures: list[Any], topic: str, bootstrap_servers: str) -> None:
    if failures:
        raise SourceError(
            f"{len(failures):,} messages were refused by topic {topic!r} at {bootstrap_servers}: {failures[0].str()}"
        )
