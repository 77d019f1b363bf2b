"""Does a stream's checkpoint continue what its tables hold? And where to go on when it does not."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

from lakehouse.catalog.batch_stamp import BatchStamp
from lakehouse.catalog.offsets import Offsets, Span
from lakehouse.errors import ConfigError
from lakehouse.pipeline.checkpoint import Position
from lakehouse.sources.kafka import KafkaTopic
from lakehouse.sources.kafka_offsets import offsets_at


class From(StrEnum):
    """Where to go on when checkpoint and tables do not continue each other."""

    TABLE = "from-table"
    CHECKPOINT = "from-checkpoint"
    TIMESTAMP = "from-timestamp"


@dataclass(frozen=True)
class Recover:
    """What to do when checkpoint and tables do not continue each other."""

    begin: From
    instant: datetime | None = None

    @staticmethod
    def parse(text: str) -> Recover:
        """Read ``from-table``, ``from-checkpoint`` or ``from-timestamp=2026-11-20T06:00Z``; without a zone it is UTC.

        Raises:
            ConfigError: It is none of these.
        """
        name, _, when = text.partition("=")
        try:
            begin = From(name)
            instant = datetime.fromisoformat(when) if begin is From.TIMESTAMP else None
        except ValueError:
            choices = "from-table, from-checkpoint or from-timestamp=2026-11-20T06:00Z"
            raise ConfigError(f"--recover {text!r}: write {choices}") from None
        if instant is not None and instant.tzinfo is None:
            instant = instant.replace(tzinfo=UTC)
        return Recover(begin, instant)


def differences(name: str, stamp: BatchStamp | None, position: Position | None, topic: KafkaTopic) -> Iterator[str]:
    """Say in which way a table and a checkpoint do not continue each other; nothing where they do.

    ``position`` is None for a checkpoint where nothing was started yet. After a crash a table may hold the batch that
    the checkpoint has planned and not noted as done.
    """
    if stamp is None:
        if position is not None and position.begin == position.end:
            yield f"{name} holds no record of a stream, but the checkpoint is at {json.dumps(position.begin)}"
        return
    if position is None:
        yield (
            f"the checkpoint is new, but {name} already holds records up to {json.dumps(stamp.next_offsets)}; starting "
            f"at {topic.starting_offsets!r} would not continue them"
        )
        return
    if not set(position.end) & set(stamp.next_offsets):
        yield f"{name} holds {', '.join(stamp.next_offsets)}, but the checkpoint reads {', '.join(position.end)}"
    for topic_name, parts in stamp.next_offsets.items():
        for partition, held in parts.items():
            begin = position.begin.get(topic_name, {}).get(partition, held)
            end = position.end.get(topic_name, {}).get(partition, held)
            if held < begin:
                span = Span(topic=topic_name, partition=partition, first=held, next=begin)
                yield f"{name} does not hold {span}, which the checkpoint has done; the table was put back"
            elif held > end:
                span = Span(topic=topic_name, partition=partition, first=end, next=held)
                yield f"{name} holds {span}, which the checkpoint has not done; it is an older or another one"


def other_tables(pinned: Mapping[str, str], found: Mapping[str, str]) -> Iterator[str]:
    """Name the tables whose UUID is not that which the checkpoint was pinned to."""
    for name, uuid in pinned.items():
        if found.get(name, uuid) != uuid:
            yield (
                f"{name} has the UUID {found[name]}, but the checkpoint filled {uuid}: the table was dropped and made "
                "anew, or another one has its name"
            )


def new_begin(stamps: Sequence[BatchStamp], topic: KafkaTopic, recover: Recover) -> Offsets | None:
    """Give the offsets at which a new checkpoint begins; None leaves it to the stream's settings.

    From the table: where the one ends that is the furthest behind; the others are asked batch by batch what they hold.
    """
    if recover.begin is From.TIMESTAMP and recover.instant is not None:
        return offsets_at(topic, recover.instant)
    if not stamps:
        return None
    least: dict[str, dict[str, int]] = {}
    for stamp in stamps:
        for name, parts in stamp.next_offsets.items():
            for partition, offset in parts.items():
                known = least.setdefault(name, {}).get(partition, offset)
                least[name][partition] = min(known, offset)
    return least


def choices(position: Position | None) -> str:
    """List the ways out of a divergence."""
    lines = ["Give the checkpoint that wrote the table, or start with one of:"]
    lines.append("  --recover from-table: a new checkpoint, which begins where the table ends")
    if position is not None:
        lines.append("  --recover from-checkpoint: this checkpoint; what the table holds already is not written again")
    lines.append("  --recover from-timestamp=2026-11-20T06:00Z: a new checkpoint, which begins at an instant")
    lines.append("Nothing is written twice in any of them, and nothing left out without --accept-loss.")
    return "\n".join(lines)
