"""Where a sample stands in a topic: the records say it themselves, in their headers."""

from __future__ import annotations

import time
import zlib
from dataclasses import dataclass
from typing import Any

from lakehouse.errors import SourceError
from lakehouse.local.dirt import Message
from lakehouse.sources.kafka_client import ANSWER_SECONDS, client_settings, kafka_library, partition_count

_NAME, _SEED, _INDEX = "sample-name", "sample-seed", "sample-index"
_SETTLED_SECONDS = 0.5


@dataclass(frozen=True, kw_only=True)
class SampleId:
    """What the messages of a sample have in common: a name and a seed. Two samples of a topic differ in one of them."""

    name: str
    seed: int

    def headers(self, message: Message) -> list[tuple[str, bytes]]:
        """Give the headers by which a message of the sample is known again."""
        return [(_NAME, self.name.encode()), (_SEED, b"%d" % self.seed), (_INDEX, b"%d" % message.number)]

    def has(self, headers: dict[str, bytes]) -> bool:
        """Tell whether a message is of the sample."""
        # Messages had no name once.
        name = headers.get(_NAME, self.name.encode())
        return (name, headers.get(_SEED)) == (self.name.encode(), b"%d" % self.seed)


def partition_of(message: Message, partitions: int) -> int:
    """Choose as librdkafka does for a key; without one it would choose at random."""
    return (message.number if message.key is None else zlib.crc32(message.key)) % partitions


def settled_indices(sample: SampleId, *, bootstrap_servers: str, topic: str) -> list[int]:
    """Give, for each partition, the greatest index of the sample that is in it, -1 for none.

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
            found = [_newest_index(kafka, consumer, topic, number, sample, partitions) for number in range(partitions)]
            if found == before or max(found) < 0:
                return found
            before = found
            time.sleep(_SETTLED_SECONDS)
    finally:
        consumer.close()


def _newest_index(kafka: Any, consumer: Any, topic: str, partition: int, sample: SampleId, partitions: int) -> int:
    place = kafka.TopicPartition(topic, partition)
    low, high = _watermarks(kafka, consumer, place)
    # Most often the last record tells; where others wrote after the sample, look further and further back.
    begin, span = high, 1
    while begin > low:
        end, begin = begin, max(low, begin - span)
        newest = _newest_record(kafka, consumer, topic, partition, begin, end, sample)
        if newest is not None:
            if partition_of(newest, partitions) != partition:
                raise SourceError(
                    f"topic {topic!r} was given more partitions after sample {sample.seed} had begun, so its place in "
                    "it is not known: use another seed or another topic"
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
    kafka: Any, consumer: Any, topic: str, partition: int, begin: int, end: int, sample: SampleId
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
        if record.offset() < end and sample.has(headers):
            newest = Message(int(headers[_INDEX]), record.key(), None, "")
    return newest
