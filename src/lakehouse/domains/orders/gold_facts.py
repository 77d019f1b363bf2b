"""Orders as reports add them up."""

from __future__ import annotations

from typing import Annotated, Literal

from pyspark.sql import functions as F
from pyspark.sql.types import BooleanType, DateType, LongType, StringType

from lakehouse.contract import Column, DataSet, DecimalType, Groups, Scored, build, conform, doc, table
from lakehouse.domains.orders.gold_dimensions import DimCustomer
from lakehouse.domains.orders.silver_events import CURRENCIES, MONEY, Money
from lakehouse.domains.orders.silver_orders import STATUSES, Orders
from lakehouse.quality import Between, Holds, NotNull, OneOf, Unique

Total = DecimalType[Literal[22], Literal[2]]
"""A sum of amounts in one currency: of as many as there can be."""
UNKNOWN = "unknown"
_SOLD = ("paid", "shipped", "delivered", "returned")


@table(
    "gold.fact_orders",
    key=("order_id",),
    partitioned_by=("months(day)",),
    rules=(
        Unique("order_id"),
        Holds("customer_is_known", f"customer_id <> '{UNKNOWN}'", because="Nobody of that identifier was ever created"),
        Holds("returned_no_more_than_sold", "returned_amount <= sold_amount"),
    ),
)
class FactOrders(Scored):
    """What was ordered when, by whom, how far did it get, and what is left of it after cancellations and returns?

    One row per order that was placed. One of a customer who was never there is of the customer ``unknown``, and one in
    a currency that the shop does not sell in has the currency ``unknown``: neither is lost, and no sum mixes currencies
    that it names.
    """

    order_id: Annotated[Column[StringType], doc("Identifier given by the shop")]
    customer_id: Annotated[Column[StringType], doc("Key of gold.dim_customer, or unknown"), NotNull()]
    stated_customer_id: Annotated[Column[StringType], doc("Who ordered, as logged")]
    customer_country: Annotated[Column[StringType], doc("Where the customer lived then; null where not known")]
    customer_tier: Annotated[Column[StringType], doc("Standing of the customer then; null where not known")]
    day: Annotated[Column[DateType], doc("Day of the order", unit="UTC"), NotNull()]
    currency: Annotated[Column[StringType], doc("ISO 4217, or unknown"), NotNull(), OneOf(*CURRENCIES)]
    status: Annotated[Column[StringType], doc(f"Furthest of {', '.join(STATUSES)}"), NotNull(), OneOf(*STATUSES)]
    was_paid: Annotated[Column[BooleanType], doc("Paid, or as far as orders get only when paid"), NotNull()]
    was_shipped: Annotated[Column[BooleanType], doc("Shipped, or as far as orders get only when shipped"), NotNull()]
    was_delivered: Annotated[Column[BooleanType], doc("Delivered, be it returned since"), NotNull()]
    line_count: Annotated[Column[LongType], doc("Lines of the order", unit="lines"), NotNull()]
    order_amount: Annotated[Column[Money], doc("What was ordered", unit="currency"), NotNull(), Between(0, 1_000_000)]
    sold_amount: Annotated[
        Column[Money], doc("What was ordered, if paid and not cancelled", unit="currency"), NotNull()
    ]
    returned_amount: Annotated[Column[Money], doc("What of it came back", unit="currency"), NotNull()]
    net_amount: Annotated[Column[Money], doc("Sold less returned", unit="currency"), NotNull()]


@build(
    follows=Groups(
        "stated_customer_id",
        orders={"stated_customer_id": "customer_id"},
        customers={"stated_customer_id": "customer_id"},
    )
)
def fact_orders(orders: DataSet[Orders], customers: DataSet[DimCustomer]) -> DataSet[FactOrders]:
    """Join each order to the version of its customer that held when it was placed."""
    placed = orders.where(Orders.placed_at.isNotNull())
    there = customers.select(F.col("customer_id").alias("known_id")).distinct()
    versions = customers.select(
        F.col("customer_id").alias("version_of"),
        "valid_from",
        "valid_to",
        F.col("country").alias("customer_country"),
        F.col("tier").alias("customer_tier"),
    )
    held = (
        (F.col("customer_id") == F.col("version_of"))
        & (F.col("valid_from") <= F.col("placed_at"))
        & (F.col("valid_to").isNull() | (F.col("placed_at") < F.col("valid_to")))
    )
    joined = placed.join(there, F.col("customer_id") == F.col("known_id"), "left").join(versions, held, "left")
    nothing, is_sold = F.lit(0).cast(MONEY), F.col("status").isin(*_SOLD)
    came_back = F.when(is_sold, F.col("returned_amount")).otherwise(nothing)
    sold = F.when(is_sold, F.col("order_amount")).otherwise(nothing)
    columns = joined.select(
        "order_id",
        F.coalesce("known_id", F.lit(UNKNOWN)).alias("customer_id"),
        F.col("customer_id").alias("stated_customer_id"),
        "customer_country",
        "customer_tier",
        F.col("placed_at").cast("date").alias("day"),
        F.when(F.col("currency").isin(*CURRENCIES), F.col("currency")).otherwise(UNKNOWN).alias("currency"),
        "status",
        (is_sold | F.col("paid_at").isNotNull()).alias("was_paid"),
        F.col("status").isin("shipped", "delivered", "returned").alias("was_shipped"),
        F.col("status").isin("delivered", "returned").alias("was_delivered"),
        "line_count",
        "order_amount",
        sold.alias("sold_amount"),
        came_back.alias("returned_amount"),
        (sold - came_back).cast(MONEY).alias("net_amount"),
    )
    return conform(columns, FactOrders)
