"""Numbered records as bytes, some bad on purpose, and the number in any of them."""

from __future__ import annotations

import hashlib
import re

SENSORS = 17
ALARM = "s3"
ROUTE = f"get_json_object(string(value), '$.sensor') = '{ALARM}'"
_NUMBER = re.compile(rb'"number": (?:"no )?(\d+)')


def message(number: int) -> bytes:
    """Give the bytes of a record: JSON, and of each ten one that becomes a dead letter, for one of three reasons."""
    noise = hashlib.sha256(str(number).encode()).hexdigest()
    good = f'{{"number": {number}, "sensor": "{sensor(number)}", "noise": "{noise}"}}'
    if not is_bad(number):
        return good.encode()
    malformed = good[:-10]
    without_sensor = f'{{"number": {number}}}'
    wrong_type = good.replace(f'"number": {number}', f'"number": "no {number}"')
    return (malformed, without_sensor, wrong_type)[number // 10 % 3].encode()


def sensor(number: int) -> str:
    """Give the sensor of a number."""
    return f"s{number % SENSORS}"


def is_bad(number: int) -> bool:
    """Whether the record of a number becomes a dead letter."""
    return number % 10 == 9


def number_in(value: bytes) -> int:
    """Give the number of a record, good or bad.

    Raises:
        ValueError: The bytes are none of ours, or were changed on their way.
    """
    found = _NUMBER.search(value)
    if found is None or message(int(found[1])) != value:
        raise ValueError(f"no record of ours: {value[:200]!r}")
    return int(found[1])
