"""The shop's gold tables, their builds as functions; and what they add up to, held against silver."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from pyspark.sql import DataFrame, Row, SparkSession

from lakehouse.domains.orders.gold_dimensions import DimCustomer, dim_customer
from lakehouse.domains.orders.gold_facts import FactOrders, fact_orders
from lakehouse.domains.orders.gold_reports import (
    CustomerLifetimeValue,
    basket_pairs,
    customer_lifetime_value,
    order_funnel,
    revenue_daily,
    rfm_segments,
)
from lakehouse.domains.orders.silver_customers import CustomerChanges
from lakehouse.domains.orders.silver_orders import OrderLines, Orders
from lakehouse.pipeline.graph import discover
from lakehouse.testing import assert_build, assert_build_laws, build_rows, make_rows
from tests.domains.shop import Shop, shop_of


def at(hour: int) -> datetime:
    return datetime(2026, 1, 1 + hour // 24, hour % 24, tzinfo=UTC)


def versions(spark: SparkSession) -> DataFrame:
    """Two versions of a customer: another tier from the tenth hour on, and gone from the thirtieth."""
    told = [("c", 0, "NO", "a"), ("u", 5, "NO", "b"), ("u", 10, "SE", "b"), ("d", 30, "SE", "b")]
    rows = [
        {
            "customer_id": "c1",
            "log_position": hour,
            "op": op,
            "changed_at": at(hour),
            "country": country,
            "email": email,
        }
        for op, hour, country, email in told
    ]
    return build_rows(dim_customer, changes=make_rows(spark, CustomerChanges, rows))


def test_a_customer_has_a_version_for_what_reports_see_and_a_delete_ends_the_last(spark: SparkSession) -> None:
    found = versions(spark).orderBy("valid_from").collect()
    held = [(row.country, row.valid_from.astimezone(UTC), row.valid_to.astimezone(UTC)) for row in found]
    assert held == [("NO", at(0), at(10)), ("SE", at(10), at(30))]


def order(number: int, **columns: Any) -> dict[str, Any]:
    amount = {"order_amount": Decimal(100), "returned_amount": Decimal(0), "line_count": 1}
    own = {"order_id": f"o{number}", "customer_id": "c1", "placed_at": at(number), "currency": "EUR"}
    return {**own, "status": "delivered", **amount, **columns}


@pytest.fixture(scope="module")
def facts(spark: SparkSession) -> dict[str, Row]:
    given = [
        order(1, returned_amount=Decimal(30), status="returned"),
        order(12),
        order(31),
        order(2, customer_id="nobody"),
        order(3, currency="XQZ"),
        order(4, status="cancelled", paid_at=at(5)),
        order(5, status="never_placed", placed_at=None),
        order(6, customer_id=None, status="placed"),
    ]
    made = build_rows(fact_orders, orders=make_rows(spark, Orders, given), customers=versions(spark)).collect()
    assert len({row.order_id for row in made}) == len(made)
    return {row.order_id: row for row in made}


def test_an_order_is_of_its_customer_as_they_were_when_it_was_placed(facts: dict[str, Row]) -> None:
    found = {name: (facts[name].customer_id, facts[name].customer_country) for name in ("o1", "o12", "o31")}
    assert found == {"o1": ("c1", "NO"), "o12": ("c1", "SE"), "o31": ("c1", None)}


def test_an_order_of_nobody_known_is_of_the_customer_unknown(facts: dict[str, Row]) -> None:
    found = {name: (facts[name].customer_id, facts[name].stated_customer_id) for name in ("o2", "o6")}
    assert found == {"o2": ("unknown", "nobody"), "o6": ("unknown", None)}


def test_what_is_sold_is_paid_and_not_cancelled_and_what_is_left_of_it_is_net(facts: dict[str, Row]) -> None:
    found = {name: (facts[name].sold_amount, facts[name].net_amount) for name in ("o1", "o4", "o6", "o12")}
    assert found == {"o1": (100, 70), "o4": (0, 0), "o6": (0, 0), "o12": (100, 100)}


def test_an_order_that_was_never_placed_is_no_fact_and_one_in_no_known_currency_is(facts: dict[str, Row]) -> None:
    assert ("o5" in facts, facts["o3"].currency, facts["o3"].net_amount) == (False, "unknown", 100)


def fact(number: int, **columns: Any) -> dict[str, Any]:
    own = {"order_id": f"o{number}", "customer_id": f"c{number % 2}", "day": at(24 * (number % 3)).date()}
    amounts = {name: Decimal(number) for name in ("order_amount", "sold_amount", "returned_amount", "net_amount")}
    steps = dict.fromkeys(("was_paid", "was_shipped", "was_delivered"), False)
    return {**own, "currency": ("EUR", "USD")[number % 2], "status": "placed", **amounts, **steps, **columns}


def test_revenue_of_a_day_never_mixes_currencies(spark: SparkSession) -> None:
    given = make_rows(spark, FactOrders, [fact(1), fact(4), fact(7, currency="EUR"), fact(5)])
    expected = [
        {"day": at(24).date(), "currency": "USD", "orders": 1, "net_amount": Decimal(1)},
        {"day": at(24).date(), "currency": "EUR", "orders": 2, "net_amount": Decimal(11)},
        {"day": at(48).date(), "currency": "USD", "orders": 1, "net_amount": Decimal(5)},
    ]
    assert_build(revenue_daily, expected, orders=given)


def test_the_funnel_counts_the_orders_of_a_day_at_each_step(spark: SparkSession) -> None:
    paid = {"was_paid": True, "was_shipped": True}
    given = [
        fact(3),
        fact(6, **paid, status="shipped"),
        fact(9, **paid, was_delivered=True),
        fact(12, status="cancelled"),
    ]
    expected = {"placed": 4, "paid": 2, "shipped": 2, "delivered": 1, "cancelled": 1, "delivered_share": 0.25}
    assert_build(order_funnel, [expected], orders=make_rows(spark, FactOrders, given))


def test_the_value_of_a_customer_is_by_currency_and_counts_what_was_sold(spark: SparkSession) -> None:
    given = [fact(1, status="paid"), fact(3, status="cancelled", net_amount=Decimal(0)), fact(2, status="returned")]
    expected = [
        {"customer_id": "c1", "orders": 2, "sold_orders": 1, "net_amount": Decimal(1), "last_order_on": at(24).date()},
        {"customer_id": "c0", "orders": 1, "sold_orders": 1, "net_amount": Decimal(2), "last_order_on": at(48).date()},
    ]
    assert_build(customer_lifetime_value, expected, orders=make_rows(spark, FactOrders, given))


def test_the_best_customers_are_champions_and_nobody_is_none(spark: SparkSession) -> None:
    given = [
        {
            "customer_id": f"c{n}",
            "currency": "EUR",
            "orders": n,
            "net_amount": Decimal(n),
            "last_order_on": at(24 * n).date(),
        }
        for n in range(10)
    ]
    values = make_rows(spark, CustomerLifetimeValue, [*given, {**given[9], "customer_id": "unknown"}])
    found = {row.customer_id: row.segment for row in build_rows(rfm_segments, values=values).collect()}
    assert found == {f"c{n}": "lost" if n < 4 else "regular" if n < 6 else "champion" for n in range(10)}


def test_a_pair_is_counted_once_in_each_order_that_has_both(spark: SparkSession) -> None:
    baskets = {"o1": "BA", "o2": "AABC", "o3": "C", "o4": "D"}
    rows = [{"order_id": name, "line": n, "sku": sku} for name, skus in baskets.items() for n, sku in enumerate(skus)]
    expected = [
        {"sku": "A", "other_sku": "B", "orders": 2, "support": 0.5, "lift": 2.0},
        {"sku": "A", "other_sku": "C", "orders": 1, "support": 0.25, "lift": 1.0},
        {"sku": "B", "other_sku": "C", "orders": 1, "support": 0.25, "lift": 1.0},
    ]
    assert_build(basket_pairs, expected, lines=make_rows(spark, OrderLines, rows))


def total(rows: list[Row], amount: str) -> dict[str, Decimal]:
    """Sum an amount by currency; one that the shop does not sell in is unknown."""
    found: dict[str, Decimal] = {}
    for row in rows:
        currency = row.currency if row.currency in ("EUR", "GBP", "NOK", "USD") else "unknown"
        found[currency] = found.get(currency, Decimal(0)) + (row[amount] or 0)
    return found


@pytest.fixture(scope="module")
def shop(spark: SparkSession) -> Shop:
    return shop_of(spark)


def test_what_was_ordered_by_day_adds_up_to_the_orders_and_lines_of_silver(shop: Shop) -> None:
    gold = total(shop.rows("gold.revenue_daily"), "order_amount")
    placed = [row for row in shop.rows("silver.orders") if row.placed_at]
    assert gold == total(placed, "order_amount") == total(shop.rows("silver.order_lines"), "amount")
    assert "unknown" in gold


@pytest.mark.parametrize("report", ["gold.revenue_daily", "gold.customer_lifetime_value"])
def test_each_report_adds_up_to_the_sold_orders_of_silver_less_what_came_back(shop: Shop, report: str) -> None:
    sold = [row for row in shop.rows("silver.orders") if row.status in ("paid", "shipped", "delivered", "returned")]
    ordered, back = total(sold, "order_amount"), total(sold, "returned_amount")
    assert total(shop.rows(report), "net_amount") == {name: ordered[name] - back[name] for name in ordered}


def test_every_report_counts_each_order_that_was_placed_once(shop: Shop) -> None:
    placed = sum(row.placed_at is not None for row in shop.rows("silver.orders"))
    counts = {
        "gold.fact_orders": len(shop.by("gold.fact_orders", "order_id")),
        "gold.revenue_daily": sum(row.orders for row in shop.rows("gold.revenue_daily")),
        "gold.customer_lifetime_value": sum(row.orders for row in shop.rows("gold.customer_lifetime_value")),
        "gold.order_funnel": sum(row.placed for row in shop.rows("gold.order_funnel")),
    }
    assert set(counts.values()) == {placed}


def test_each_customer_of_silver_is_current_in_gold_unless_deleted(shop: Shop) -> None:
    current = {row.customer_id for row in shop.rows("gold.dim_customer") if row.is_current}
    assert current == {row.customer_id for row in shop.rows("silver.customers") if row.op != "d"}


def test_every_gold_table_says_the_question_that_it_answers() -> None:
    tables = discover(["lakehouse.domains.orders"]).tables.values()
    assert [spec.name for spec in tables if spec.namespace == "gold" and "?" not in spec.comment] == []


@pytest.mark.slow  # some dozen small jobs for each build
def test_the_builds_of_gold_follow_their_inputs_as_they_say(spark: SparkSession) -> None:
    told = [
        {"customer_id": f"c{n % 3}", "log_position": n, "op": "cuud"[n % 4], "changed_at": at(n), "tier": "ab"[n % 2]}
        for n in range(12)
    ]
    changes = make_rows(spark, CustomerChanges, told)
    assert_build_laws(dim_customer, changes=changes)
    given = [order(n, customer_id=("c0", "c1", None, "c9")[n % 4]) for n in range(12)]
    customers = make_rows(
        spark, DimCustomer, [row.asDict() for row in build_rows(dim_customer, changes=changes).collect()]
    )
    assert_build_laws(fact_orders, orders=make_rows(spark, Orders, given), customers=customers)
    some = make_rows(spark, FactOrders, [fact(n) for n in range(12)])
    for build in (revenue_daily, customer_lifetime_value, order_funnel):
        assert_build_laws(build, orders=some)
    assert_build_laws(rfm_segments, values=build_rows(customer_lifetime_value, orders=some))
