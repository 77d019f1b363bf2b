"""When a message of a stream happened, and what becomes of a late one: ``@table(…, event_time=EventTime(…))``."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Annotated, Literal, get_args

from pyspark.sql import types as spark_types
from pyspark.sql.types import LongType, TimestampType

from lakehouse.contract.columns import ColumnSpec
from lakehouse.contract.kafka_record import PAYLOAD, KafkaRecord
from lakehouse.contract.marks import Generated, doc
from lakehouse.contract.schema import Column, Schema
from lakehouse.errors import ContractError

EVENT_TIME, LATE_BY = "event_time", "late_by"
Epoch = Literal["s", "ms", "us"]
_LONGEST = timedelta(days=36_500)
_NUMBERS = (spark_types.LongType, spark_types.IntegerType)
_TYPES = (spark_types.TimestampType, spark_types.StringType, *_NUMBERS)


class Late(StrEnum):
    """What becomes of a record that comes behind the watermark."""

    KEEP = "keep"
    DEAD_LETTER = "dead_letter"


@dataclass(frozen=True, kw_only=True)
class EventTime:
    """A record happened at an instant that its message tells, and is late when that is before the watermark.

    The watermark is the newest instant of all that the table was given before the batch, less ``delay``. An instant
    ahead of Kafka's clock, or of that of the commit, counts as theirs, so that one message from the year 2999 does not
    make all others late. It is fixed once for a batch: restarts, retries and merges of the same batch judge alike.

    Args:
        field: Dotted path inside of ``record``: a timestamp, text in ISO 8601 (without a zone: UTC), or a number.
        delay: How far behind the newest a record may be and still be in time.
        late: Keep late records as rows that say by how much, or set them aside as dead letters, to be replayed or not.
        epoch: Of a number: whether it counts seconds, milliseconds or microseconds since 1970.
    """

    field: str
    delay: timedelta
    late: Late = Late.KEEP
    epoch: Epoch | None = None


class EventTimed(Schema):
    """Second base of a bronze table with ``event_time``: ``class OrdersRaw(KafkaRecord, EventTimed): …``."""

    event_time: Annotated[
        Column[TimestampType], Generated(), doc("Instant at which it happened; null: none that can be read", unit="UTC")
    ]
    late_by: Annotated[Column[LongType], Generated(), doc("Behind the watermark; null: in time", unit="seconds")]


def check_event_time(
    event_time: EventTime | None, schema: type[Schema], *, where: str, columns: Sequence[ColumnSpec]
) -> None:
    """Hold a declaration of event time against the columns of its table.

    Raises:
        ContractError: It says what is missing.
    """
    timed = issubclass(schema, EventTimed)
    if event_time is None:
        if timed:
            todo = "say of which field: event_time=EventTime(field=…, delay=…), or take EventTimed away"
            raise ContractError(f"{where}: {schema.__name__} is an EventTimed, but nothing fills its columns; {todo}")
        return
    if not issubclass(schema, KafkaRecord):
        raise ContractError(f"{where}: event_time=EventTime(…) is for streams: {schema.__name__} is no KafkaRecord")
    if not timed:
        raise ContractError(
            f"{where}: event_time=EventTime(…) fills {EVENT_TIME}, {LATE_BY}: "
            f"derive it from EventTimed too, class {schema.__name__}(KafkaRecord, EventTimed)"
        )
    if not timedelta() <= event_time.delay <= _LONGEST:
        raise ContractError(f"{where}: delay={event_time.delay} of event_time is not from 0 to {_LONGEST.days:,} days")
    _check_field(event_time, where=where, columns=columns)


def _check_field(event_time: EventTime, *, where: str, columns: Sequence[ColumnSpec]) -> None:
    payload = [field for column in columns if column.name == PAYLOAD for field in column.fields]
    known = dict(pair for field in payload for pair in field.walk())
    found = known.get(event_time.field)
    if found is None:
        near = difflib.get_close_matches(event_time.field, known, n=1)
        hint = f"; did you mean {near[0]!r}?" if near else f"; it has {', '.join(known)}" if known else ""
        raise ContractError(f"{where}: event_time names {event_time.field!r}, which is no field of {PAYLOAD}{hint}")
    kind = f"{PAYLOAD}.{event_time.field} is {found.type.simpleString()}"
    if not isinstance(found.type, _TYPES):
        raise ContractError(f"{where}: {kind}, which tells no instant: it has to be timestamp, string or bigint")
    is_number = isinstance(found.type, _NUMBERS)
    if is_number and event_time.epoch not in get_args(Epoch):
        raise ContractError(f"{where}: {kind}; say what it counts since 1970: EventTime(…, epoch='s', 'ms' or 'us')")
    if not is_number and event_time.epoch is not None:
        raise ContractError(f"{where}: {kind}, so epoch={event_time.epoch!r} has no meaning; leave it out")
