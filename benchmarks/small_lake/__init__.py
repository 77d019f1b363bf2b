"""Subscribers of a newsletter, 10 MB of them: what a small lake holds, and only what Sail is trusted with."""

from __future__ import annotations

from typing import Annotated

from pyspark.sql import functions as F
from pyspark.sql.types import IntegerType, LongType, StringType, TimestampType

from lakehouse.contract import (
    Column,
    DataSet,
    KafkaRecord,
    Pii,
    Rows,
    Schema,
    Scored,
    StructType,
    build,
    conform,
    doc,
    required,
    table,
)  # fmt: skip
from lakehouse.quality import Between, EmailSyntax, NotNull, OneOf, Unique, Uuid
from lakehouse.transforms.text import squeeze


class Signup(Schema):
    """What the form sends."""

    id: Annotated[Column[StringType], required, doc("Given by the form")]
    name: Column[StringType]
    email: Column[StringType]
    country: Column[StringType]
    age: Column[IntegerType]
    plan: Column[StringType]
    signed_up: Annotated[Column[StringType], doc("Instant, ISO 8601")]
    referrer: Annotated[Column[StringType], doc("Address that the form was opened from")]


@table("bronze.signups_raw", partitioned_by=("dead_letter.reason",))
class SignupsRaw(KafkaRecord):
    """Forms as they arrived."""

    record: Annotated[Column[StructType[Signup]], doc("The form")]


@table(
    "silver.subscribers",
    key=("id",),
    newest_by=("updated_at", "partition", "offset"),
    partitioned_by=("bucket(4, id)",),
    rules=(Unique("id"),),
)
class Subscribers(Scored):
    """One row per subscriber: the newest form."""

    id: Annotated[Column[StringType], doc("Given by the form"), Uuid()]
    name: Annotated[Column[StringType], doc("As stated"), NotNull(), Pii.NAME]
    email: Annotated[Column[StringType], doc("In small letters"), NotNull(), EmailSyntax(weight=2.0), Pii.CONTACT]
    country: Annotated[Column[StringType], doc("ISO 3166-1 alpha-2"), OneOf("BE", "BR", "DE", "NL", "US")]
    age: Annotated[Column[IntegerType], doc("As stated", unit="years"), Between(0, 120)]
    plan: Annotated[Column[StringType], doc("What is paid for"), OneOf("free", "monthly", "yearly")]
    referrer: Annotated[Column[StringType], doc("Address that the form was opened from")]
    signed_up_at: Annotated[Column[TimestampType], doc("Instant of the form", unit="UTC"), NotNull()]
    updated_at: Annotated[Column[TimestampType], doc("Instant of the message", unit="UTC"), NotNull()]
    partition: Annotated[Column[IntegerType], doc("Kafka partition of the message")]
    offset: Annotated[Column[LongType], doc("Kafka offset of the message")]


@build(follows=Rows())
def subscribers(raw: DataSet[SignupsRaw]) -> DataSet[Subscribers]:
    """Flatten and standardise."""
    flat = raw.select(
        F.lower(squeeze(F.col("record.id"))).alias("id"),
        squeeze(F.col("record.name")).alias("name"),
        F.lower(squeeze(F.col("record.email"))).alias("email"),
        F.upper(squeeze(F.col("record.country"))).alias("country"),
        F.col("record.age").alias("age"),
        squeeze(F.col("record.plan")).alias("plan"),
        F.try_to_timestamp(F.col("record.signed_up")).alias("signed_up_at"),
        F.col("record.referrer").alias("referrer"),
        F.col("kafka_timestamp").alias("updated_at"),
        "partition",
        "offset",
    )
    return conform(flat, Subscribers)
