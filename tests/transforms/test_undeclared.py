"""Fields of messages that no contract declares, by name and count, never by value."""

from __future__ import annotations

import pytest
from pyspark.sql.types import ArrayType, IntegerType, MapType, StringType, StructField, StructType

from lakehouse.transforms.undeclared import undeclared, unwrapped

PLACE = StructType([StructField("code", StringType())])
NOTE = StructType(
    [
        StructField("id", StringType()),
        StructField("place", PLACE),
        StructField("places", ArrayType(PLACE)),
        StructField("counts", MapType(StringType(), IntegerType())),
    ]
)


@pytest.mark.parametrize(
    ("message", "found"),
    [
        (b'{"id": "1", "place": {"code": "c"}, "places": [{"code": "c"}], "counts": {"any": 1}}', {}),
        (b'{"new": 1}', {"new": "number"}),
        (b'{"new": {"inner": 1}}', {"new": "object"}),
        (b'{"place": {"floor": "x"}}', {"place.floor": "string"}),
        (b'{"places": [{"floor": true}, {"floor": false}]}', {"places[].floor": "boolean"}),
        (b'{"new": null, "old": []}', {"new": "null", "old": "array"}),
        (b"{broken", {}),
        (b"[1]", {}),
        (b"[" * 100_000, {}),
        (b"\xff\xfe", {}),
    ],
)
def test_a_field_that_is_not_declared_is_found_with_its_kind(message: bytes, found: dict[str, str]) -> None:
    assert {name: kind for name, (_, kind) in undeclared([message], [NOTE]).items()} == found


def test_messages_are_counted_once_each() -> None:
    several = [b'{"new": 1}', b'{"new": 1, "places": [{"x": 1}, {"x": 2}]}']
    assert undeclared(several, [NOTE]) == {"new": (2, "number"), "places[].x": (1, "number")}


def test_a_field_of_one_of_several_contracts_is_declared() -> None:
    other = StructType([StructField("new", StringType())])
    assert undeclared([b'{"id": "1", "new": "x"}'], [NOTE, other]) == {}


def test_a_wrapped_message_is_looked_into() -> None:
    assert unwrapped(b'{"schema": {}, "payload": {"id": 1}}') == b'{"id": 1}'
    assert unwrapped(b"{broken") == b"{broken"
