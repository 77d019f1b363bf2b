"""Make a topic, and count what is in it."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from lakehouse.errors import SourceError
from lakehouse.sources.kafka_client import (
    ANSWER_SECONDS,
    client_settings,
    kafka_library,
    known_topics,
    no_answer,
    partition_count,
)


def ensure_topic(
    bootstrap_servers: str, topic: str, *, partitions: int = 4, config: Mapping[str, str] | None = None
) -> None:
    """Make the topic unless it is there already; one that is there is left as it is.

    Args:
        bootstrap_servers: Where the cluster is, ``host:port`` with commas between several.
        topic: Its name.
        partitions: For a new topic only.
        config: Kafka's topic settings, such as ``{"retention.ms": "-1"}``, for a new topic only.

    Raises:
        SourceError: No broker answers within 15 s, or it refuses, or does not know 15 s later what was made.
        MissingExtraError: The Kafka client is not installed.
    """
    kafka = kafka_library("making a topic")
    # The client has to stay in a variable: it ends, and its futures with it, when nobody refers to it.
    admin = kafka.admin.AdminClient(client_settings(bootstrap_servers))
    if topic in known_topics(admin, bootstrap_servers=bootstrap_servers):
        return
    new = kafka.admin.NewTopic(topic, partitions, 1, config=dict(config or {}))
    try:
        admin.create_topics([new], request_timeout=ANSWER_SECONDS)[topic].result()
    except kafka.KafkaException as error:
        reason = error.args[0]
        if reason.code() < 0:  # the client's own codes: nobody answered
            raise no_answer(bootstrap_servers, reason.str()) from error
        # Another process may have made it in the same moment.
        if reason.code() != kafka.KafkaError.TOPIC_ALREADY_EXISTS:
            raise SourceError(f"topic '{topic}' was not made at {bootstrap_servers}: {reason.str()}") from error
    _wait_for(admin, topic, bootstrap_servers)


def _wait_for(admin: Any, topic: str, bootstrap_servers: str) -> None:
    """Wait until the broker that is asked knows a topic that the controller has made: a moment later, when busy."""
    until = time.monotonic() + ANSWER_SECONDS
    while topic not in known_topics(admin, bootstrap_servers=bootstrap_servers):
        if time.monotonic() > until:
            raise SourceError(
                f"topic '{topic}' was made, but after {ANSWER_SECONDS:g} s the broker that answers at "
                f"{bootstrap_servers} does not know it: it does not hear from the controller, see the broker's log"
            )
        time.sleep(0.02)


def topic_size(bootstrap_servers: str, topic: str) -> int:
    """Count the records of a topic by its offsets: the sum over partitions of end minus begin.

    Exact for what ``produce`` writes. In a topic of transactions each commit marker counts as one, and in a compacted
    topic so does each record that was removed. Cost: two requests, whatever the size.

    Raises:
        SourceError: No broker answers within 15 s each, or it has no such topic.
        MissingExtraError: The Kafka client is not installed.
    """
    kafka = kafka_library("counting a topic")
    admin = kafka.admin.AdminClient(client_settings(bootstrap_servers))
    partitions = partition_count(admin, bootstrap_servers=bootstrap_servers, topic=topic)
    places = [kafka.TopicPartition(topic, number) for number in range(partitions)]
    begin = list_offsets(admin, places, kafka.admin.OffsetSpec.earliest(), bootstrap_servers)
    end = list_offsets(admin, places, kafka.admin.OffsetSpec.latest(), bootstrap_servers)
    return sum(end) - sum(begin)


def list_offsets(admin: Any, places: list[Any], which: Any, bootstrap_servers: str) -> list[int]:
    """Ask for one offset of each partition: the first, the last, or that of an instant.

    Raises:
        SourceError: No broker answers within 15 s.
    """
    from confluent_kafka import KafkaError, KafkaException

    give_up = time.monotonic() + ANSWER_SECONDS
    while True:
        futures = admin.list_offsets(dict.fromkeys(places, which), request_timeout=ANSWER_SECONDS)
        try:
            return [future.result().offset for future in futures.values()]
        except KafkaException as error:
            # A topic that was just made, or a broker that was just started, has no leader for some moments.
            without_leader = error.args[0].code() == KafkaError.NOT_LEADER_FOR_PARTITION
            if not without_leader or time.monotonic() > give_up:
                raise no_answer(bootstrap_servers, error.args[0].str()) from error
            time.sleep(0.2)
