"""Orders of a shop as an application logs them: one JSON line for each event, with the dirt of real life."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from typing import Any

from lakehouse.local.customers import EVERY as A_CUSTOMER_EVERY
from lakehouse.local.customers import FIRST_AT as FIRST_CUSTOMER_AT
from lakehouse.local.customers import customer_id
from lakehouse.local.dirt import Message
from lakehouse.local.lives import Lives, Place, beside, check_rates, chosen, identifier
from lakehouse.local.people import mix
from lakehouse.local.products import Basket, basket_of, text_of

_BESIDE = ("repeated", "never_placed")
_OF_MESSAGES = ("broken_json", "missing_order_id", "late")
_OF_ORDERS = ("unknown_customer", "unknown_currency", "negative_quantity", "wrong_amount")


@dataclass(frozen=True, kw_only=True)
class OrderDirt:
    """How often each kind of dirt comes, 0 to 1. What is left is clean.

    The first two are shares of all messages, the next of the messages that they can befall (``late``: of those that
    follow a clean one of the same order), the last four of all orders.
    """

    repeated: float = 0.02  # an earlier clean event again, byte for byte
    never_placed: float = 0.004  # a payment or shipment of an order that nobody placed
    broken_json: float = 0.003  # cut off in the middle
    missing_order_id: float = 0.003
    late: float = 0.02  # comes behind the event that followed it
    unknown_customer: float = 0.01  # nobody of that identifier is among the customers
    unknown_currency: float = 0.005
    negative_quantity: float = 0.005  # in the first line
    wrong_amount: float = 0.01  # the payment is more than the sum of the lines

    def __post_init__(self) -> None:
        check_rates(self, _BESIDE, _OF_MESSAGES, _OF_ORDERS)

    @staticmethod
    def none() -> OrderDirt:
        """Give no dirt at all."""
        return OrderDirt(**{field.name: 0.0 for field in fields(OrderDirt)})


_DELIVERED = ("order_placed", "payment_received", "order_shipped", "order_delivered")
_PAID_LATER = ("order_placed", "payment_failed", "payment_received", "order_shipped", "order_delivered")
_CANCELLED = ("order_placed", "order_cancelled")
_REFUNDED = ("order_placed", "payment_received", "order_cancelled")
LIVES = Lives(
    shapes=(
        *(_DELIVERED, _DELIVERED, _PAID_LATER, _DELIVERED, (*_DELIVERED, "order_returned"), _DELIVERED, _DELIVERED[:3]),
        *(_DELIVERED, _CANCELLED, _DELIVERED, _DELIVERED[:2], _DELIVERED, _REFUNDED, _DELIVERED, _DELIVERED[:1]),
        *(_DELIVERED, (*_DELIVERED, "order_returned"), _DELIVERED, _PAID_LATER[:2], _DELIVERED),
    ),
    lag=3,
)
FIRST_AT = FIRST_CUSTOMER_AT + 86_400
EVERY = 900
"""Seconds between two orders."""
_REACH = 500
_HOUR = 3_600
_GAPS = {  # least and most seconds after the event before
    "payment_received": (20, 1_800),
    "payment_failed": (20, 300),
    "order_shipped": (4 * _HOUR, 48 * _HOUR),
    "order_delivered": (24 * _HOUR, 120 * _HOUR),
    "order_cancelled": (300, 3 * _HOUR),
    "order_returned": (48 * _HOUR, 336 * _HOUR),
}
_METHODS = ("card", "card", "paypal", "invoice")
_NO_CURRENCIES = ("XQZ", "EURO", "$")


def order_messages(*, seed: int, count: int, start: int = 0, dirt: OrderDirt | None = None) -> Iterator[Message]:
    """Make the messages ``start`` to ``count`` of the log of orders: message i is the same whatever the count.

    The orders are of the customers of ``customer_messages`` with the same seed: so that each is there, take a fifth as
    many of those messages, or more. ``kind`` is the message's dirt, or that of its order where it shows in it.

    Cost: about 20 µs a message.
    """
    plan = dirt if dirt is not None else OrderDirt()
    for index in range(start, count):
        yield _message(seed, index, plan)


def order_id(seed: int, number: int) -> str:
    """Give the identifier of an order."""
    return identifier("o", seed, number, 51)


def customer_of(seed: int, order: int) -> int:
    """Give the number of the customer of an order, who was there before it; who came early orders more often."""
    there = order * EVERY // A_CUSTOMER_EVERY + 1
    draw = mix(seed, order, 52)
    return there * (draw & 0xFFFF) * (draw >> 16 & 0xFFFF) >> 32


def _message(seed: int, index: int, dirt: OrderDirt) -> Message:
    rate = sum(getattr(dirt, name) for name in _BESIDE)
    before, is_beside = beside(index, rate)
    number = index - before
    if not is_beside:
        return _of_life(seed, number, dirt)._replace(number=index)
    draw = mix(seed, index, 53)
    if draw / (1 << 64) * rate < dirt.repeated and number:
        newest = number - 1 - draw % min(number, _REACH)
        earlier = (_of_life(seed, one, dirt) for one in range(newest, max(-1, newest - 64), -1))
        found = next((one for one in earlier if one.kind == "clean"), None)
        if found is not None:
            return found._replace(number=index, kind="repeated")
    return _of_nobody(seed, index, draw)


def _of_nobody(seed: int, index: int, draw: int) -> Message:
    """Tell a step of an order that was never placed; what it says of time and customer is plausible."""
    like = LIVES.at(index).thing
    body = {
        "event_id": identifier("e", seed, index, 54),
        "event": "order_shipped" if draw & 1 else "order_cancelled",
        "occurred_at": _text(FIRST_AT + like * EVERY + draw % _HOUR),
        "order_id": identifier("o", seed, index, 55),
        "customer_id": customer_id(seed, customer_of(seed, like)),
    }
    return Message(index, body["order_id"].encode(), json.dumps(body, separators=(",", ":")).encode(), "never_placed")


def _of_life(seed: int, number: int, dirt: OrderDirt) -> Message:
    order, step = place = LIVES.at(number)
    kind, told = _kind(seed, place, dirt), step
    if kind == "late":
        told = step - 1
    elif kind == "clean" and step + 1 < len(LIVES.steps_of(order)):
        told = step + (_kind(seed, Place(order, step + 1), dirt) == "late")
    of_order = chosen(mix(seed, order, 56), dirt, _OF_ORDERS)
    body = _event(seed, Place(order, told), of_order)
    if kind == "missing_order_id":
        del body["order_id"]
    text = json.dumps(body, ensure_ascii=False, separators=(",", ":"))
    if kind == "broken_json":
        text = text[: 20 + mix(seed, number, 57) % (len(text) - 40)]
    if kind == "clean" and of_order and _shows(of_order, body):
        kind = of_order
    return Message(number, order_id(seed, order).encode(), text.encode(), kind)


def _kind(seed: int, place: Place, dirt: OrderDirt) -> str:
    found = chosen(mix(seed, LIVES.number_of(place), 58), dirt, _OF_MESSAGES)
    if found == "late":
        # Two messages change places, so the one before has to be one that can.
        before = Place(place.thing, place.step - 1)
        return found if place.step and _kind(seed, before, dirt) == "clean" else "clean"
    return found or "clean"


def _shows(of_order: str, body: dict[str, Any]) -> bool:
    if of_order == "unknown_customer":
        return True
    return "payment" in body if of_order == "wrong_amount" else "lines" in body


def _event(seed: int, place: Place, of_order: str | None) -> dict[str, Any]:
    """Give the log line of a step."""
    order, step = place
    name, draw = LIVES.steps_of(order)[step], mix(seed, order, 59)
    unknown = identifier("c", seed, order, 60) if of_order == "unknown_customer" else None
    body = {
        "event_id": identifier("e", seed, order * 8 + step, 61),
        "event": name,
        "occurred_at": _text(_instant(seed, place)),
        "order_id": order_id(seed, order),
        "customer_id": unknown or customer_id(seed, customer_of(seed, order)),
    }
    basket = basket_of(draw)
    if name == "order_placed":
        return body | _placed(basket, of_order, draw)
    if name in ("payment_received", "payment_failed"):
        amount = basket.total + (1 + draw % 500 if of_order == "wrong_amount" else 0)
        return body | {"payment": {"method": _METHODS[draw >> 40 & 3], "amount": text_of(amount)}}
    if name == "order_returned":
        return body | {"returned_lines": [{"line": 1, "quantity": basket.lines[0].quantity}]}
    return body


def _placed(basket: Basket, of_order: str | None, draw: int) -> dict[str, Any]:
    lines = [line.to_dict(number) for number, line in enumerate(basket.lines, start=1)]
    if of_order == "negative_quantity":
        lines[0]["quantity"] *= -1
    currency = _NO_CURRENCIES[draw % 3] if of_order == "unknown_currency" else basket.currency
    return {"currency": currency, "lines": lines}


def _instant(seed: int, place: Place) -> int:
    order, last = place
    at = FIRST_AT + order * EVERY + mix(seed, order, 62) % EVERY
    for step in range(1, last + 1):
        least, most = _GAPS[LIVES.steps_of(order)[step]]
        at += least + mix(seed, order * 8 + step, 63) % (most - least)
    return at


def _text(seconds: int) -> str:
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%SZ}"
