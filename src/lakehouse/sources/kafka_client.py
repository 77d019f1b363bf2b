"""How this package talks to a Kafka cluster: settings, the first question, and what its silence is called."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from typing import Any

from lakehouse.errors import MissingExtraError, SourceError

ANSWER_SECONDS = 15.0


def kafka_library(needed_for: str) -> Any:
    """Import and return ``confluent_kafka`` with its ``admin`` module.

    Raises:
        MissingExtraError: It is not installed.
    """
    try:
        import confluent_kafka
        import confluent_kafka.admin
    except ImportError as error:
        raise MissingExtraError(extra="kafka", needed_for=needed_for) from error
    return confluent_kafka


def client_settings(bootstrap_servers: str) -> dict[str, Any]:
    """Return the settings that every client shares.

    librdkafka prints to standard error on its own; here it is silent, and what is wrong is said by our exceptions.
    """
    return {
        "bootstrap.servers": bootstrap_servers,
        "client.id": "lakehouse",
        "log_level": 0,
        "error_cb": _ignore,
        "socket.timeout.ms": int(ANSWER_SECONDS * 1000),
    }


def _ignore(_: object) -> None:
    """Brokers that are down are reported here again and again; the call that needs them raises."""


def no_answer(bootstrap_servers: str, error: object) -> SourceError:
    """Name the address, the reason, and what to do."""
    return SourceError(
        f"no Kafka broker answers at {bootstrap_servers} ({error}): "
        "start one with `lakehouse up`, or correct the address in the configuration"
    )


def partition_count(client: Any, *, bootstrap_servers: str, topic: str) -> int:
    """Ask for the number of partitions of a topic. Cost: one request, at most 15 s when nobody answers.

    Args:
        client: An admin client, a producer or a consumer.
        bootstrap_servers: Only for the message of an error.
        topic: Its name.

    Raises:
        SourceError: No broker answers, or it has no such topic.
    """
    known = known_topics(client, bootstrap_servers=bootstrap_servers)
    return require_topic(topic, known, bootstrap_servers=bootstrap_servers)


def known_topics(client: Any, *, bootstrap_servers: str, seconds: float = ANSWER_SECONDS) -> dict[str, int]:
    """Give all topics that the client may see, with their numbers of partitions.

    Raises:
        SourceError: No broker answers within ``seconds``.
    """
    from confluent_kafka import KafkaException

    try:
        # All topics are asked for: the question for one by name would make it where that is allowed.
        found = client.list_topics(timeout=seconds).topics
    except KafkaException as error:
        raise no_answer(bootstrap_servers, error.args[0].str()) from error
    return {name: len(topic.partitions) for name, topic in found.items()}


def require_topic(topic: str, known: Mapping[str, int], *, bootstrap_servers: str) -> int:
    """Give the number of partitions of a topic.

    Raises:
        SourceError: It does not exist; one with a name like it is named.
    """
    if topic not in known:
        near = difflib.get_close_matches(topic, known, n=1)
        hint = f" (did you mean '{near[0]}'?)" if near else ""
        raise SourceError(f"topic '{topic}' does not exist at {bootstrap_servers}: make it, or correct its name{hint}")
    return known[topic]
