"""Orders and their lines, put together of events that come late, several times, or not at all."""

from __future__ import annotations

from typing import Annotated

from pyspark.sql import Column as SparkColumn
from pyspark.sql import DataFrame
from pyspark.sql import functions as F
from pyspark.sql.types import IntegerType, LongType, StringType, TimestampType

from lakehouse.contract import Column, DataSet, Keys, Scored, build, conform, doc, table
from lakehouse.domains.orders.silver_events import CURRENCIES, MONEY, Money, OrderEvents
from lakehouse.quality import Between, Holds, NotNull, OneOf, Ordered, References, Unique
from lakehouse.transforms.deduplicate import keep_newest
from lakehouse.transforms.functions import try_cast

STATUSES = ("placed", "payment_failed", "paid", "cancelled", "shipped", "delivered", "returned")
"""From the first to the furthest; an order that was shipped can no longer be cancelled."""
_INSTANTS = {
    "placed_at": "order_placed",
    "payment_failed_at": "payment_failed",
    "paid_at": "payment_received",
    "cancelled_at": "order_cancelled",
    "shipped_at": "order_shipped",
    "delivered_at": "order_delivered",
    "returned_at": "order_returned",
}


@table(
    "silver.order_lines",
    key=("order_id", "line"),
    partitioned_by=("bucket(4, order_id)",),
    rules=(
        Unique("order_id", "line"),
        Holds("returned_no_more_than_ordered", "returned_quantity <= quantity"),
    ),
)
class OrderLines(Scored):
    """One row per line of an order that was placed, with what of it came back."""

    order_id: Annotated[Column[StringType], doc("Identifier of the order")]
    line: Annotated[Column[IntegerType], doc("Place in the order, from 1")]
    sku: Annotated[Column[StringType], doc("Article number"), NotNull()]
    name: Annotated[Column[StringType], doc("Name of the article")]
    category: Annotated[Column[StringType], doc("Category of the article")]
    quantity: Annotated[Column[IntegerType], doc("How many, as logged", unit="pieces"), NotNull(), Between(1, 10_000)]
    unit_price: Annotated[Column[Money], doc("Price of one", unit="currency"), NotNull(), Between(0, 1_000_000)]
    amount: Annotated[
        Column[Money], doc("Quantity times price; null where the quantity is none", unit="currency"), NotNull()
    ]
    returned_quantity: Annotated[Column[LongType], doc("How many came back", unit="pieces"), NotNull()]
    returned_amount: Annotated[
        Column[Money], doc("Value of what came back, at most the amount", unit="currency"), NotNull()
    ]
    currency: Annotated[Column[StringType], doc("ISO 4217, as logged"), NotNull(), OneOf(*CURRENCIES)]


@build(follows=Keys("order_id"))
def order_lines(events: DataSet[OrderEvents]) -> DataSet[OrderLines]:
    """Take the lines of each order from its newest placement, and beside them what was returned."""
    placed = keep_newest(
        events.where(OrderEvents.event == "order_placed"), key=["order_id"], newest_by=["occurred_at", "event_id"]
    )
    lines = placed.select("order_id", "currency", F.posexplode("lines").alias("before", "logged")).select(
        "order_id",
        "currency",
        (F.col("before") + 1).alias("line"),
        *(f"logged.{name}" for name in ("sku", "name", "category", "quantity")),
        try_cast(F.col("logged.unit_price"), MONEY).alias("unit_price"),
    )
    whole = lines.join(_returned(events), ["order_id", "line"], "left").na.fill(0, ["returned_quantity"])
    amount = F.when(F.col("quantity") > 0, _money(F.col("quantity") * F.col("unit_price")))
    came_back = _money(F.col("returned_quantity") * F.col("unit_price"))
    whole = whole.withColumn("amount", amount)
    return conform(whole.withColumn("returned_amount", F.least(came_back, _or_nothing("amount"))), OrderLines)


def _returned(events: DataFrame) -> DataFrame:
    lines = events.where("event = 'order_returned'").select("order_id", F.inline("returned_lines"))
    return lines.where("quantity > 0").groupBy("order_id", "line").agg(F.sum("quantity").alias("returned_quantity"))


@table(
    "silver.orders",
    key=("order_id",),
    partitioned_by=("bucket(4, order_id)",),
    rules=(
        Unique("order_id"),
        References(
            columns=("customer_id",), table="silver.customer_changes", name="customer_is_known",
            because="Who was deleted was there; who never was cannot have ordered",
        ),
        Ordered("placed_at", "paid_at", "shipped_at", "delivered_at", name="steps_in_order"),
        Holds(
            "no_step_is_missing",
            "(delivered_at IS NULL OR shipped_at IS NOT NULL) AND (shipped_at IS NULL OR paid_at IS NOT NULL)",
            because="The event of the step is a dead letter, or was never sent",
        ),
        Holds("not_cancelled_after_shipping", "cancelled_at IS NULL OR shipped_at IS NULL"),
        Holds("paid_what_was_ordered", "paid_amount = order_amount"),
    ),
)  # fmt: skip
class Orders(Scored):
    """One row per order that any event tells of, in the furthest state that it can be in."""

    order_id: Annotated[Column[StringType], doc("Identifier given by the shop")]
    customer_id: Annotated[Column[StringType], doc("Who ordered, as logged"), NotNull()]
    status: Annotated[Column[StringType], doc(f"Furthest of {', '.join(STATUSES)}; or never_placed"), OneOf(*STATUSES)]
    placed_at: Annotated[Column[TimestampType], doc("Instant of the order", unit="UTC"), NotNull()]
    payment_failed_at: Annotated[Column[TimestampType], doc("Instant of the first payment that failed", unit="UTC")]
    paid_at: Annotated[Column[TimestampType], doc("Instant of the first payment", unit="UTC")]
    shipped_at: Annotated[Column[TimestampType], doc("Instant of shipment", unit="UTC")]
    delivered_at: Annotated[Column[TimestampType], doc("Instant of delivery", unit="UTC")]
    cancelled_at: Annotated[Column[TimestampType], doc("Instant of cancellation", unit="UTC")]
    returned_at: Annotated[Column[TimestampType], doc("Instant of the first return", unit="UTC")]
    currency: Annotated[Column[StringType], doc("ISO 4217, as logged"), NotNull(), OneOf(*CURRENCIES)]
    line_count: Annotated[Column[LongType], doc("Lines of the order", unit="lines"), Between(1, 1_000)]
    order_amount: Annotated[Column[Money], doc("Sum of the lines that have an amount", unit="currency"), NotNull()]
    paid_amount: Annotated[Column[Money], doc("Sum of all payments; null where there is none", unit="currency")]
    returned_amount: Annotated[Column[Money], doc("Value of what came back", unit="currency"), NotNull()]


@build(follows=Keys("order_id"))
def orders(events: DataSet[OrderEvents], lines: DataSet[OrderLines]) -> DataSet[Orders]:
    """Put each order together of its events, in whatever order they came, and of the sums of its lines."""
    placed = F.struct("occurred_at", "event_id", "customer_id", "currency")
    told = events.groupBy("order_id").agg(
        F.max(F.when(OrderEvents.event == "order_placed", placed)).alias("placed"),
        F.min("customer_id").alias("any_customer_id"),
        *(F.min(F.when(OrderEvents.event == event, F.col("occurred_at"))).alias(at) for at, event in _INSTANTS.items()),
        _money(F.sum(F.when(OrderEvents.event == "payment_received", F.col("payment_amount")))).alias("paid_amount"),
    )
    sums = lines.groupBy("order_id").agg(
        F.count("*").alias("line_count"),
        _money(F.sum("amount")).alias("order_amount"),
        _money(F.sum("returned_amount")).alias("returned_amount"),
    )
    whole = told.join(sums, "order_id", "left").withColumns(
        {
            "customer_id": F.coalesce("placed.customer_id", "any_customer_id"),
            "currency": F.col("placed.currency"),
            "status": _status(),
            "line_count": F.coalesce("line_count", F.lit(0).cast("long")),
            "order_amount": _or_nothing("order_amount"),
            "returned_amount": _or_nothing("returned_amount"),
        }
    )
    return conform(whole, Orders)


def _status() -> SparkColumn:
    """Give the furthest step; of one that was shipped a cancellation is none."""
    found = F.when(F.col("placed").isNull(), "never_placed")
    for at in ("returned_at", "delivered_at", "shipped_at", "cancelled_at", "paid_at", "payment_failed_at"):
        found = found.when(F.col(at).isNotNull(), at.removesuffix("_at"))
    return found.otherwise("placed")


def _money(amount: SparkColumn) -> SparkColumn:
    """Give an amount as money; null where it is too large."""
    return try_cast(amount, MONEY)


def _or_nothing(name: str) -> SparkColumn:
    return F.coalesce(F.col(name), F.lit(0).cast(MONEY))
