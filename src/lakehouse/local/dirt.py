"""The sample as messages: people, with the dirt of real life at stated rates."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields
from typing import NamedTuple

from lakehouse.local.people import PLAIN, Twist, mix, person_json, user_id


@dataclass(frozen=True, kw_only=True)
class Dirt:
    """How often each kind of dirt comes, as a share of all messages, 0 to 1. What is left is clean."""

    broken_json: float = 0.01  # cut off in the middle
    empty: float = 0.001  # a value of no bytes
    tombstone: float = 0.002  # no value, under the key of an earlier clean message
    missing_required: float = 0.005  # no login.uuid
    wrong_type: float = 0.01  # text where a number belongs
    null_fields: float = 0.02  # null for an e-mail, city, first name, telephone or day of birth
    impossible_age: float = 0.005  # 212 years
    born_in_future: float = 0.003
    bad_email: float = 0.02
    duplicate: float = 0.02  # an earlier clean message again, byte for byte
    correction: float = 0.03  # the person of an earlier clean message with another e-mail and city
    late: float = 0.01  # stamped hours to days ago
    emoji: float = 0.005  # in the first name
    long: float = 0.0005  # 10 to 100 kB in one field
    second_account: float = 0.01  # the person of an earlier clean message under another identifier, written otherwise

    @staticmethod
    def none() -> Dirt:
        """Give no dirt at all."""
        return Dirt(**{field.name: 0.0 for field in fields(Dirt)})


class Message(NamedTuple):
    """One Kafka message; ``kind`` names its dirt, or is ``clean``; ``late_seconds`` is how old its timestamp is."""

    number: int
    key: bytes | None
    value: bytes | None
    kind: str
    late_seconds: int = 0


def messages(*, seed: int, count: int, start: int = 0, dirt: Dirt | None = None) -> Iterator[Message]:
    """Make the messages ``start`` to ``count`` of a sample: message i is the same whatever the count.

    Each message is about a person of its own but duplicates, corrections, tombstones and second accounts: these are
    about the person of a clean message among the 5,000 before them, and where none is found (at the very start) they
    are clean themselves.

    Cost: about 16 µs a message, and a second for the pool of a new seed.

    Raises:
        ValueError: A rate of the dirt is negative, or they add up to more than 1.
        MissingExtraError: Faker is not installed.
    """
    limits = _limits(dirt or Dirt())
    for index in range(start, count):
        yield _message(seed, index, limits)


def _message(seed: int, index: int, limits: list[tuple[int, str]]) -> Message:
    kind = _kind(mix(seed, index, 5), limits)
    if kind == "clean":
        return _of(seed, index, kind, index, person_json(seed, index))
    draw = mix(seed, index, 6)
    if kind in _ABOUT_EARLIER:
        person = _earlier_clean(seed, index, draw, limits)
        if person is None:
            return _of(seed, index, "clean", index, person_json(seed, index))
        if kind == "tombstone":
            return Message(index, user_id(seed, person).encode(), None, kind)
        if kind == "second_account":
            return _of(seed, index, kind, index, _second_account(seed, person, index, draw))
        return _of(seed, index, kind, person, person_json(seed, person, _twist(kind, draw)))
    text = person_json(seed, index, _twist(kind, draw))
    spoil = _SPOILERS.get(kind)
    late = 3600 + draw % 259_200 if kind == "late" else 0
    return _of(seed, index, kind, index, spoil(text, draw) if spoil else text, late)


def _earlier_clean(seed: int, index: int, draw: int, limits: list[tuple[int, str]]) -> int | None:
    """Find a clean message among those before; a spoiled one could not be told from a new person."""
    newest = index - 1 - draw % min(index, _REACH) if index else -1
    # A bound on the steps: where nearly all is dirt the search must not read the whole past.
    candidates = range(newest, max(-1, newest - 64), -1)
    return next((number for number in candidates if _kind(mix(seed, number, 5), limits) == "clean"), None)


def _of(seed: int, index: int, kind: str, person: int, text: str, late_seconds: int = 0) -> Message:
    return Message(index, user_id(seed, person).encode(), text.encode(), kind, late_seconds)


_ABOUT_EARLIER = frozenset(("tombstone", "duplicate", "correction", "second_account"))
_REACH = 5_000
_NEW_CITIES = ("Springfield", "Nyköping", "Wrocław", "Αθήνα", "Córdoba")
_NULLED = (("email",), ("location", "city"), ("name", "first"), ("phone",), ("dob", "date"))
_BAD_EMAILS = ("nobody", "a b@example.com", "@example.com", "x@", "two@@example.com")


_TWISTS: dict[str, Callable[[int], Twist]] = {
    "impossible_age": lambda _draw: Twist(age="212", born="1813-05-01T00:00:00.000Z"),
    "born_in_future": lambda _draw: Twist(born="2199-01-01T00:00:00.000Z", age="-173"),
    "bad_email": lambda draw: Twist(email=_BAD_EMAILS[draw % len(_BAD_EMAILS)]),
    "wrong_type": lambda draw: Twist(age='"forty-two"') if draw & 1 else Twist(street_number='"12b"'),
    "correction": lambda draw: Twist(
        email=f"moved.{draw % 1_000_000}@example.org", city=_NEW_CITIES[draw % len(_NEW_CITIES)]
    ),
    "emoji": lambda _draw: Twist(first="Zoë 🦄👩‍🚀"),
    "long": lambda draw: Twist(city="x" * (10_000 + draw % 90_000)),
}


def _twist(kind: str, draw: int) -> Twist:
    make = _TWISTS.get(kind)
    return make(draw) if make else PLAIN


def _second_account(seed: int, person: int, index: int, draw: int) -> str:
    """Give a person as they registered once more: another name of the account, and mostly another address of mail."""
    found = json.loads(person_json(seed, person))
    name, login = found["name"], found["login"]
    login |= {"uuid": user_id(seed, index), "username": f"{login['username']}{draw % 90 + 10}"}
    if draw & 3:
        found["email"] = f"second.{draw % 1_000_000}@example.net"
    if draw & 4:
        found["phone"] = None
    if draw & 8:
        name |= {"first": name["first"].upper(), "last": name["last"].upper()}
    elif draw & 16:
        name["first"] = name["first"][:1] + "."
    return json.dumps(found, ensure_ascii=False, separators=(",", ":"))


def _without_uuid(text: str, _draw: int) -> str:
    begin = text.index('"uuid":')
    return text[:begin] + text[text.index(",", begin) + 1 :]


def _with_nulls(text: str, draw: int) -> str:
    *parents, last = _NULLED[draw % len(_NULLED)]
    found = inside = json.loads(text)
    for name in parents:
        inside = inside[name]
    inside[last] = None
    return json.dumps(found, ensure_ascii=False, separators=(",", ":"))


_SPOILERS: dict[str, Callable[[str, int], str]] = {
    "broken_json": lambda text, draw: text[: 20 + draw % (len(text) - 40)],
    "empty": lambda _text, _draw: "",
    "missing_required": _without_uuid,
    "null_fields": _with_nulls,
}


def _limits(dirt: Dirt) -> list[tuple[int, str]]:
    """Give the upper limit of each kind on a scale of 64 bits."""
    total, found = 0.0, list[tuple[int, str]]()
    for field in fields(dirt):
        if getattr(dirt, field.name) < 0:
            raise ValueError(f"the rate of {field.name} is {getattr(dirt, field.name)}, it cannot be negative")
        total += getattr(dirt, field.name)
        found.append((int(total * (1 << 64)), field.name))
    if total > 1 + 1e-9:  # a sum of tenths may be a hair above
        raise ValueError(f"the rates of dirt add up to {total:.3f}, at most 1 is possible")
    return found


def _kind(draw: int, limits: list[tuple[int, str]]) -> str:
    for limit, kind in limits:
        if draw < limit:
            return kind
    return "clean"
