"""Send messages to Kafka: as fast as possible, at a rate, or the rest of a sample."""

from __future__ import annotations

import time
import zlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from lakehouse.errors import SourceError
from lakehouse.local.dirt import Dirt, Message, messages
from lakehouse.sources.kafka_client import ANSWER_SECONDS, client_settings, kafka_library, partition_count

_SEED, _INDEX = "sample-seed", "sample-index"
_TELL_EVERY = 2_000  # messages between two reports of progress
_FLUSH_SECONDS = 60
_SETTLED_SECONDS = 0.5
_FAST_AND_EXACT = {
    "enable.idempotence": True,
    "enable.gapless.guarantee": True,  # else a message given up leaves a hole that the next run would not see
    "delivery.report.only.error": True,
    "message.timeout.ms": 45_000,  # a broker may be away for a restart
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
    """Send messages; each is acknowledged by the broker when this returns.

    All messages of a key go to one partition, in order; those without a key go to partition i modulo their number.
    Cost: 20 to 30 µs a message.

    Args:
        seed: Written into each message's headers with its index, so that ``produce_once`` knows it again.
        rate: Messages per second; None: as fast as possible.
        on_progress: Called now and then with the number sent so far.

    Raises:
        SourceError: No broker answers, the topic does not exist, or a message was refused.
        MissingExtraError: The Kafka client is not installed.
    """
    kafka = kafka_library("producing")
    failures = list[Any]()
    settings = {**client_settings(bootstrap_servers), **_FAST_AND_EXACT}
    producer = kafka.Producer({**settings, "on_delivery": lambda error, _: failures.append(error)})
    partitions = partition_count(producer, bootstrap_servers=bootstrap_servers, topic=topic)
    started, sent = time.monotonic(), 0
    for message in sample:
        _send(kafka, producer, topic, message, partition=_partition(message, partitions), seed=seed, failures=failures)
        sent += 1
        if rate is not None:
            time.sleep(max(0.0, started + sent / rate - time.monotonic()))
        if failures or sent % _TELL_EVERY == 0 or rate is not None:
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


def _partition(message: Message, partitions: int) -> int:
    """Choose as librdkafka does for a key; without one it would choose at random."""
    return (message.number if message.key is None else zlib.crc32(message.key)) % partitions


def _send(
    kafka: Any, producer: Any, topic: str, message: Message, *, partition: int, seed: int | None, failures: list[Any]
) -> None:
    headers = None if seed is None else [(_SEED, b"%d" % seed), (_INDEX, b"%d" % message.number)]
    timestamp = int((time.time() - message.late_seconds) * 1000)
    while not failures:
        try:
            producer.produce(
                topic, message.value, message.key, partition=partition, headers=headers, timestamp=timestamp
            )
            return
        except BufferError:  # the queue is full: wait until some are acknowledged
            producer.poll(0.1)
        except kafka.KafkaException as error:
            failures.append(error.args[0])


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
    record of a partition says how far it is. Other producers may write to the topic, too. There are no transactions, so
    that offsets are counts. One call at a time for a topic and seed; another dirt, or a topic that was given more
    partitions, needs another seed.

    Cost: a few records per partition to find out, more where others wrote after the sample.

    Raises:
        SourceError: As ``produce``; or the partitions of the topic have changed since the sample began.
    """
    done = _settled_indices(seed, bootstrap_servers=bootstrap_servers, topic=topic)
    start = min(index + 1 for index in done)
    rest = (m for m in messages(seed=seed, count=count, start=start, dirt=dirt) if _is_new(m, done))
    return produce(
        rest,
        bootstrap_servers=bootstrap_servers,
        topic=topic,
        seed=seed,
        rate=rate,
        on_progress=lambda sent: on_progress(start + sent),
    )


def _is_new(message: Message, done: list[int]) -> bool:
    return message.number > done[_partition(message, len(done))]


def _settled_indices(seed: int, *, bootstrap_servers: str, topic: str) -> list[int]:
    """Give, for each partition, the greatest index of this seed's sample that is in it, -1 for none.

    What a killed producer had sent may still be on its way into the log, so that a sample that has begun is looked at
    until it does not grow.
    """
    kafka = kafka_library("looking for the sample")
    group = {"group.id": "lakehouse-sample", "enable.auto.commit": False, "auto.offset.reset": "earliest"}
    # A fetch at the end of a log waits for more, half a second by default and once per partition.
    consumer = kafka.Consumer({**client_settings(bootstrap_servers), **group, "fetch.wait.max.ms": 20})
    try:
        partitions = partition_count(consumer, bootstrap_servers=bootstrap_servers, topic=topic)
        before = list[int]()
        while True:
            found = [_newest_index(kafka, consumer, topic, number, seed, partitions) for number in range(partitions)]
            if found == before or max(found) < 0:
                return found
            before = found
            time.sleep(_SETTLED_SECONDS)
    finally:
        consumer.close()


def _newest_index(kafka: Any, consumer: Any, topic: str, partition: int, seed: int, partitions: int) -> int:
    place = kafka.TopicPartition(topic, partition)
    low, high = _watermarks(kafka, consumer, place)
    # Most often the last record tells; where others wrote after the sample, look further and further back.
    begin, span = high, 1
    while begin > low:
        end, begin = begin, max(low, begin - span)
        newest = _newest_record(kafka, consumer, topic, partition, begin, end, seed)
        if newest is not None:
            if _partition(newest, partitions) != partition:
                raise SourceError(
                    f"topic {topic!r} was given more partitions after sample {seed} had begun, so that its place in it "
                    "is not known: use another seed or another topic"
                )
            return newest.number
        span *= 100
    return -1


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


def _newest_record(
    kafka: Any, consumer: Any, topic: str, partition: int, begin: int, end: int, seed: int
) -> Message | None:
    consumer.assign([kafka.TopicPartition(topic, partition, begin)])
    newest, at = None, begin
    while at < end:
        record = consumer.poll(ANSWER_SECONDS)
        if record is None or record.error():
            reason = record.error() if record is not None else f"nothing within {ANSWER_SECONDS:g} s"
            raise SourceError(f"topic {topic!r}, partition {partition}, could not be read at offset {at}: {reason}")
        at = record.offset() + 1
        headers = dict(record.headers() or ())
        if record.offset() < end and headers.get(_SEED) == b"%d" % seed:
            newest = Message(int(headers[_INDEX]), record.key(), None, "")
    return newest


def _refuse(failures: list[Any], topic: str, bootstrap_servers: str) -> None:
    if failures:
        raise SourceError(
            f"{len(failures):,} messages were refused by topic {topic!r} at {bootstrap_servers}: {failures[0].str()}"
        )
