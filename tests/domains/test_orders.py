"""The shop's silver tables, their builds as functions: no Kafka, no catalog."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from pyspark.sql import DataFrame, Row, SparkSession

from lakehouse.contract.table import spec_of
from lakehouse.domains.orders.bronze import CustomersRaw, OrderEventsRaw
from lakehouse.domains.orders.silver_customers import CustomerChanges, customer_changes, customers
from lakehouse.domains.orders.silver_events import OrderEvents, order_events
from lakehouse.domains.orders.silver_orders import Orders, order_lines, orders
from lakehouse.quality import Facts, rule_set, score, with_quality
from lakehouse.testing import assert_build_laws, build_rows, make_rows
from tests.domains.shop import shop_of

LINES = [
    {"line": 1, "sku": "KIT-01", "name": "Kettle", "category": "kitchen", "quantity": 2, "unit_price": "12.90"},
    {"line": 2, "sku": "TOY-02", "name": "Puzzle", "category": "toys", "quantity": 1, "unit_price": "9.37"},
]
PLACED = {"event": "order_placed", "currency": "EUR", "lines": LINES}
PAID = {"event": "payment_received", "payment_method": "card", "payment_amount": Decimal("35.17")}
FAILED, SHIPPED, DELIVERED, CANCELLED = (
    {"event": event} for event in ("payment_failed", "order_shipped", "order_delivered", "order_cancelled")
)
RETURNED = {"event": "order_returned", "returned_lines": [{"line": 1, "quantity": 1}]}


def at(hour: int) -> datetime:
    return datetime(2026, 1, 1 + hour // 24, hour % 24, tzinfo=UTC)


def life(*steps: dict[str, Any], order: str = "o1", customer: str = "c1") -> list[dict[str, Any]]:
    """Events of one order, an hour apart."""
    own = {"order_id": order, "customer_id": customer}
    return [{**own, "event_id": f"{order}-{n}", "occurred_at": at(n), **step} for n, step in enumerate(steps)]


def silver(spark: SparkSession, events: list[dict[str, Any]]) -> tuple[DataFrame, DataFrame]:
    """Lines and orders of some events."""
    told = make_rows(spark, OrderEvents, events)
    lines = build_rows(order_lines, events=told)
    return lines, build_rows(orders, events=told, lines=lines)


def change(op: str, *, second: int, offset: int = 0, **row: Any) -> dict[str, Any]:
    own = {"customer_id": "c1", "country": "no", "tier": "Gold", "email": f" {second}@X.org ", **row}
    record = {"op": op, "source": {"lsn": second, "ts_ms": second * 1000}, "before" if op == "d" else "after": own}
    return {"record": record, "partition": 0, "offset": offset}


@pytest.fixture(scope="module")
def shoppers(spark: SparkSession) -> dict[str, Row]:
    """Customers after changes that came in some order."""
    sent = [
        change("u", second=3),
        change("c", second=1, offset=1),
        change("u", second=2),
        change("d", second=3, customer_id="went"),
        change("u", second=2, offset=1, customer_id="went"),
        change("d", second=3, customer_id="came back"),
        change("c", second=4, customer_id="came back"),
        {"record": {"op": "t", "source": {"lsn": 1, "ts_ms": 1}}},
    ]
    found = build_rows(customers, raw=make_rows(spark, CustomersRaw, sent)).collect()
    return {row.customer_id: row for row in found}


def test_a_customer_is_as_the_newest_change_says_in_whatever_order_they_came(shoppers: dict[str, Row]) -> None:
    row = shoppers["c1"]
    assert (row.email, row.country, row.tier) == ("3@x.org", "NO", "gold")


def test_a_delete_stays_as_a_mark_that_an_older_change_does_not_get_past(shoppers: dict[str, Row]) -> None:
    assert shoppers["went"].op == "d"


def test_a_customer_who_comes_back_is_there_again(shoppers: dict[str, Row]) -> None:
    assert shoppers["came back"].op == "c"


def test_a_truncate_is_of_no_customer(shoppers: dict[str, Row]) -> None:
    assert set(shoppers) == {"c1", "went", "came back"}


def test_each_change_is_there_once_with_its_deletes(spark: SparkSession) -> None:
    sent = [change("c", second=1), change("c", second=1, offset=1), change("d", second=2, offset=2)]
    found = build_rows(customer_changes, raw=make_rows(spark, CustomersRaw, sent)).collect()
    assert sorted((row.op, row.log_position, row.email) for row in found) == [("c", 1, "1@x.org"), ("d", 2, "2@x.org")]


AMOUNTS = ["12,90", "", "much", "1e99", "0.005"]


@pytest.fixture(scope="module")
def logged(spark: SparkSession) -> dict[str, list[Row]]:
    """Cleaned events by their id: one that was sent twice, and one for each amount."""
    record: dict[str, Any] = {"event_id": " e1 ", "event": "Payment_Received", "order_id": "o1"}
    record |= {"occurred_at": "2026-01-01T08:00:00+01:00", "payment": {"method": "CARD", "amount": "12.90"}}
    sent = [{"record": record, "offset": n, "partition": 0} for n in (1, 2)]
    sent += [{"record": {"event_id": f"a{n}", "payment": {"amount": one}}} for n, one in enumerate(AMOUNTS)]
    found = build_rows(order_events, raw=make_rows(spark, OrderEventsRaw, sent)).collect()
    return {name: [row for row in found if row.event_id == name] for name in {row.event_id for row in found}}


def test_an_event_is_cleaned_and_one_that_was_sent_twice_is_there_once(logged: dict[str, list[Row]]) -> None:
    (row,) = logged["e1"]
    assert (row.event, row.payment_method, row.source_offset) == ("payment_received", "card", 2)
    assert (row.payment_amount, row.occurred_at.astimezone(UTC)) == (Decimal("12.90"), at(7))


def test_an_amount_that_is_none_is_null(logged: dict[str, list[Row]]) -> None:
    found = [logged[f"a{n}"][0].payment_amount for n in range(len(AMOUNTS))]
    assert found == [None, None, None, None, Decimal("0.01")]


STATES: list[tuple[str, list[dict[str, Any]], str]] = [
    ("placed", [PLACED], "placed"),
    ("not paid", [PLACED, FAILED], "payment_failed"),
    ("paid at last", [PLACED, FAILED, PAID], "paid"),
    ("failed after it was paid", [PLACED, PAID, FAILED], "paid"),
    ("cancelled", [PLACED, PAID, CANCELLED], "cancelled"),
    ("cancelled too late", [PLACED, PAID, SHIPPED, CANCELLED], "shipped"),
    ("delivered", [PLACED, PAID, SHIPPED, DELIVERED], "delivered"),
    ("came back", [PLACED, PAID, SHIPPED, DELIVERED, RETURNED], "returned"),
    ("delivered, the shipment was not told", [PLACED, PAID, DELIVERED], "delivered"),
    ("never placed", [PAID, SHIPPED], "never_placed"),
]


FURTHER = [
    *life(PLACED, PAID, RETURNED, order="sums"),
    *life(
        {**PLACED, "event_id": "z", "currency": "USD"},
        {**PLACED, "lines": LINES[:1], "customer_id": "c2"},
        order="placed twice",
    ),
    *life(
        PLACED,
        {"event": "order_returned", "returned_lines": [{"line": 2, "quantity": 5}]},
        order="too much came back",
    ),
    *life({**PLACED, "lines": [{**LINES[0], "quantity": -2}, LINES[1]]}, order="less than nothing"),
]


@dataclass(frozen=True)
class Made:
    """Orders by their id, and the lines of each by their number."""

    orders: dict[str, Row]
    lines: dict[str, dict[int, Row]]


@pytest.fixture(scope="module")
def made(spark: SparkSession) -> Made:
    """Orders of all states, of which half come backwards, and some that are looked at for their lines."""
    events = [life(*steps, order=name) for name, steps, _ in STATES]
    sent = [event for n, one in enumerate(events) for event in (one[::-1] if n % 2 else one)]
    lines, found = silver(spark, [*sent, *FURTHER])
    by_order: dict[str, dict[int, Row]] = {}
    for row in lines.collect():
        assert row.line not in by_order.setdefault(row.order_id, {})
        by_order[row.order_id][row.line] = row
    return Made({row.order_id: row for row in found.collect()}, by_order)


@pytest.mark.parametrize(("name", "status"), [(name, status) for name, _, status in STATES])
def test_a_status_is_the_furthest_that_can_be(made: Made, name: str, status: str) -> None:
    assert made.orders[name].status == status


def test_an_order_knows_the_instant_of_each_step(made: Made) -> None:
    row = made.orders["came back"]
    found = [row.placed_at, row.paid_at, row.shipped_at, row.delivered_at, row.returned_at, row.cancelled_at]
    assert [one and one.astimezone(UTC) for one in found] == [*(at(hour) for hour in range(5)), None]


def test_amounts_are_decimal_and_those_of_an_order_are_the_sums_of_its_lines(made: Made) -> None:
    found = {number: (row.amount, row.returned_amount) for number, row in made.lines["sums"].items()}
    assert found == {1: (Decimal("25.80"), Decimal("12.90")), 2: (Decimal("9.37"), Decimal("0.00"))}
    row = made.orders["sums"]
    sums = (row.order_amount, row.returned_amount, row.paid_amount, row.currency, row.line_count)
    assert sums == (Decimal("35.17"), Decimal("12.90"), Decimal("35.17"), "EUR", 2)


def test_an_order_that_was_placed_twice_is_as_it_was_placed_last_and_dates_from_the_first(made: Made) -> None:
    row = made.orders["placed twice"]
    assert list(made.lines["placed twice"]) == [1]
    assert (row.currency, row.customer_id, row.line_count, row.placed_at.astimezone(UTC)) == ("EUR", "c2", 1, at(0))


def test_what_comes_back_is_worth_no_more_than_what_was_ordered(made: Made) -> None:
    row = made.lines["too much came back"][2]
    assert (row.returned_quantity, row.returned_amount) == (5, Decimal("9.37"))


def test_a_line_of_a_quantity_that_is_none_has_no_amount_and_the_order_that_of_the_others(made: Made) -> None:
    amounts = {number: row.amount for number, row in made.lines["less than nothing"].items()}
    assert amounts == {1: None, 2: Decimal("9.37")}
    assert made.orders["less than nothing"].order_amount == Decimal("9.37")


BROKEN: list[tuple[str, list[dict[str, Any]]]] = [
    ("placed_at_not_null", [PAID]),
    ("status_one_of", [SHIPPED]),
    ("no_step_is_missing", [PLACED, SHIPPED]),
    ("no_step_is_missing", [PLACED, PAID, DELIVERED]),
    ("steps_in_order", [PLACED, {**SHIPPED, "occurred_at": at(9)}, {**PAID, "occurred_at": at(10)}, DELIVERED]),
    ("not_cancelled_after_shipping", [PLACED, PAID, SHIPPED, CANCELLED]),
    ("paid_what_was_ordered", [PLACED, {**PAID, "payment_amount": Decimal("35.18")}]),
    ("currency_one_of", [{**PLACED, "currency": "XQZ"}]),
]


@pytest.fixture(scope="module")
def failed_rules(spark: SparkSession) -> dict[str, list[str]]:
    """The rules that each order of the list breaks."""
    made = silver(spark, [event for n, (_, steps) in enumerate(BROKEN) for event in life(*steps, order=str(n))])[1]
    judged = with_quality(made.drop(*spec_of(Orders).generated), rule_set(Orders))
    return {row.order_id: row.failed_rules for row in judged.collect()}


@pytest.mark.parametrize("number", range(len(BROKEN)), ids=lambda n: f"{BROKEN[n][0]}-{n}")
def test_a_rule_finds_what_is_wrong_with_an_order(failed_rules: dict[str, list[str]], number: int) -> None:
    assert BROKEN[number][0] in failed_rules[str(number)]


def known(spark: SparkSession, *ids: str) -> Facts:
    """What a rule sees of other tables: these customers."""
    changes = make_rows(spark, CustomerChanges, [{"customer_id": one} for one in ids])
    return Facts(read=lambda _: changes)


def test_an_order_of_nobody_is_found_and_one_without_fault_breaks_no_rule(spark: SparkSession) -> None:
    fine = life(PLACED, PAID, SHIPPED, DELIVERED)
    made = silver(spark, [*fine, *life(PLACED, order="o2", customer="nobody")])[1]
    broken = {one.name: one.failed for one in score(made, Orders, facts=known(spark, "c1")).rules if one.failed}
    assert broken == {"customer_is_known": 1}


def test_silver_keeps_every_order_and_line_of_the_events(spark: SparkSession) -> None:
    shop = shop_of(spark)
    events = shop.rows("silver.order_events")
    assert set(shop.by("silver.orders", "order_id")) == {event.order_id for event in events}
    logged = {event.order_id: len(event.lines) for event in events if event.event == "order_placed"}
    found = {row.order_id: row.line_count for row in shop.rows("silver.orders") if row.placed_at}
    assert found == logged
    assert len(shop.by("silver.order_lines", "order_id", "line")) == sum(logged.values())


@pytest.mark.slow  # some dozen small jobs for each build
def test_the_builds_of_silver_follow_their_inputs_as_they_say(spark: SparkSession) -> None:
    sent = [change("cuud"[n % 4], second=n, offset=n, customer_id=f"c{n % 3}") for n in range(12)]
    raw = make_rows(spark, CustomersRaw, sent)
    assert_build_laws(customer_changes, raw=raw)
    assert_build_laws(customers, raw=raw)
    logged = [
        {"record": {"event_id": f"e{n % 6}", "event": "order_shipped", "order_id": f"o{n % 2}"}, "offset": n}
        for n in range(10)
    ]
    assert_build_laws(order_events, raw=make_rows(spark, OrderEventsRaw, logged))
    steps: list[dict[str, Any]] = [PLACED, PAID, SHIPPED, RETURNED]
    told = make_rows(spark, OrderEvents, [event for n in range(5) for event in life(*steps[: 1 + n], order=f"o{n}")])
    assert_build_laws(order_lines, events=told)
    assert_build_laws(orders, events=told, lines=build_rows(order_lines, events=told))
