"""A file of CSV into a topic: transactions of many lines, each of which says in the same stroke how far it has come."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from lakehouse.errors import SourceError
from lakehouse.sources.csv_messages import CsvFile, CsvMessage
from lakehouse.sources.kafka_client import ANSWER_SECONDS, client_settings, kafka_library, partition_count

_SETTINGS = {
    "enable.idempotence": True,
    "compression.type": "zstd",
    "linger.ms": 50,
    # Where Java's clients would send a key.
    "partitioner": "murmur2_random",
    "queue.buffering.max.messages": 100_000,
    "transaction.timeout.ms": 60_000,
}
_SECONDS = 60.0
_TOLD = 20


@dataclass(frozen=True, kw_only=True)
class Sent:
    """What a run has sent: records, the line after which it began, and records that are no message, the first of them
    in words."""

    count: int
    began_after: int
    skipped: int = 0
    wrong: Sequence[str] = field(default_factory=tuple)


def produce_csv(
    file: CsvFile,
    *,
    bootstrap_servers: str,
    topic: str,
    options: Mapping[str, object] | None = None,
    per_transaction: int = 10_000,
    skip_bad: bool = False,
    on_progress: Callable[[int], None] = lambda _: None,
) -> Sent:
    """Send the records of a file, each once, however often it is started: it goes on behind the last transaction.

    How far a file has come is an offset of a consumer group of its own, committed in the transaction of its records;
    Kafka forgets it after ``offsets.retention.minutes``, a week as a rule. Consumers have to read committed records
    alone, as the streams of this library do. Two runs at once: the later one goes on, the other one is told.

    Args:
        options: Client properties of librdkafka, for TLS and passwords.
        per_transaction: Records of a transaction.
        skip_bad: Leave out records that are no message; without it the first of them ends the run.
        on_progress: Called after each transaction with the records sent so far.

    Raises:
        SourceError: The broker does not answer or refuses, or a record is no message.
        MissingExtraError: The Kafka client is not installed.
    """
    kafka = kafka_library("producing")
    name = f"lakehouse-csv-{hashlib.sha256(f'{topic} {file.identity}'.encode()).hexdigest()[:32]}"
    base = {**client_settings(bootstrap_servers), **(options or {})}
    producer = kafka.Producer({**base, **_SETTINGS, "transactional.id": name})
    partition_count(producer, bootstrap_servers=bootstrap_servers, topic=topic)
    consumer = kafka.Consumer({**base, "group.id": name, "enable.auto.commit": False})
    try:
        producer.init_transactions(_SECONDS)
        place = kafka.TopicPartition(topic, 0)
        began = at = max(0, consumer.committed([place], timeout=ANSWER_SECONDS)[0].offset)
        sent, wrong, messages = 0, list[CsvMessage](), file.messages(after=began)
        while part := list(islice(messages, per_transaction)):
            wrong += [one for one in part if one.wrong]
            if wrong and not skip_bad:
                raise _refused(file, wrong[0], at)
            good, at = [one for one in part if not one.wrong], part[-1].line
            _send(producer, topic, good)
            place = kafka.TopicPartition(topic, 0, at)
            producer.send_offsets_to_transaction([place], consumer.consumer_group_metadata(), _SECONDS)
            producer.commit_transaction(_SECONDS)
            sent += len(good)
            on_progress(sent)
    except kafka.KafkaException as error:
        raise _told(error, file, topic, bootstrap_servers) from error
    finally:
        consumer.close()
    told = tuple(f"line {one.line}: {one.wrong}" for one in wrong[:_TOLD])
    return Sent(count=sent, began_after=began, skipped=len(wrong), wrong=told)


def _send(producer: Any, topic: str, messages: Sequence[CsvMessage]) -> None:
    producer.begin_transaction()
    for one in messages:
        while True:
            try:
                producer.produce(topic, one.value, one.key)
                break
            except BufferError:  # the queue is full: wait until some are acknowledged
                producer.poll(0.1)


def _refused(file: CsvFile, first: CsvMessage, at: int) -> SourceError:
    return SourceError(
        f"{file.path}, line {first.line}: {first.wrong}. What ends on line {at} or before is sent; mend the file and "
        "send it as a new one, or leave such records out with --skip-bad"
    )


def _told(error: Any, file: CsvFile, topic: str, at: str) -> SourceError:
    reason = error.args[0]
    if reason.fatal():
        return SourceError(f"{file.path} is being sent to '{topic}' by another run now, which goes on: {reason.str()}")
    return SourceError(
        f"{file.path} was not sent as a whole to '{topic}' at {at}: {reason.str()}. Start it again: it goes on behind "
        "the last transaction"
    )
