"""The shop's two samples: the same bytes for an index, dirt as often as stated, orders of customers who are there."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from dataclasses import fields, replace
from functools import lru_cache
from itertools import pairwise
from typing import Any

import pytest

from lakehouse.local import customers, orders
from lakehouse.local.customers import CustomerDirt, customer_messages
from lakehouse.local.dirt import Message
from lakehouse.local.lives import Lives, Place, beside
from lakehouse.local.orders import OrderDirt, order_messages

COUNT = 20_000


@lru_cache
def some_orders() -> list[Message]:
    return list(order_messages(seed=7, count=COUNT))


@lru_cache
def some_customers() -> list[Message]:
    return list(customer_messages(seed=7, count=COUNT // 5))


def events(kind: str) -> list[dict[str, Any]]:
    return [json.loads(message.value or b"") for message in some_orders() if message.kind == kind]


def changes(kind: str) -> list[dict[str, Any]]:
    return [json.loads(message.value or b"") for message in some_customers() if message.kind == kind]


@pytest.mark.parametrize("make", [order_messages, customer_messages])
def test_a_message_is_the_same_wherever_the_sample_begins_and_ends(make: Any) -> None:
    whole = list(make(seed=3, count=700))

    assert [next(make(seed=3, count=at + 1, start=at)) for at in range(700)] == whole
    assert [message.number for message in whole] == list(range(700))


def of_orders(kind: str) -> tuple[int, int]:
    """Orders with a dirt of their own among those of which a sample without other dirt tells."""
    dirt = replace(OrderDirt.none(), **{kind: getattr(OrderDirt(), kind)})
    sample = list(order_messages(seed=11, count=COUNT, dirt=dirt))
    paid = {m.key for m in sample if kind != "wrong_amount" or b'"payment":' in (m.value or b"")}
    return len({message.key for message in sample if message.kind == kind}), len(paid)


def of_messages(kind: str) -> tuple[int, int]:
    """Messages with a dirt among those that it can befall."""
    sample = [m for m in some_orders() if m.kind not in ("repeated", "never_placed")]
    late = [number for number in range(len(sample)) if orders.LIVES.at(number).step]
    clean = 1 - OrderDirt().broken_json - OrderDirt().missing_order_id - OrderDirt().late
    return sum(m.kind == kind for m in sample), round(len(late) * clean) if kind == "late" else len(sample)


@pytest.mark.parametrize("kind", [field.name for field in fields(OrderDirt)])
def test_each_kind_comes_as_often_as_stated(kind: str) -> None:
    stated = getattr(OrderDirt(), kind)
    if kind in ("repeated", "never_placed"):
        found, of = sum(message.kind == kind for message in some_orders()), COUNT
    elif kind in ("broken_json", "missing_order_id", "late"):
        found, of = of_messages(kind)
    else:
        found, of = of_orders(kind)

    # Five standard deviations of a binomial count.
    assert abs(found - stated * of) < 5 * (of * stated * (1 - stated)) ** 0.5


def test_messages_beside_the_lives_are_as_many_as_stated_to_the_last_one() -> None:
    assert sum(beside(index, 0.024)[1] for index in range(10_000)) == beside(10_000, 0.024)[0] == 240


def test_a_place_in_the_lives_is_found_from_its_number_and_back() -> None:
    lives = Lives(shapes=(("a", "b", "c"), ("a",), ("a", "b")), lag=2)
    places = [lives.at(number) for number in range(60)]

    assert [lives.number_of(place) for place in places] == list(range(60))
    assert {Place(thing, step) for thing in range(30) for step in range(len(lives.steps_of(thing)))} == set(places)


def test_each_order_is_of_a_customer_who_was_there_before_it() -> None:
    created = {customers.customer_id(7, number): customers.created_at(number) for number in range(3_000)}
    placed = [orders.FIRST_AT + number * orders.EVERY for number in range(5_000)]

    assert all(
        created[customers.customer_id(7, orders.customer_of(7, number))] <= at for number, at in enumerate(placed)
    )


def test_a_fifth_as_many_messages_of_customers_have_all_customers_of_the_orders() -> None:
    sent = {json.loads(message.key or b"")["customer_id"] for message in some_customers()}

    assert {event["customer_id"] for event in events("clean")} <= sent
    assert not {event["customer_id"] for event in events("unknown_customer")} & sent


def test_without_dirt_the_events_of_an_order_come_in_time_and_add_up() -> None:
    lives = defaultdict(list)
    for message in order_messages(seed=1, count=5_000, dirt=OrderDirt.none()):
        lives[message.key].append(json.loads(message.value or b""))

    assert all(life[0]["event"] == "order_placed" for life in lives.values())
    assert all(one["occurred_at"] < two["occurred_at"] for life in lives.values() for one, two in pairwise(life))
    for life in lives.values():
        total = sum(round(float(line["unit_price"]) * 100) * line["quantity"] for line in life[0]["lines"])
        paid = [event["payment"]["amount"] for event in life if event["event"] == "payment_received"]
        assert paid in ([], [f"{total / 100:.2f}"])


def test_without_dirt_the_row_before_a_change_is_the_row_after_the_one_before() -> None:
    held: dict[bytes | None, Any] = {}
    for message in customer_messages(seed=1, count=3_000, dirt=CustomerDirt.none()):
        if message.value is not None:
            change = json.loads(message.value)
            assert change["before"] == held.get(message.key)
            held[message.key] = change["after"]


def test_a_tombstone_follows_the_delete_of_its_customer() -> None:
    newest: dict[bytes | None, str] = {}
    for message in customer_messages(seed=1, count=3_000, dirt=CustomerDirt.none()):
        assert message.kind != "tombstone" or newest[message.key] == "d"
        newest[message.key] = json.loads(message.value)["op"] if message.value else "tombstone"
    assert "tombstone" in newest.values()


@pytest.mark.parametrize("sample", [some_orders, some_customers])
def test_a_repeated_message_is_an_earlier_one_byte_for_byte(sample: Any) -> None:
    clean = set()
    for message in sample():
        if message.kind == "repeated":
            assert (message.key, message.value) in clean
        if message.kind == "clean":
            clean.add((message.key, message.value))


def test_a_late_event_happened_before_the_one_that_came_before_it() -> None:
    newest: dict[bytes | None, str] = {}
    for message in some_orders():
        if message.kind not in ("repeated", "broken_json", "missing_order_id"):
            happened = json.loads(message.value or b"")["occurred_at"]
            assert message.kind != "late" or happened < newest[message.key]
            newest[message.key] = happened


@pytest.mark.parametrize("sample", [some_orders, some_customers])
def test_broken_json_cannot_be_parsed(sample: Any) -> None:
    for message in (one for one in sample() if one.kind == "broken_json"):
        with pytest.raises(ValueError):
            json.loads(message.value or b"")


def test_an_event_without_its_order_is_else_whole() -> None:
    found = events("missing_order_id")

    assert found
    assert all("order_id" not in event and event["event_id"] for event in found)


def test_an_event_of_an_order_never_placed_is_of_an_order_that_no_other_event_names() -> None:
    named = Counter(message.key for message in some_orders() if message.kind != "repeated")

    assert all(named[event["order_id"].encode()] == 1 for event in events("never_placed"))


def test_a_negative_quantity_is_in_the_first_line() -> None:
    assert all(event["lines"][0]["quantity"] < 0 for event in events("negative_quantity"))


def test_an_unknown_currency_is_none_that_the_shop_sells_in() -> None:
    assert {event["currency"] for event in events("unknown_currency")} == {"XQZ", "EURO", "$"}
    assert {event["currency"] for event in events("clean") if "lines" in event} == {"EUR", "GBP", "NOK", "USD"}


def test_what_is_wrong_with_a_change_is_what_its_kind_says() -> None:
    assert {change["op"] for change in changes("unknown_operation")} == {"x"}
    assert all("customer_id" not in (one["after"] or one["before"]) for one in changes("missing_key"))
    assert all("." not in (one["after"] or one["before"])["email"].partition("@")[2] or " " in one["after"]["email"]
               or one["after"]["email"].startswith("@") or "@@" in one["after"]["email"]
               for one in changes("bad_email") if one["after"])  # fmt: skip


@pytest.mark.parametrize("rates", [{"repeated": -0.1}, {"late": 0.6, "broken_json": 0.6}])
@pytest.mark.parametrize("dirt", [OrderDirt, CustomerDirt])
def test_rates_that_are_no_shares_are_refused(dirt: Any, rates: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="rate"):
        dirt(**rates)


def test_a_sample_of_repeats_alone_has_something_to_repeat() -> None:
    assert len(list(order_messages(seed=1, count=50, dirt=OrderDirt(repeated=1.0, never_placed=0.0)))) == 50
    assert len(list(customer_messages(seed=1, count=50, dirt=CustomerDirt(repeated=1.0)))) == 50
