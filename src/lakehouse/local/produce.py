"""Send messages to Kafka: as fast as possible, at a rate, or the rest of a sample."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from lakehouse.errors import SourceError
from lakehouse.local.dirt import Dirt, Message, messages
from lakehouse.local.sample_place import SampleId, partition_of, settled_indices
from lakehouse.local.samples import MakeMessages
from lakehouse.sources.kafka_client import client_settings, kafka_library, partition_count

_TELL_EVERY = 2_000  # messages between two reports of progress
_SILENCE_SECONDS = 25.0  # a broker that restarts is away for less
_FAST_AND_EXACT = {
    "enable.idempotence": True,
    "compression.type": "zstd",
    "linger.ms": 50,
    "batch.num.messages": 10_000,
    "queue.buffering.max.messages": 100_000,
    "message.max.bytes": 10_000_000,
    "delivery.report.only.error": True,
    # The client gives no message up, we give up the whole: a message given up alone leaves a hole in its partition,
    # and the next `produce_once` takes what is before the newest for complete.
    "message.timeout.ms": 0,
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
    sample_id: SampleId | None = None,
    rate: float | None = None,
    on_progress: Callable[[int], None] = lambda _: None,
) -> Produced:
    """Send messages; each is acknowledged by the broker when this returns.

    All messages of a key go to one partition, in order; those without a key go to partition i modulo their number.
    Cost: 20 to 30 µs a message.

    Args:
        sample_id: Written into each message's headers with its index, so that ``produce_once`` knows it again.
        rate: Messages per second; None: as fast as possible.
        on_progress: Called now and then with the number sent so far.

    Raises:
        SourceError: No broker answers, the topic does not exist, or a message was refused.
        MissingExtraError: The Kafka client is not installed.
    """
    started, sent = time.monotonic(), 0
    channel = _open(bootstrap_servers, topic)
    for message in sample:
        channel.send(message, headers=None if sample_id is None else sample_id.headers(message))
        sent += 1
        if rate is not None:
            time.sleep(max(0.0, started + sent / rate - time.monotonic()))
        if sent % _TELL_EVERY == 0 or rate is not None:
            channel.look()
            on_progress(sent)
    channel.finish()
    return Produced(count=sent, seconds=time.monotonic() - started)


def _open(bootstrap_servers: str, topic: str) -> _Channel:
    kafka, failures = kafka_library("producing"), list[Any]()
    settings = {**client_settings(bootstrap_servers), **_FAST_AND_EXACT}
    producer = kafka.Producer({**settings, "on_delivery": lambda error, _: failures.append(error)})
    partitions = partition_count(producer, bootstrap_servers=bootstrap_servers, topic=topic)
    return _Channel(producer=producer, topic=topic, partitions=partitions, at=bootstrap_servers, failures=failures)


@dataclass(kw_only=True)
class _Channel:
    """A producer that is watched: its refusals, and how long the broker has acknowledged nothing."""

    producer: Any
    topic: str
    partitions: int
    at: str
    failures: list[Any]
    sent: int = 0
    acknowledged: int = 0
    since: float = field(default_factory=time.monotonic)

    def send(self, message: Message, *, headers: list[tuple[str, bytes]] | None) -> None:
        partition = partition_of(message, self.partitions)
        timestamp = int((time.time() - message.late_seconds) * 1000)
        while True:
            try:
                self.producer.produce(
                    self.topic, message.value, message.key, partition=partition, headers=headers, timestamp=timestamp
                )
                self.sent += 1
                return
            except BufferError:  # the queue is full: wait until some are acknowledged
                self.producer.poll(0.1)
                self.look()

    def finish(self) -> None:
        while self.producer.flush(0.5):
            self.look()
        self.look()

    def look(self) -> None:
        """Raise when a message was refused, or when the broker has been silent for too long."""
        self.producer.poll(0)
        if self.failures:
            refused = f"{len(self.failures):,} messages were refused by topic {self.topic!r} at {self.at}"
            raise SourceError(f"{refused}: {self.failures[0].str()}")
        waiting, now = len(self.producer), time.monotonic()
        if waiting == 0 or self.sent - waiting > self.acknowledged:
            self.acknowledged, self.since = self.sent - waiting, now
        elif now - self.since > _SILENCE_SECONDS:
            self.producer.purge()
            raise SourceError(
                f"{waiting:,} messages to {self.topic!r} were not acknowledged by {self.at}, which has been silent for "
                f"{_SILENCE_SECONDS:g} s: start it again (`lakehouse up`), then produce again; "
                "a sample goes on where it stopped"
            )


def produce_once(
    *,
    seed: int,
    count: int,
    bootstrap_servers: str,
    topic: str,
    name: str = "users",
    make: MakeMessages | None = None,
    dirt: Dirt | None = None,
    rate: float | None = None,
    on_progress: Callable[[int], None] = lambda _: None,
) -> Produced:
    """Send what of a sample is not in the topic yet: nothing the second time, the rest after an interruption.

    Each partition holds a prefix of its share of the sample, because an idempotent producer keeps the order; the newest
    record of a partition says how far it is. Other producers may write to the topic, too. There are no transactions, so
    that offsets are counts. One call at a time for a topic, name and seed; another dirt, or a topic that was given more
    partitions, needs another seed.

    Cost: a few records per partition to find out, more where others wrote after the sample.

    Args:
        name: Of the sample: others of the same seed may be in the topic, too.
        make: Makes the messages of the sample; not given: ``messages`` about users, with ``dirt``.

    Raises:
        SourceError: As ``produce``; or the partitions of the topic have changed since the sample began.
    """
    sample_id = SampleId(name=name, seed=seed)
    done = settled_indices(sample_id, bootstrap_servers=bootstrap_servers, topic=topic)
    start = min(index + 1 for index in done)
    made = (make or partial(messages, dirt=dirt))(seed=seed, count=count, start=start)
    rest = (message for message in made if _is_new(message, done))
    return produce(
        rest,
        bootstrap_servers=bootstrap_servers,
        topic=topic,
        sample_id=sample_id,
        rate=rate,
        on_progress=lambda sent: on_progress(start + sent),
    )


def _is_new(message: Message, done: list[int]) -> bool:
    return message.number > done[partition_of(message, len(done))]
