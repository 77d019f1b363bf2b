"""The contract of shop.orders, written from the table in the catalog."""

from __future__ import annotations

from typing import Annotated, Literal

from lakehouse import Column, Schema, StructType, required, table
from lakehouse import doc as doc_
from lakehouse.contract import ArrayType, DecimalType, MapType
from pyspark.sql.types import BinaryType, DateType, DoubleType, LongType, StringType, TimestampNTZType, TimestampType


class Place(Schema):
    """Field ``address.place`` of shop.orders."""

    zip: Annotated[Column[StringType], doc_("Postal code")]


class Address(Schema):
    """Field ``address`` of shop.orders."""

    place: Column[StructType[Place]]


class Lines(Schema):
    """Field ``lines`` of shop.orders."""

    sku: Column[StringType]
    unitPrice: Column[DecimalType[Literal[9], Literal[2]]]


# external: no build or stream of this library has filled it; take it away once one does.
@table(
    "shop.orders",
    key=("order_id",),
    sorted_by=("placed_at",),
    properties={"write.format.default": "orc"},
    external=True,
)
class Orders(Schema):
    """Orders of the old shop"""

    order_id: Annotated[Column[LongType], doc_("Number of the order")]
    placed_at: Annotated[Column[TimestampType], required, doc_("Instant of the order", unit="UTC")]
    seen_at: Column[TimestampNTZType]
    weight: Annotated[Column[DoubleType], doc_("Weight with the box", unit="kg")]
    address: Column[StructType[Address]]
    lines: Column[ArrayType[StructType[Lines]]]
    labels: Column[MapType[StringType, ArrayType[StringType]]]
    note: Annotated[
        Column[BinaryType],
        doc_(
            "An instruction of the customer to whoever carries it, An instruction of the customer to whoever carries "
            'it, An instruction of the customer to whoever carries it, as typed, "quotes" and \\ too'
        ),
    ]
    doc: Column[DateType]

    # Not declared here:
    # - Order Source (string): names of a contract are lower case; rename it, such as to order_source, and import the
    #   table again
    # - class (string): it is a word of Python; rename it, such as to class_, and import the table again
    # - address.class (string): it is a word of Python; rename it, such as to class_, and import the table again
    # - partitioned_by: in the table it is days(placed_at), class, which cannot be said here
