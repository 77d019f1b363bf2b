"""What the shop's application logged, each event once."""

from __future__ import annotations

from typing import Annotated, Literal

from pyspark.sql import functions as F
from pyspark.sql.types import IntegerType, LongType, StringType, TimestampType

from lakehouse.contract import (
    ArrayType,
    Column,
    DataSet,
    DecimalType,
    Rows,
    Scored,
    StructType,
    build,
    conform,
    doc,
    table,
)
from lakehouse.domains.orders.bronze import LoggedLine, OrderEventsRaw, ReturnedLine
from lakehouse.quality import Between, NotNull, OneOf, RequiredIf, Unique
from lakehouse.transforms.functions import try_cast
from lakehouse.transforms.text import squeeze

Money = DecimalType[Literal[12], Literal[2]]
"""An amount in some currency, which stands beside it."""
MONEY = "decimal(12,2)"
CURRENCIES = ("EUR", "GBP", "NOK", "USD")
"""What the shop sells in."""
EVENTS = (
    "order_placed", "payment_received", "payment_failed", "order_shipped", "order_delivered", "order_cancelled",
    "order_returned",
)  # fmt: skip


@table(
    "silver.order_events",
    key=("event_id",),
    newest_by=("received_at", "source_partition", "source_offset"),
    partitioned_by=("bucket(4, order_id)",),
    rules=(Unique("event_id"),),
)
class OrderEvents(Scored):
    """One row per event in the life of an order; one that was sent several times is there once."""

    event_id: Annotated[Column[StringType], doc("Identifier of the event, given by the application")]
    order_id: Annotated[Column[StringType], doc("Identifier of the order"), NotNull()]
    customer_id: Annotated[Column[StringType], doc("Who ordered"), NotNull()]
    event: Annotated[Column[StringType], doc("What happened"), OneOf(*EVENTS)]
    occurred_at: Annotated[Column[TimestampType], doc("Instant of the event", unit="UTC"), NotNull()]
    currency: Annotated[
        Column[StringType], doc("Of an order that was placed: ISO 4217"), RequiredIf("event = 'order_placed'"),
        OneOf(*CURRENCIES),
    ]  # fmt: skip
    lines: Annotated[
        Column[ArrayType[StructType[LoggedLine]]], doc("Of an order that was placed: as it was logged"),
        RequiredIf("event = 'order_placed'"),
    ]  # fmt: skip
    payment_method: Annotated[Column[StringType], doc("Of a payment: card, paypal, invoice")]
    payment_amount: Annotated[
        Column[Money], doc("Of a payment", unit="currency of the order"), RequiredIf("event LIKE 'payment%'"),
        Between(0, 1_000_000),
    ]  # fmt: skip
    returned_lines: Annotated[
        Column[ArrayType[StructType[ReturnedLine]]], doc("Of a return: what came back"),
        RequiredIf("event = 'order_returned'"),
    ]  # fmt: skip
    received_at: Annotated[Column[TimestampType], doc("Instant of the Kafka record", unit="UTC")]
    source_partition: Annotated[Column[IntegerType], doc("Kafka partition of the record")]
    source_offset: Annotated[Column[LongType], doc("Kafka offset of the record")]


@build(follows=Rows())
def order_events(raw: DataSet[OrderEventsRaw]) -> DataSet[OrderEvents]:
    """Flatten and normalise; of the rows of an event the table keeps one."""
    flat = raw.select(
        squeeze(F.col("record.event_id")).alias("event_id"),
        squeeze(F.col("record.order_id")).alias("order_id"),
        squeeze(F.col("record.customer_id")).alias("customer_id"),
        F.lower(squeeze(F.col("record.event"))).alias("event"),
        F.try_to_timestamp(F.col("record.occurred_at")).alias("occurred_at"),
        F.upper(squeeze(F.col("record.currency"))).alias("currency"),
        F.col("record.lines").alias("lines"),
        F.lower(squeeze(F.col("record.payment.method"))).alias("payment_method"),
        try_cast(F.col("record.payment.amount"), MONEY).alias("payment_amount"),
        F.col("record.returned_lines").alias("returned_lines"),
        F.col("kafka_timestamp").alias("received_at"),
        F.col("partition").alias("source_partition"),
        F.col("offset").alias("source_offset"),
    )
    return conform(flat, OrderEvents)
