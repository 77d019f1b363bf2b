"""Each kind of dirt comes as often as stated, and is what its name says."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import fields
from functools import lru_cache
from typing import Any

import pytest

from lakehouse.local.dirt import Dirt, Message, messages

KINDS = [field.name for field in fields(Dirt)]


@lru_cache
def only(kind: str, count: int = 400) -> list[Message]:
    """Messages of one kind, from a sample of which a fifth is of it."""
    dirt = Dirt(**{name: 0.2 if name == kind else 0.0 for name in KINDS})
    return [message for message in messages(seed=2, count=count, dirt=dirt) if message.kind == kind]


def bodies(kind: str) -> list[dict[str, Any]]:
    return [json.loads(message.value or b"") for message in only(kind)]


@pytest.mark.parametrize("kind", [*KINDS, "clean"])
def test_each_kind_comes_as_often_as_stated(kind: str) -> None:
    count = 20_000
    found = Counter(message.kind for message in messages(seed=11, count=count))
    stated = 1 - sum(getattr(Dirt(), name) for name in KINDS) if kind == "clean" else getattr(Dirt(), kind)

    # Five standard deviations of a binomial count.
    assert abs(found[kind] - stated * count) < 5 * (count * stated * (1 - stated)) ** 0.5


def test_without_dirt_all_messages_are_clean() -> None:
    assert {message.kind for message in messages(seed=1, count=2_000, dirt=Dirt.none())} == {"clean"}


def test_the_key_of_a_clean_message_is_its_identifier() -> None:
    clean = messages(seed=1, count=200, dirt=Dirt.none())

    assert all(m.key == json.loads(m.value or b"")["login"]["uuid"].encode() for m in clean)


def test_broken_json_cannot_be_parsed() -> None:
    for message in only("broken_json"):
        with pytest.raises(ValueError):
            json.loads(message.value or b"")


def test_an_empty_message_has_a_value_of_no_bytes() -> None:
    assert {message.value for message in only("empty")} == {b""}


def test_a_message_without_its_required_field_is_else_whole() -> None:
    assert all("uuid" not in body["login"] and body["email"] for body in bodies("missing_required"))


def test_a_null_field_is_null_in_different_places() -> None:
    nulls = Counter(name for b in bodies("null_fields") for name in ("email", "phone") if b[name] is None)

    assert set(nulls) == {"email", "phone"}


def test_a_wrong_type_is_text_where_a_number_belongs() -> None:
    found = {(type(b["dob"]["age"]), type(b["location"]["street"]["number"])) for b in bodies("wrong_type")}

    assert found == {(str, int), (int, str)}


def test_an_impossible_age_is_212() -> None:
    assert {body["dob"]["age"] for body in bodies("impossible_age")} == {212}


def test_somebody_is_born_in_the_future() -> None:
    assert min(body["dob"]["date"] for body in bodies("born_in_future")) > "2100"


def test_a_bad_address_is_none() -> None:
    assert all("." not in b["email"].partition("@")[2] or " " in b["email"] or "@@" in b["email"]
               or b["email"].startswith("@") for b in bodies("bad_email"))  # fmt: skip


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_duplicate_repeats_an_earlier_clean_message(seed: int) -> None:
    clean = set()
    for message in messages(seed=seed, count=3_000, dirt=Dirt(duplicate=0.1)):
        if message.kind == "duplicate":
            assert (message.key, message.value) in clean
        if message.kind == "clean":
            clean.add((message.key, message.value))


def test_a_correction_changes_the_address_and_city_of_somebody_who_was_sent() -> None:
    sample = list(messages(seed=4, count=3_000))
    sent = {m.key: json.loads(m.value or b"") for m in sample if m.kind == "clean"}
    corrected = [(sent[m.key], json.loads(m.value or b"")) for m in sample if m.kind == "correction"]

    assert all(
        old["email"] != new["email"] and old["location"]["city"] != new["location"]["city"] and old["dob"] == new["dob"]
        for old, new in corrected
    )


def test_a_tombstone_has_the_key_of_somebody_who_was_sent() -> None:
    sample = list(messages(seed=4, count=5_000))
    sent = {message.key for message in sample if message.kind == "clean"}
    tombstones = [message for message in sample if message.kind == "tombstone"]

    assert tombstones
    assert all(message.value is None and message.key in sent for message in tombstones)


def test_a_late_message_is_at_least_an_hour_and_at_most_three_days_late() -> None:
    late = [message.late_seconds for message in only("late")]

    assert 3_600 <= min(late) < max(late) <= 3_600 + 3 * 86_400


def test_a_long_message_has_10_to_100_kilobytes() -> None:
    sizes = [len(message.value or b"") for message in only("long")]

    assert 10_000 < min(sizes) < max(sizes) < 102_000


def test_where_no_earlier_message_is_clean_a_duplicate_is_a_clean_message() -> None:
    assert {m.kind for m in messages(seed=1, count=50, dirt=Dirt(**{n: float(n == "duplicate") for n in KINDS}))} == {
        "clean"
    }


@pytest.mark.parametrize("dirt", [Dirt(late=0.9, emoji=0.9), Dirt(late=-0.1)])
def test_rates_that_are_no_shares_are_refused(dirt: Dirt) -> None:
    with pytest.raises(ValueError, match="rate"):
        list(messages(seed=1, count=1, dirt=dirt))
