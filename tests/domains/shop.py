"""A shop's sample as the lake holds it: its bytes decoded into bronze, and built from there, without a broker."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from typing import Any

from pyspark.sql import DataFrame, Row, SparkSession

from lakehouse.catalog.iceberg import good_data
from lakehouse.contract.build import build_of
from lakehouse.contract.schema import Schema
from lakehouse.contract.table import spec_of
from lakehouse.contract.tombstones import without_tombstones
from lakehouse.domains.orders import (
    gold_dimensions,
    gold_facts,
    gold_reports,
    silver_customers,
    silver_events,
    silver_orders,
)
from lakehouse.domains.orders.bronze import CustomersRaw, OrderEventsRaw
from lakehouse.local.customers import CustomerDirt, customer_messages
from lakehouse.local.dirt import Message
from lakehouse.local.orders import OrderDirt, order_messages
from lakehouse.pipeline.bronze_rows import to_bronze
from lakehouse.quality import rule_set, with_quality
from lakehouse.testing import build_rows
from lakehouse.transforms.decoder import JsonDecoder

KAFKA = """
    key binary, value binary, topic string, partition int, offset bigint, timestamp timestamp, timestampType int,
    headers array<struct<key: string, value: binary>>
"""
ORDER_DIRT = OrderDirt(
    repeated=0.05, never_placed=0.02, broken_json=0.01, missing_order_id=0.01, late=0.05, unknown_customer=0.05,
    unknown_currency=0.04, negative_quantity=0.04, wrong_amount=0.05,
)  # fmt: skip
CUSTOMER_DIRT = CustomerDirt(
    repeated=0.05, broken_json=0.02, missing_key=0.02, unknown_operation=0.02, late=0.1, bad_email=0.05
)
BUILDS = (
    silver_customers.customer_changes,
    silver_customers.customers,
    silver_events.order_events,
    silver_orders.order_lines,
    silver_orders.orders,
    gold_dimensions.dim_customer,
    gold_facts.fact_orders,
    gold_reports.revenue_daily,
    gold_reports.customer_lifetime_value,
    gold_reports.order_funnel,
    gold_reports.basket_pairs,
)


@dataclass(frozen=True)
class Shop:
    """Messages as they were sent, and what every table holds of them."""

    orders: list[Message]
    customers: list[Message]
    frames: dict[str, DataFrame] = field(default_factory=dict)
    collected: dict[str, list[Row]] = field(default_factory=dict)

    def rows(self, table: str) -> list[Row]:
        """Give the rows of a table, with the marks of deletes, and of a scored one with the names of broken rules."""
        if table not in self.collected:
            self.collected[table] = self.frames[table].collect()
        return self.collected[table]

    def by(self, table: str, *columns: str) -> dict[Any, Row]:
        """Give the rows of a table by the values of some columns that no two share."""
        found = {
            tuple(row[name] for name in columns) if columns[1:] else row[columns[0]]: row for row in self.rows(table)
        }
        assert len(found) == len(self.rows(table))
        return found

    def dead(self, table: str) -> dict[int, Row]:
        """Give the dead letters of a bronze table by offset."""
        return {row.offset: row.dead_letter for row in self.rows(table) if row.dead_letter}


def records(spark: SparkSession, sample: list[Message]) -> DataFrame:
    """Give messages as Spark reads them from Kafka: one partition, the number of the message being its offset."""
    at = datetime(2026, 4, 1, tzinfo=UTC)
    rows = [(one.key, one.value, "shop", 0, one.number, at, 0, None) for one in sample]
    return spark.createDataFrame(rows, KAFKA)


def make_shop(spark: SparkSession, *, count: int = 1_500) -> Shop:
    """Make the messages, decode them, and build every table of them."""
    shop = Shop(
        orders=list(order_messages(seed=5, count=count, dirt=ORDER_DIRT)),
        customers=list(customer_messages(seed=5, count=count // 3, dirt=CUSTOMER_DIRT)),
    )
    given: dict[type[Schema], DataFrame] = {}
    for schema, sample, decode in (
        (CustomersRaw, shop.customers, JsonDecoder(debezium=True)),
        (OrderEventsRaw, shop.orders, JsonDecoder()),
    ):
        spec = spec_of(schema)
        held = to_bronze(records(spark, sample), spec, max_bytes=100_000, decode=decode).localCheckpoint()
        shop.frames[spec.name] = held
        given[schema] = good_data(held, schema)
    for function in BUILDS:
        build = build_of(function)
        assert build is not None
        inputs: dict[str, Any] = {name: given[schema] for name, schema in build.inputs}
        made = build_rows(function, **inputs).localCheckpoint()
        rules = rule_set(build.table)
        own = made.drop(*build.table.generated) if not build.table.history else made
        shop.frames[build.table.name] = with_quality(own, rules) if rules.rules else made
        given[build.output] = without_tombstones(made, build.table)
    return shop


@cache
def shop_of(spark: SparkSession) -> Shop:
    """Give the shop of this session, which is made once."""
    return make_shop(spark)
