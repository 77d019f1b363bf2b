"""Each kind of dirt in the shop's samples, followed from its bytes to its end: a dead letter, or a flag in silver."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import fields
from typing import Any

import pytest
from pyspark.sql import Row, SparkSession

from lakehouse.domains.orders.silver_orders import Orders
from lakehouse.local.customers import CustomerDirt
from lakehouse.local.dirt import Message
from lakehouse.local.orders import OrderDirt
from lakehouse.quality import Facts, score
from tests.domains.shop import Shop, shop_of

INSTANT = {
    "order_placed": "placed_at", "payment_received": "paid_at", "payment_failed": "payment_failed_at",
    "order_shipped": "shipped_at", "order_delivered": "delivered_at", "order_cancelled": "cancelled_at",
    "order_returned": "returned_at",
}  # fmt: skip


@pytest.fixture(scope="module")
def shop(spark: SparkSession) -> Shop:
    return shop_of(spark)


def body(message: Message) -> dict[str, Any]:
    return json.loads(message.value or b"")  # type: ignore[no-any-return]


def order(shop: Shop, message: Message, table: str = "silver.orders") -> Row | None:
    return shop.by(table, "order_id").get(body(message)["order_id"])


def flagged(row: Row | None, rule: str) -> bool:
    return row is not None and rule in row.failed_rules


def is_dead(table: str, reason: str, detail: str = "") -> Callable[[Shop, Message], bool]:
    """Whether a message is a dead letter of this reason, byte for byte."""

    def judge(shop: Shop, message: Message) -> bool:
        found = shop.dead(table)[message.number]
        return (found.reason, bytes(found.value or b"")) == (reason, message.value or b"") and detail in found.detail

    return judge


def is_one_event(shop: Shop, message: Message) -> bool:
    held = shop.by("silver.order_events", "event_id")[body(message)["event_id"]]
    return bool(held.order_id == body(message)["order_id"])


def is_an_order_without_placement(shop: Shop, message: Message) -> bool:
    row = order(shop, message)
    told = row is not None and row.status == "never_placed" and flagged(row, "placed_at_not_null")
    return told and order(shop, message, "gold.fact_orders") is None


def is_in_its_place(shop: Shop, message: Message) -> bool:
    row, event = order(shop, message), body(message)
    known = row is not None and row[INSTANT[event["event"]]] is not None
    return known and row is not None and not flagged(row, "steps_in_order")


def is_of_the_unknown_customer(shop: Shop, message: Message) -> bool:
    row, held = order(shop, message, "gold.fact_orders"), order(shop, message)
    if row is None:  # its placement is a dead letter
        return held is not None and held.placed_at is None
    stated = (row.customer_id, row.stated_customer_id) == ("unknown", body(message)["customer_id"])
    return stated and flagged(row, "customer_is_known")


def is_in_the_unknown_currency(shop: Shop, message: Message) -> bool:
    row, fact = order(shop, message), order(shop, message, "gold.fact_orders")
    assert row is not None
    assert fact is not None
    return flagged(row, "currency_one_of") and (fact.currency, fact.order_amount) == ("unknown", row.order_amount)


def is_a_line_without_amount(shop: Shop, message: Message) -> bool:
    row = shop.by("silver.order_lines", "order_id", "line")[body(message)["order_id"], 1]
    return row.amount is None and flagged(row, "quantity_between")


def is_paid_wrongly(shop: Shop, message: Message) -> bool:
    row = order(shop, message)
    if body(message)["event"] == "payment_failed" or (row is not None and row.placed_at is None):
        return row is not None  # nothing was paid, or its lines are in a dead letter
    return flagged(row, "paid_what_was_ordered")


def is_one_change(shop: Shop, message: Message) -> bool:
    return place(message) in shop.by("silver.customer_changes", "customer_id", "log_position")


def place(message: Message) -> tuple[str, int]:
    change = body(message)
    return (change["after"] or change["before"])["customer_id"], change["source"]["lsn"]


def is_behind_the_newest(shop: Shop, message: Message) -> bool:
    customer, position = place(message)
    held = shop.by("silver.customers", "customer_id")[customer]
    return is_one_change(shop, message) and held.log_position > position


def is_an_address_that_is_none(shop: Shop, message: Message) -> bool:
    row = shop.by("silver.customers", "customer_id")[place(message)[0]]
    return row.op == "d" or flagged(row, "email_syntax")


EVENTS, CHANGES = "bronze.order_events_raw", "bronze.customers_raw"
ENDS_OF_ORDERS: dict[str, Callable[[Shop, Message], bool]] = {
    "repeated": is_one_event,
    "never_placed": is_an_order_without_placement,
    "broken_json": is_dead(EVENTS, "malformed_json"),
    "missing_order_id": is_dead(EVENTS, "missing_required", "order_id: required"),
    "late": is_in_its_place,
    "unknown_customer": is_of_the_unknown_customer,
    "unknown_currency": is_in_the_unknown_currency,
    "negative_quantity": is_a_line_without_amount,
    "wrong_amount": is_paid_wrongly,
}
ENDS_OF_CUSTOMERS: dict[str, Callable[[Shop, Message], bool]] = {
    "repeated": is_one_change,
    "broken_json": is_dead(CHANGES, "malformed_json"),
    "missing_key": is_dead(CHANGES, "missing_required", "customer_id: required"),
    "unknown_operation": is_dead(CHANGES, "contract_violation", "found x"),
    "late": is_behind_the_newest,
    "bad_email": is_an_address_that_is_none,
    "tombstone": is_dead(CHANGES, "tombstone", "no fault"),
}


@pytest.mark.parametrize("kind", [field.name for field in fields(OrderDirt)])
def test_dirt_in_the_log_of_orders_comes_to_its_end(shop: Shop, kind: str) -> None:
    sent = [message for message in shop.orders if message.kind == kind]
    assert sent
    assert [message for message in sent if not ENDS_OF_ORDERS[kind](shop, message)] == []


@pytest.mark.parametrize("kind", [*(field.name for field in fields(CustomerDirt)), "tombstone"])
def test_dirt_in_the_changes_of_customers_comes_to_its_end(shop: Shop, kind: str) -> None:
    sent = [message for message in shop.customers if message.kind == kind]
    assert sent
    assert [message for message in sent if not ENDS_OF_CUSTOMERS[kind](shop, message)] == []


def test_nothing_else_is_a_dead_letter(shop: Shop) -> None:
    for table, sample, ends in ((EVENTS, shop.orders, ENDS_OF_ORDERS), (CHANGES, shop.customers, ENDS_OF_CUSTOMERS)):
        deadly = {kind for kind, end in ends.items() if end.__name__ == "judge"}
        assert set(shop.dead(table)) == {message.number for message in sample if message.kind in deadly}


def test_the_orders_of_unknown_customers_are_what_silver_counts_as_such(shop: Shop) -> None:
    facts = Facts(read=lambda name: shop.frames[name])
    found = score(shop.frames["silver.orders"], Orders, facts=facts)
    known = {row.customer_id for row in shop.rows("silver.customer_changes")}
    strangers = [row for row in shop.rows("silver.orders") if row.customer_id not in known]
    assert {rule.name: rule.failed for rule in found.rules}["customer_is_known"] == len(strangers) > 0
