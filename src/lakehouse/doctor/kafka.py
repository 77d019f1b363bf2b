"""Checks of the Kafka cluster that the streams read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from lakehouse.config import Settings
from lakehouse.doctor.finding import ANSWER_SECONDS, Finding, Level, in_words, refused
from lakehouse.errors import LakehouseError
from lakehouse.sources.kafka import KafkaTopic, admin_client
from lakehouse.sources.kafka_client import known_topics


def kafka_checks(
    settings: Settings, environ: Mapping[str, str], *, servers: str, seconds: float = ANSWER_SECONDS
) -> tuple[Finding, ...]:
    """Ask a cluster for its topics, from this machine: executors may stand in another network.

    Cost: one request, at most ``seconds``.

    Args:
        servers: Address of the cluster; empty where none is configured and no local broker runs.
    """
    if not settings.streams:
        return (Finding(check="Kafka", level=Level.NOT_TOLD, found="no stream is configured"),)
    if not servers:
        todo = "Start a local one with `lakehouse up`, or set kafka.bootstrap_servers"
        found = "not configured, and no local broker runs"
        return (Finding(check="Kafka", level=Level.WARNING, found=found, expected="an address", todo=todo),)
    try:
        options = settings.kafka.resolved_options(environ)
        client = admin_client(KafkaTopic(bootstrap_servers=servers, options=options))
        if client is None:
            found = f"{servers} is not asked: the extra kafka is not installed, or only Java knows this login"
            return (Finding(check="Kafka", level=Level.NOT_TOLD, found=found),)
        known = known_topics(client, bootstrap_servers=servers, seconds=seconds)
    except LakehouseError as error:
        return (refused("Kafka", error, expected="an answer"),)
    except Exception as error:
        todo = "Check kafka.options: lakehouse config show"
        return (Finding(check="Kafka", level=Level.WRONG, found=in_words(error), expected="an answer", todo=todo),)
    return Finding(check="Kafka", found=f"{servers}: {len(known)} topics"), topics_check(settings, known)


def topics_check(settings: Settings, known: Iterable[str]) -> Finding:
    """Compare the topics of the streams with those that are there."""
    wanted = {name.strip() for stream in settings.streams.values() for name in stream.topic.split(",")} - {""}
    missing = sorted(wanted - set(known))
    if not missing:
        return Finding(check="topics", found="those of all streams are there")
    todo = "Make them, or correct streams.<table>.topic; a stream does not start without"
    found = f"not there: {', '.join(missing)}"
    return Finding(check="topics", level=Level.WARNING, found=found, expected="a topic for each stream", todo=todo)
