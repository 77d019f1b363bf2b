"""Which offsets Kafka has: from where to where, and at an instant."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from lakehouse.catalog.offsets import Offsets, Ranges
from lakehouse.errors import MissingExtraError
from lakehouse.sources.kafka import KafkaTopic
from lakehouse.sources.kafka_client import client_settings, kafka_library, partition_count
from lakehouse.sources.topics import list_offsets


def offsets_kept(source: KafkaTopic) -> Ranges:
    """Give the first offset that Kafka still has and the next one that it will give, by partition.

    Cost: three requests, whatever the size. Empty where ``confluent-kafka`` is not installed: Spark says it, later.

    Raises:
        SourceError: No broker answers within 15 s each, or it has no such topic.
    """
    try:
        kafka = kafka_library("asking for offsets")
    except MissingExtraError:
        return {}
    first = _ask(kafka, source, lambda specs: specs.earliest())
    next_ = _ask(kafka, source, lambda specs: specs.latest())
    return {source.topic: {p: (offset, next_[p]) for p, offset in first.items()}}


def offsets_at(source: KafkaTopic, instant: datetime) -> Offsets:
    """Give the offset of the first record at or after an instant, by partition; the end where there is none.

    Raises:
        SourceError: No broker answers within 15 s each, or it has no such topic.
        MissingExtraError: The Kafka client is not installed.
    """
    kafka = kafka_library("asking for the offsets of an instant")
    milliseconds = int(instant.timestamp() * 1000)
    found = _ask(kafka, source, lambda specs: specs.for_timestamp(milliseconds))
    ends = _ask(kafka, source, lambda specs: specs.latest())
    return {source.topic: {p: offset if offset >= 0 else ends[p] for p, offset in found.items()}}


def _ask(kafka: Any, source: KafkaTopic, which: Callable[[Any], Any]) -> dict[str, int]:
    admin = kafka.admin.AdminClient({**client_settings(source.bootstrap_servers), **source.options})
    count = partition_count(admin, bootstrap_servers=source.bootstrap_servers, topic=source.topic)
    places = [kafka.TopicPartition(source.topic, number) for number in range(count)]
    offsets = list_offsets(admin, places, which(kafka.admin.OffsetSpec), source.bootstrap_servers)
    return {str(number): offset for number, offset in enumerate(offsets)}
