"""The shop's messages as they arrive: changes of its customers table, and the log of its orders."""

from __future__ import annotations

from typing import Annotated

from pyspark.sql.types import IntegerType, LongType, StringType

from lakehouse.contract import ArrayType, Column, KafkaRecord, Pii, Schema, StructType, doc, required, table
from lakehouse.contract.change import Change


class CustomerRow(Schema):
    """A row of the customers table."""

    customer_id: Annotated[Column[StringType], required, doc("Identifier given by the shop")]
    name: Annotated[Column[StringType], Pii.NAME]
    email: Annotated[Column[StringType], Pii.CONTACT]
    country: Annotated[Column[StringType], doc("ISO 3166-1 alpha-2")]
    tier: Annotated[Column[StringType], doc("Standing with the shop: standard, silver, gold")]
    created_at: Annotated[Column[StringType], doc("Instant of registration, ISO 8601")]


class Source(Schema):
    """Where and when the database made the change."""

    table: Column[StringType]
    lsn: Annotated[Column[LongType], required, doc("Place in the database's log; a later change has a greater one")]
    ts_ms: Annotated[Column[LongType], required, doc("Instant of the change, since 1970", unit="ms")]


class CustomerChange(Change):
    """A change of a customer."""

    before: Annotated[Column[StructType[CustomerRow]], doc("The row before; null for a new one")]
    after: Annotated[Column[StructType[CustomerRow]], doc("The row after; null for one that was deleted")]
    source: Annotated[Column[StructType[Source]], required]


class LoggedLine(Schema):
    """A line of an order."""

    line: Annotated[Column[IntegerType], doc("Place in the order, from 1")]
    sku: Annotated[Column[StringType], doc("Article number")]
    name: Column[StringType]
    category: Column[StringType]
    quantity: Annotated[Column[IntegerType], doc("How many", unit="pieces")]
    unit_price: Annotated[Column[StringType], doc("Price of one, as text such as 12.90", unit="currency of the order")]


class Payment(Schema):
    """How an order was paid, or was meant to be."""

    method: Annotated[Column[StringType], doc("card, paypal, invoice")]
    amount: Annotated[Column[StringType], doc("As text such as 12.90", unit="currency of the order")]


class ReturnedLine(Schema):
    """What of a line came back."""

    line: Annotated[Column[IntegerType], doc("Place in the order, from 1")]
    quantity: Annotated[Column[IntegerType], doc("How many came back", unit="pieces")]


class OrderEvent(Schema):
    """One line of the application's log: a step in the life of an order."""

    event_id: Annotated[Column[StringType], required, doc("Identifier of the event; one that is sent again keeps it")]
    event: Annotated[Column[StringType], required, doc("order_placed, payment_received, order_shipped, …")]
    occurred_at: Annotated[Column[StringType], required, doc("Instant of the event, ISO 8601")]
    order_id: Annotated[Column[StringType], required, doc("Identifier given by the shop")]
    customer_id: Annotated[Column[StringType], doc("Who ordered")]
    currency: Annotated[Column[StringType], doc("Of an order that was placed: ISO 4217")]
    lines: Annotated[Column[ArrayType[StructType[LoggedLine]]], doc("Of an order that was placed: what was ordered")]
    payment: Annotated[Column[StructType[Payment]], doc("Of a payment")]
    returned_lines: Annotated[Column[ArrayType[StructType[ReturnedLine]]], doc("Of a return: what came back")]


@table("bronze.customers_raw", partitioned_by=("days(ingested_at)", "dead_letter.reason"))
class CustomersRaw(KafkaRecord):
    """One row per Kafka record of the customers topic: a change of the customers table, or a dead letter."""

    record: Annotated[Column[StructType[CustomerChange]], doc("The change; null for a dead letter")]


@table("bronze.order_events_raw", partitioned_by=("days(ingested_at)", "dead_letter.reason"))
class OrderEventsRaw(KafkaRecord):
    """One row per Kafka record of the orders topic: a line of the application's log, or a dead letter."""

    record: Annotated[Column[StructType[OrderEvent]], doc("The log line; null for a dead letter")]
