"""Customers of a shop as changes of a database table, the way Debezium writes them, with the dirt of real life."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from typing import Any

from lakehouse.local.dirt import Message
from lakehouse.local.lives import Lives, Place, beside, check_rates, chosen, identifier
from lakehouse.local.people import mix

_OF_MESSAGES = ("broken_json", "missing_key", "unknown_operation", "late")
_OF_CUSTOMERS = ("bad_email",)


@dataclass(frozen=True, kw_only=True)
class CustomerDirt:
    """How often each kind of dirt comes, 0 to 1. What is left is clean.

    ``repeated`` is a share of all messages, ``bad_email`` one of all customers, the others are shares of the messages
    that they can befall: of changes, and ``late`` of those that follow a clean one of the same customer.
    """

    repeated: float = 0.01  # an earlier clean change again, byte for byte
    broken_json: float = 0.003  # cut off in the middle
    missing_key: float = 0.003  # the row has no customer_id
    unknown_operation: float = 0.002  # an op that Debezium does not have
    late: float = 0.01  # comes behind the change that followed it
    bad_email: float = 0.01  # an address that is none

    def __post_init__(self) -> None:
        check_rates(self, ("repeated",), _OF_MESSAGES, _OF_CUSTOMERS)

    @staticmethod
    def none() -> CustomerDirt:
        """Give no dirt at all."""
        return CustomerDirt(**{field.name: 0.0 for field in fields(CustomerDirt)})


FIRST_AT = int(datetime(2025, 12, 31, tzinfo=UTC).timestamp())
"""When the first customer was created."""
EVERY = 2_400
"""Seconds between two new customers."""
LIVES = Lives(
    shapes=(
        *(("c",), ("c", "u"), ("c",)) * 4, ("c", "u", "u"), ("c",), ("c", "d", "tombstone"), ("c", "u"), ("c",),
        ("c", "u", "d", "tombstone"), ("c", "u", "u"), ("c", "d", "tombstone", "c"),
    ),
    lag=5,
)  # fmt: skip
_REACH = 500
_FIRST = ("Anna", "Björn", "Chloé", "Dmitri", "Elif", "Farid", "Greta", "Hiro", "Inga", "José", "Kari", "Łukasz")
_LAST = (
    "Andersen",
    "Bakker",
    "Çelik",
    "Dubois",
    "Eriksson",
    "Fischer",
    "García",
    "Hansen",
    "Ivanova",
    "Jones",
    "Kowal",
)
_COUNTRIES = ("DE", "DE", "FR", "GB", "NL", "NO", "SE", "US")
_TIERS = ("standard", "standard", "standard", "silver", "gold")
_BAD_EMAILS = ("nobody", "a b@example.com", "@example.com", "two@@example.com")
_DAY = 86_400


def customer_messages(*, seed: int, count: int, start: int = 0, dirt: CustomerDirt | None = None) -> Iterator[Message]:
    """Make the messages ``start`` to ``count`` of the changes of customers: message i is the same whatever the count.

    A customer is created, most are never touched again, others are updated, some are deleted (with the tombstone that
    Debezium writes behind a delete), a few come back. ``kind`` is the message's dirt, ``tombstone`` or ``clean``.

    Cost: about 20 µs a message.
    """
    plan = dirt if dirt is not None else CustomerDirt()
    for index in range(start, count):
        yield _message(seed, index, plan)


def customer_id(seed: int, number: int) -> str:
    """Give the identifier of a customer."""
    return identifier("c", seed, number, 31)


def created_at(number: int) -> int:
    """Give the second since 1970 in which a customer was created."""
    return FIRST_AT + number * EVERY


def _message(seed: int, index: int, dirt: CustomerDirt) -> Message:
    before, is_repeated = beside(index, dirt.repeated)
    number = index - before
    if is_repeated and number:
        newest = number - 1 - mix(seed, index, 32) % min(number, _REACH)
        earlier = (_of_life(seed, one, dirt) for one in range(newest, max(-1, newest - 64), -1))
        found = next((one for one in earlier if one.kind == "clean"), None)
        if found is not None:
            return found._replace(number=index, kind="repeated")
    return _of_life(seed, number, dirt)._replace(number=index)


def _of_life(seed: int, number: int, dirt: CustomerDirt) -> Message:
    customer, step = place = LIVES.at(number)
    steps, key = LIVES.steps_of(customer), json.dumps({"customer_id": customer_id(seed, customer)}).encode()
    kind = _kind(seed, place, dirt)
    if kind == "tombstone":
        return Message(number, key, None, kind)
    told = step
    if kind == "late":
        told = step - 1
    elif kind == "clean" and step + 1 < len(steps) and _kind(seed, Place(customer, step + 1), dirt) == "late":
        told = step + 1
    change = _change(seed, Place(customer, told), dirt)
    if kind == "missing_key":
        del (change["after"] or change["before"])["customer_id"]
    if kind == "unknown_operation":
        change["op"] = "x"
    text = json.dumps(change, ensure_ascii=False, separators=(",", ":"))
    if kind == "broken_json":
        text = text[: 20 + mix(seed, number, 33) % (len(text) - 40)]
    if kind == "clean" and chosen(mix(seed, customer, 34), dirt, _OF_CUSTOMERS):
        kind = "bad_email"
    return Message(number, key, text.encode(), kind)


def _kind(seed: int, place: Place, dirt: CustomerDirt) -> str:
    steps = LIVES.steps_of(place.thing)
    if steps[place.step] == "tombstone":
        return "tombstone"
    found = chosen(mix(seed, LIVES.number_of(place), 35), dirt, _OF_MESSAGES)
    if found == "late":
        # Two messages change places, so the one before has to be a message that can.
        before = Place(place.thing, place.step - 1)
        return found if place.step and _kind(seed, before, dirt) == "clean" else "clean"
    return found or "clean"


def _change(seed: int, place: Place, dirt: CustomerDirt) -> dict[str, Any]:
    """Give a change with the row before and after; a customer that comes back begins anew."""
    op, at = LIVES.steps_of(place.thing)[place.step], _instant(seed, place)
    before = _row(seed, Place(place.thing, place.step - 1), dirt) if op != "c" else None
    return {
        "before": before,
        "after": _row(seed, place, dirt) if op != "d" else None,
        "source": {"table": "customers", "lsn": 24_000_000 + 48 * LIVES.number_of(place), "ts_ms": at * 1000},
        "op": op,
        "ts_ms": at * 1000 + 20 + mix(seed, at, 36) % 400,
    }


def _row(seed: int, place: Place, dirt: CustomerDirt) -> dict[str, Any]:
    customer, step = place
    who, now = mix(seed, customer, 37), mix(seed, customer * 8 + step, 38)
    first, last = _FIRST[who % len(_FIRST)], _LAST[(who >> 8) % len(_LAST)]
    email = f"customer.{customer}.{step}@example.com"
    if chosen(mix(seed, customer, 34), dirt, _OF_CUSTOMERS):
        email = _BAD_EMAILS[who % len(_BAD_EMAILS)]
    return {
        "customer_id": customer_id(seed, customer),
        "name": f"{first} {last}",
        "email": email,
        "country": _COUNTRIES[((now if step else who) >> 16) % len(_COUNTRIES)],
        "tier": _TIERS[(now >> 24) % len(_TIERS)] if step else "standard",
        "created_at": _text(created_at(customer)),
    }


def _instant(seed: int, place: Place) -> int:
    """Give the second of a change: days lie between two of one customer."""
    days = sum(2 + mix(seed, place.thing * 8 + step, 39) % 20 for step in range(1, place.step + 1))
    return created_at(place.thing) + days * _DAY


def _text(seconds: int) -> str:
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%SZ}"
