"""Kafka as a streaming DataFrame, and the questions to ask of it before a stream starts."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pyspark.sql import DataFrame, SparkSession

from lakehouse.catalog.offsets import Offsets
from lakehouse.errors import MissingExtraError, SourceError
from lakehouse.sources.kafka_client import client_settings, kafka_library, known_topics, require_topic
from lakehouse.sources.kafka_security import librdkafka_options


@dataclass(frozen=True, kw_only=True)
class KafkaTopic:
    """One topic or several, and how to read them.

    ``topic`` is a name, or several with commas; or ``pattern``, a regular expression (Java's) over whole names.
    ``options`` are Kafka client properties without the ``kafka.`` prefix (``security.protocol`` …), already resolved;
    they never show. ``starting_offsets`` counts only for a new checkpoint: ``earliest``, ``latest``, or Spark's JSON.
    """

    bootstrap_servers: str
    topic: str = ""
    pattern: str = ""
    starting_offsets: str = "earliest"
    max_offsets_per_trigger: int | None = None
    options: Mapping[str, str] = field(default_factory=dict, repr=False)


def read_stream(spark: SparkSession, source: KafkaTopic) -> DataFrame:
    """Give the topic's records as Spark reads them, headers included, only committed ones. Reads nothing yet."""
    options = {"startingOffsets": source.starting_offsets, **_options(source)}
    if source.max_offsets_per_trigger:
        options["maxOffsetsPerTrigger"] = str(source.max_offsets_per_trigger)
    return spark.readStream.format("kafka").options(**options).load()


def read_batch(spark: SparkSession, source: KafkaTopic, begin: Offsets, end: Offsets) -> DataFrame:
    """Give the topic's committed records ``[begin, end)``; both name the same partitions. Reads nothing yet."""
    options = {"startingOffsets": json.dumps(begin), "endingOffsets": json.dumps(end), **_options(source)}
    return spark.read.format("kafka").options(**options).load()


def _options(source: KafkaTopic) -> dict[str, str]:
    return {
        "kafka.bootstrap.servers": source.bootstrap_servers,
        **({"subscribePattern": source.pattern} if source.pattern else {"subscribe": source.topic}),
        "includeHeaders": "true",
        # Records that Kafka dropped before they were read must stop the stream, not be skipped in silence.
        "failOnDataLoss": "true",
        "kafka.isolation.level": "read_committed",
        **{f"kafka.{name}": value for name, value in source.options.items()},
    }


def check_topic(source: KafkaTopic) -> None:
    """Make sure that a broker answers and the topics exist, before a JVM job waits for them.

    Cost: one metadata request. Nothing is checked where it cannot be asked: Spark says it, later.

    Raises:
        SourceError: No broker answers within 15 s, or a topic does not exist.
    """
    client = admin_client(source)
    if client is not None:
        topic_partitions(client, source)


def topic_partitions(client: Any, source: KafkaTopic) -> dict[str, int]:
    """Give the number of partitions of each topic. Cost: one request, at most 15 s when nobody answers.

    Raises:
        SourceError: No broker answers, or a topic does not exist.
    """
    known = known_topics(client, bootstrap_servers=source.bootstrap_servers)
    if source.pattern:
        found = {name: count for name, count in known.items() if re.fullmatch(source.pattern, name)}
        if not found:
            raise SourceError(f"no topic at {source.bootstrap_servers} is called like '{source.pattern}'")
        return found
    names = [name.strip() for name in source.topic.split(",")]
    return {name: require_topic(name, known, bootstrap_servers=source.bootstrap_servers) for name in names}


def admin_client(source: KafkaTopic) -> Any | None:
    """Give a client that asks the cluster; None where ``confluent-kafka`` is missing or has no such login."""
    options = librdkafka_options(source.options)
    try:
        kafka = kafka_library("asking for a topic")
    except MissingExtraError:
        return None
    if options is None:
        return None
    return kafka.admin.AdminClient({**client_settings(source.bootstrap_servers), **options})
