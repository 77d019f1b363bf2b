"""Which offsets Kafka has: from where to where, and at an instant."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from lakehouse.catalog.offsets import Offsets, Ranges
from lakehouse.errors import SourceError
from lakehouse.sources.kafka import KafkaTopic, admin_client, topic_partitions
from lakehouse.sources.kafka_client import kafka_library
from lakehouse.sources.topics import list_offsets


def offsets_kept(source: KafkaTopic) -> Ranges:
    """Give the first offset that Kafka still has and the next one that it will give, by topic and partition.

    Cost: three requests, whatever the size. Empty where it cannot be asked: Spark says it, later.

    Raises:
        SourceError: No broker answers within 15 s each, or it has no such topic.
    """
    client = admin_client(source)
    if client is None:
        return {}
    first = _ask(client, source, lambda specs: specs.earliest())
    next_ = _ask(client, source, lambda specs: specs.latest())
    return {topic: {p: (offset, next_[topic][p]) for p, offset in parts.items()} for topic, parts in first.items()}


def offsets_at(source: KafkaTopic, instant: datetime) -> Offsets:
    """Give the offset of the first record at or after an instant, by partition; the end where there is none.

    Raises:
        SourceError: No broker answers within 15 s each, it has no such topic, or it cannot be asked from here.
    """
    client = admin_client(source)
    if client is None:
        raise SourceError(
            "the offsets of an instant cannot be asked for: that needs the extra 'kafka', and a way to log in that "
            "librdkafka knows, with PEM certificates; begin from-table or from-checkpoint instead"
        )
    milliseconds = int(instant.timestamp() * 1000)
    found = _ask(client, source, lambda specs: specs.for_timestamp(milliseconds))
    ends = _ask(client, source, lambda specs: specs.latest())
    return {
        topic: {p: offset if offset >= 0 else ends[topic][p] for p, offset in parts.items()}
        for topic, parts in found.items()
    }


def _ask(client: Any, source: KafkaTopic, which: Callable[[Any], Any]) -> dict[str, dict[str, int]]:
    kafka = kafka_library("asking for offsets")
    counts = topic_partitions(client, source)
    places = [kafka.TopicPartition(topic, number) for topic, count in counts.items() for number in range(count)]
    offsets = list_offsets(client, places, which(kafka.admin.OffsetSpec), source.bootstrap_servers)
    found: dict[str, dict[str, int]] = {}
    for place, offset in zip(places, offsets, strict=True):
        found.setdefault(place.topic, {})[str(place.partition)] = offset
    return found
