"""Kafka as a streaming DataFrame, and the questions to ask of it before a stream starts."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from pyspark.sql import DataFrame, SparkSession

from lakehouse.catalog.offsets import Offsets
from lakehouse.errors import MissingExtraError
from lakehouse.sources.kafka_client import client_settings, kafka_library, partition_count


@dataclass(frozen=True, kw_only=True)
class KafkaTopic:
    """A topic and how to read it.

    ``options`` are Kafka client properties without the ``kafka.`` prefix (``security.protocol`` …), already resolved;
    they never show. ``starting_offsets`` counts only for a new checkpoint: ``earliest``, ``latest``, or Spark's JSON.
    """

    bootstrap_servers: str
    topic: str
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
        "subscribe": source.topic,
        "includeHeaders": "true",
        # Records that Kafka dropped before they were read must stop the stream, not be skipped in silence.
        "failOnDataLoss": "true",
        "kafka.isolation.level": "read_committed",
        **{f"kafka.{name}": value for name, value in source.options.items()},
    }


def check_topic(source: KafkaTopic) -> None:
    """Make sure that a broker answers and the topic exists, before a JVM job waits for it.

    Cost: one metadata request. Where ``confluent-kafka`` is not installed nothing is checked: Spark says it, later.

    Raises:
        SourceError: No broker answers within 15 s, or the topic does not exist.
    """
    try:
        kafka = kafka_library("asking for a topic")
    except MissingExtraError:
        return
    client = kafka.admin.AdminClient({**client_settings(source.bootstrap_servers), **source.options})
    partition_count(client, bootstrap_servers=source.bootstrap_servers, topic=source.topic)
