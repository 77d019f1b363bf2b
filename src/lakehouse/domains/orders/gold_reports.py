"""What a shop asks of its orders: by day, by customer, by step and by article."""

from __future__ import annotations

from typing import Annotated

from pyspark.sql import Window
from pyspark.sql import functions as F
from pyspark.sql.types import DateType, DoubleType, IntegerType, LongType, StringType

from lakehouse.contract import Column, DataSet, Keys, Schema, build, conform, doc, table
from lakehouse.domains.orders.gold_facts import UNKNOWN, FactOrders, Total
from lakehouse.domains.orders.silver_orders import OrderLines
from lakehouse.quality import Between, Holds, NotNull


@table("gold.revenue_daily", key=("day", "currency"))
class RevenueDaily(Schema):
    """How much did we sell on a day, and what is left of it after returns?

    One row per day of placement and currency; amounts of the currency ``unknown`` are in currencies that nobody knows.
    """

    day: Annotated[Column[DateType], doc("Day of the orders", unit="UTC")]
    currency: Annotated[Column[StringType], doc("ISO 4217, or unknown")]
    orders: Annotated[Column[LongType], doc("Orders that were placed", unit="orders"), NotNull()]
    order_amount: Annotated[Column[Total], doc("What was ordered", unit="currency"), NotNull()]
    sold_amount: Annotated[Column[Total], doc("What of it was paid and not cancelled", unit="currency"), NotNull()]
    returned_amount: Annotated[Column[Total], doc("What of it came back", unit="currency"), NotNull()]
    net_amount: Annotated[Column[Total], doc("Sold less returned", unit="currency"), NotNull()]


@build(follows=Keys("day", "currency"))
def revenue_daily(orders: DataSet[FactOrders]) -> DataSet[RevenueDaily]:
    """Add up the orders of each day and currency."""
    amounts = ("order_amount", "sold_amount", "returned_amount", "net_amount")
    sums = (F.sum(name).alias(name) for name in amounts)
    return conform(orders.groupBy("day", "currency").agg(F.count("*").alias("orders"), *sums), RevenueDaily)


@table("gold.customer_lifetime_value", key=("customer_id", "currency"))
class CustomerLifetimeValue(Schema):
    """What has a customer brought us so far, in how many orders, from when to when?

    One row per customer and currency; orders of nobody known are one customer, ``unknown``.
    """

    customer_id: Annotated[Column[StringType], doc("Key of gold.dim_customer, or unknown")]
    currency: Annotated[Column[StringType], doc("ISO 4217, or unknown")]
    orders: Annotated[Column[LongType], doc("Orders that were placed", unit="orders"), NotNull()]
    sold_orders: Annotated[Column[LongType], doc("Those that were paid and not cancelled", unit="orders"), NotNull()]
    first_order_on: Annotated[Column[DateType], doc("Day of the first order", unit="UTC"), NotNull()]
    last_order_on: Annotated[Column[DateType], doc("Day of the newest order", unit="UTC"), NotNull()]
    net_amount: Annotated[Column[Total], doc("Sold less returned, of all orders", unit="currency"), NotNull()]


@build(follows=Keys("customer_id", "currency"))
def customer_lifetime_value(orders: DataSet[FactOrders]) -> DataSet[CustomerLifetimeValue]:
    """Add up the orders of each customer and currency."""
    values = orders.groupBy("customer_id", "currency").agg(
        F.count("*").alias("orders"),
        F.count_if(FactOrders.status.isin("paid", "shipped", "delivered", "returned")).alias("sold_orders"),
        F.min("day").alias("first_order_on"),
        F.max("day").alias("last_order_on"),
        F.sum("net_amount").alias("net_amount"),
    )
    return conform(values, CustomerLifetimeValue)


@table(
    "gold.order_funnel",
    key=("day",),
    rules=(Holds("it_narrows", "placed >= paid AND paid >= shipped AND shipped >= delivered"),),
)
class OrderFunnel(Schema):
    """Of the orders of a day, how many got how far, and where do we lose them?

    One row per day of placement. An order counts at each step that it must have passed, told or not.
    """

    day: Annotated[Column[DateType], doc("Day of the orders", unit="UTC")]
    placed: Annotated[Column[LongType], doc("Orders that were placed", unit="orders"), NotNull()]
    paid: Annotated[Column[LongType], doc("Those that were paid", unit="orders"), NotNull()]
    shipped: Annotated[Column[LongType], doc("Those that were shipped", unit="orders"), NotNull()]
    delivered: Annotated[Column[LongType], doc("Those that were delivered", unit="orders"), NotNull()]
    cancelled: Annotated[Column[LongType], doc("Those that were cancelled", unit="orders"), NotNull()]
    returned: Annotated[Column[LongType], doc("Those of which something came back", unit="orders"), NotNull()]
    delivered_share: Annotated[Column[DoubleType], doc("Share that was delivered, 0 to 1"), Between(0.0, 1.0)]


@build(follows=Keys("day"))
def order_funnel(orders: DataSet[FactOrders]) -> DataSet[OrderFunnel]:
    """Count the orders of each day by how far they got."""
    days = orders.groupBy("day").agg(
        F.count("*").alias("placed"),
        *(F.count_if(F.col(f"was_{step}")).alias(step) for step in ("paid", "shipped", "delivered")),
        *(F.count_if(FactOrders.status == step).alias(step) for step in ("cancelled", "returned")),
    )
    return conform(days.withColumn("delivered_share", F.try_divide("delivered", "placed")), OrderFunnel)


@table("gold.rfm_segments", key=("customer_id", "currency"))
class RfmSegments(Schema):
    """Which customers are our best, which are new, and which are we about to lose?

    One row per known customer and currency, by fifths of all customers of the currency: 5 is best.
    """

    customer_id: Annotated[Column[StringType], doc("Key of gold.dim_customer")]
    currency: Annotated[Column[StringType], doc("ISO 4217")]
    recency: Annotated[Column[IntegerType], doc("Fifth by day of the newest order"), NotNull(), Between(1, 5)]
    frequency: Annotated[Column[IntegerType], doc("Fifth by number of orders"), NotNull(), Between(1, 5)]
    monetary: Annotated[Column[IntegerType], doc("Fifth by net amount"), NotNull(), Between(1, 5)]
    segment: Annotated[Column[StringType], doc("champion, loyal, new, at_risk, lost, regular"), NotNull()]


@build
def rfm_segments(values: DataSet[CustomerLifetimeValue]) -> DataSet[RfmSegments]:
    """Rank the customers of each currency by recency, frequency and money."""
    known = values.where((F.col("customer_id") != UNKNOWN) & (F.col("currency") != UNKNOWN))
    ranks = {"recency": "last_order_on", "frequency": "orders", "monetary": "net_amount"}
    ranked = known.withColumns(
        {
            # The identifier decides between equals, so that the same rows always give the same fifths.
            name: F.ntile(5).over(Window.partitionBy("currency").orderBy(by, "customer_id"))
            for name, by in ranks.items()
        }
    )
    recency, frequency = F.col("recency"), F.col("frequency")
    segment = (
        F.when((recency >= 4) & (frequency >= 4) & (F.col("monetary") >= 4), "champion")
        .when((recency >= 3) & (frequency >= 4), "loyal")
        .when((recency >= 4) & (frequency <= 2), "new")
        .when((recency <= 2) & (frequency >= 3), "at_risk")
        .when(recency <= 2, "lost")
        .otherwise("regular")
    )
    return conform(ranked.withColumn("segment", segment), RfmSegments)


@table("gold.basket_pairs", key=("sku", "other_sku"))
class BasketPairs(Schema):
    """Which articles are bought together more often than chance would have it?

    One row per pair of articles that at least one order has both of.
    """

    sku: Annotated[Column[StringType], doc("Article number, the first of the two by alphabet")]
    other_sku: Annotated[Column[StringType], doc("Article number")]
    orders: Annotated[Column[LongType], doc("Orders that have both", unit="orders"), NotNull()]
    support: Annotated[Column[DoubleType], doc("Share of all orders that have both, 0 to 1"), Between(0.0, 1.0)]
    lift: Annotated[Column[DoubleType], doc("How many times as often as if they were independent"), NotNull()]


@build
def basket_pairs(lines: DataSet[OrderLines]) -> DataSet[BasketPairs]:
    """Count the pairs of articles in each order."""
    known = lines.where(OrderLines.sku.isNotNull())
    baskets = known.groupBy("order_id").agg(F.collect_set("sku").alias("skus"))
    in_all = baskets.agg(F.count("*").alias("baskets"))
    each = baskets.select(F.explode("skus").alias("article")).groupBy("article").agg(F.count("*").alias("alone"))
    firsts = baskets.select("skus", F.explode("skus").alias("sku"))
    pairs = firsts.select("sku", F.explode("skus").alias("other_sku")).where("sku < other_sku")
    counted = pairs.groupBy("sku", "other_sku").agg(F.count("*").alias("orders")).crossJoin(in_all)
    for name in ("sku", "other_sku"):
        counted = counted.join(each.withColumnsRenamed({"article": name, "alone": f"{name}_alone"}), name)
    lift = F.col("orders") * F.col("baskets") / (F.col("sku_alone") * F.col("other_sku_alone"))
    return conform(counted.withColumns({"support": F.col("orders") / F.col("baskets"), "lift": lift}), BasketPairs)
