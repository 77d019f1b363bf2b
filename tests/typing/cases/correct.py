"""What people write every day: no line of it is an error."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pyspark.sql import functions as F
from pyspark.sql.types import LongType, StringType, TimestampType

from lakehouse import Column, DataSet, KafkaRecord, Pii, Schema, Scored, StructType, build, conform, doc, required, table
from lakehouse.transforms.deduplicate import keep_newest


class Place(Schema):
    """Where."""

    city: Annotated[Column[StringType], Pii.LOCATION]


class Message(Schema):
    """A message."""

    id: Annotated[Column[StringType], required]
    place: Column[StructType[Place]]


@table("bronze.messages_raw", partitioned_by=("days(ingested_at)",))
class MessagesRaw(KafkaRecord):
    """Messages as they arrive."""

    record: Column[StructType[Message]]


@table("silver.messages", key=("id",))
class Messages(Scored):
    """One row per message."""

    id: Annotated[Column[StringType], doc("Identifier")]
    city: Column[StringType]
    built_at: Column[TimestampType]


@table("gold.cities", key=("city",))
class Cities(Schema):
    """One row per city."""

    city: Column[StringType]
    messages: Column[LongType]


@build
def messages(raw: DataSet[MessagesRaw], now: datetime) -> DataSet[Messages]:
    """A build with an instant."""
    message = MessagesRaw.record.dtype.schema
    rows = raw.where(MessagesRaw.dead_letter.isNull()).select(
        message.id.alias("id"), message.place.dtype.schema.city.alias("city"), F.lit(now).alias("built_at")
    )
    return conform(keep_newest(rows, key=["id"], newest_by=["built_at"]), Messages)


@build
def cities(some: DataSet[Messages]) -> DataSet[Cities]:
    """A build of a build."""
    return conform(some.groupBy(Messages.city).agg(F.count("*").alias("messages")), Cities)


def both(raw: DataSet[MessagesRaw], now: datetime) -> DataSet[Cities]:
    """Builds are functions, and keep their types."""
    return cities(messages(raw, now))
