"""Contracts that several tests look at."""

from __future__ import annotations

from typing import Annotated, Literal

from pyspark.sql.types import DateType, DoubleType, IntegerType, LongType, StringType

from lakehouse import Column, KafkaRecord, Pii, Schema, Scored, StructType, doc, table
from lakehouse.contract.schema import ArrayType, DecimalType


class Item(Schema):
    """One line of an order."""

    sku: Annotated[Column[StringType], doc("Stock keeping unit")]
    pieces: Annotated[Column[IntegerType], doc("How many", unit="pieces")]


@table(
    "silver.orders",
    key=("order_id",),
    partitioned_by=("days(ordered_on)", "bucket(8, order_id)"),
    sorted_by=("ordered_on",),
    properties={"write.target-file-size-bytes": "1000"},
)
class Orders(Scored):
    """One row per order;
    the customer's newest version."""

    order_id: Annotated[Column[LongType], doc("Number of the order")]
    ordered_on: Annotated[Column[DateType], doc("Day of the order", unit="UTC")]
    amount: Annotated[Column[DecimalType[Literal[12], Literal[2]]], doc("Sum with tax", unit="EUR")]
    discount: Column[DoubleType]
    email: Annotated[Column[StringType], doc("The customer's address"), Pii.CONTACT]
    first_item: Annotated[Column[StructType[Item]], doc("The first line")]
    items: Annotated[Column[ArrayType[StructType[Item]]], doc("All lines")]


@table("bronze.orders_raw", partitioned_by=("dead_letter.reason",))
class OrdersRaw(KafkaRecord):
    """Orders as they arrive."""

    record: Annotated[Column[StructType[Item]], doc("The message")]
