"""The sample is the same everywhere, and its people have the format of the RandomUser API."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from lakehouse.local.dirt import Dirt, messages
from lakehouse.local.people import person_json

FIELDS = {
    "gender": str,
    "name": {"title": str, "first": str, "last": str},
    "location": {
        "street": {"number": int, "name": str},
        "city": str,
        "state": str,
        "country": str,
        "postcode": (int, str),
        "coordinates": {"latitude": str, "longitude": str},
        "timezone": {"offset": str, "description": str},
    },
    "email": str,
    "login": dict.fromkeys(("uuid", "username", "password", "salt", "md5", "sha1", "sha256"), str),
    "dob": {"date": str, "age": int},
    "registered": {"date": str, "age": int},
    "phone": str,
    "cell": str,
    "id": {"name": str, "value": (str, type(None))},
    "picture": dict.fromkeys(("large", "medium", "thumbnail"), str),
    "nat": str,
}
DIGEST = """
import hashlib
from lakehouse.local.dirt import messages
print(hashlib.sha256(repr(list(messages(seed=7, count=500))).encode()).hexdigest())
"""


def people(count: int) -> list[dict[str, Any]]:
    return [json.loads(person_json(5, number)) for number in range(count)]


def differences(found: Any, declared: Any, path: str = "") -> list[str]:
    if not isinstance(declared, dict):
        return [] if isinstance(found, declared) else [path]
    if not isinstance(found, dict) or list(found) != list(declared):
        return [path or "the message"]
    return [line for name, kind in declared.items() for line in differences(found[name], kind, f"{path}.{name}")]


def test_every_person_has_the_fields_of_the_api_in_their_order() -> None:
    assert [line for person in people(2_000) for line in differences(person, FIELDS)] == []


def test_dates_are_iso_8601_in_utc_with_milliseconds() -> None:
    pattern = re.compile(r"\d{4}-\d\d-\d\dT[0-2]\d:[0-5]\d:[0-5]\d\.\d{3}Z")

    assert all(pattern.fullmatch(p[field]["date"]) for p in people(500) for field in ("dob", "registered"))


def test_a_person_is_registered_after_birth() -> None:
    assert all(person["dob"]["date"] < person["registered"]["date"] for person in people(2_000))


def test_all_nationalities_occur() -> None:
    assert len({person["nat"] for person in people(1_000)}) == 21


def test_postcodes_are_numbers_in_some_countries_and_strings_in_others() -> None:
    kinds = {person["nat"]: type(person["location"]["postcode"]) for person in people(1_000)}

    assert (kinds["US"], kinds["GB"], kinds["NO"]) == (int, str, str)


def test_names_keep_their_script_and_addresses_are_ascii() -> None:
    ukrainians = [person for person in people(1_000) if person["nat"] == "UA"]

    assert not any(person["name"]["last"].isascii() for person in ukrainians)
    assert all(person["email"].isascii() for person in ukrainians)


def test_phones_are_written_as_in_their_country() -> None:
    formats = {"US": r"\(\d{3}\) \d{3}-\d{4}", "FR": r"0[145](-\d\d){4}", "CH": r"0\d\d \d{3} \d\d \d\d"}
    shown = [(person["phone"], formats[person["nat"]]) for person in people(2_000) if person["nat"] in formats]

    assert [phone for phone, pattern in shown if not re.fullmatch(pattern, phone)] == []


def test_nearly_everyone_has_a_number_and_exactly_everyone_an_identifier_of_their_own() -> None:
    found = people(5_000)

    assert len({person["login"]["uuid"] for person in found}) == 5_000
    assert len({person["cell"] for person in found}) > 4_950


def test_two_processes_make_the_same_bytes_whatever_their_hash_seed() -> None:
    shown = {
        subprocess.check_output([sys.executable, "-c", DIGEST], env={**os.environ, "PYTHONHASHSEED": hash_seed})
        for hash_seed in ("1", "2")
    }

    assert len(shown) == 1


def test_another_seed_gives_other_people() -> None:
    assert person_json(1, 0) != person_json(2, 0)


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 3), count=st.integers(0, 300), more=st.integers(0, 300))
def test_a_short_sample_is_the_beginning_of_a_long_one(seed: int, count: int, more: int) -> None:
    short, long = messages(seed=seed, count=count), messages(seed=seed, count=count + more)

    assert list(short) == list(long)[:count]


@settings(max_examples=30, deadline=None)
@given(start=st.integers(0, 300), count=st.integers(0, 300))
def test_a_sample_can_be_entered_anywhere(start: int, count: int) -> None:
    dirt = Dirt(duplicate=0.2, correction=0.2)

    assert (
        list(messages(seed=1, start=start, count=count, dirt=dirt))
        == (list(messages(seed=1, count=count, dirt=dirt))[start:])
    )
