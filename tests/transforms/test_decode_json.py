from __future__ import annotations

import json
from typing import Annotated, Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from pyspark.sql import Row, SparkSession
from pyspark.sql.types import BooleanType, DoubleType, IntegerType, LongType, StringType

from lakehouse import Column, KafkaRecord, Schema, StructType, required, table
from lakehouse.contract.table import spec_of
from lakehouse.transforms.decode_json import decode_json


class Place(Schema):
    """Where."""

    number: Column[IntegerType]
    name: Column[StringType]


class Note(Schema):
    """A message."""

    id: Annotated[Column[StringType], required]
    place: Column[StructType[Place]]
    size: Column[LongType]
    share: Column[DoubleType]
    done: Column[BooleanType]


@table("bronze.notes_raw")
class NotesRaw(KafkaRecord):
    """Notes."""

    record: Column[StructType[Note]]


def decode(spark: SparkSession, *values: bytes | None, max_bytes: int = 1000) -> list[Row]:
    df = spark.createDataFrame([(n, value) for n, value in enumerate(values)], "n int, value binary")
    return decode_json(df, spec_of(NotesRaw).column("record"), max_bytes=max_bytes).orderBy("n").collect()


TAIL, TWO, LINES = b'{"id": "1"} tail', b'{"id": "1"}{"id": "2"}', b'{"id": "1"}\n{"id": "2"}'

BAD: dict[str, list[bytes | None]] = {
    "tombstone": [None],
    "empty": [b""],
    "malformed_json": [b'{"id": "1"', b"[1, 2]", b'"text"', b"null", b"7", b"   ", b"\xff\xfe", TAIL, TWO, LINES],
    "wrong_type": [
        b'{"id": "1", "size": "big"}',
        b'{"id": "1", "place": "here"}',
        b'{"id": "1", "place": {"number": "1b"}}',
    ],
    "missing_required": [b"{}", b'{"id": null}'],
    "too_large": [b'{"id": "' + b"x" * 1000 + b'"}'],
}


@pytest.fixture(scope="module")
def decoded(spark: SparkSession) -> dict[str, list[Row]]:
    values = [(reason, value) for reason, group in BAD.items() for value in group]
    rows = decode(spark, *(value for _, value in values))
    found: dict[str, list[Row]] = {}
    for (reason, _), row in zip(values, rows, strict=True):
        found.setdefault(reason, []).append(row)
    return found


@pytest.mark.parametrize("reason", BAD)
def test_each_kind_of_bad_record_has_its_reason(decoded: dict[str, list[Row]], reason: str) -> None:
    assert {row.reason for row in decoded[reason]} == {reason}


@pytest.mark.parametrize("reason", BAD)
def test_a_bad_record_has_no_payload(decoded: dict[str, list[Row]], reason: str) -> None:
    assert {row.record for row in decoded[reason]} == {None}


def test_a_wrong_type_says_field_expected_and_found(decoded: dict[str, list[Row]]) -> None:
    assert [row.detail for row in decoded["wrong_type"]] == [
        "size: expected bigint, found big",
        "place: expected an object, found here",
        "place.number: expected int, found 1b",
    ]


def test_braces_inside_of_a_text_are_no_second_object(spark: SparkSession) -> None:
    (row,) = decode(spark, b'{"id": "}{"}\n ')
    assert (row.reason, row.record.id) == (None, "}{")


def test_a_missing_field_is_named(decoded: dict[str, list[Row]]) -> None:
    assert {row.detail for row in decoded["missing_required"]} == {"id: required, not there"}


def test_malformed_json_shows_how_it_begins(decoded: dict[str, list[Row]]) -> None:
    assert decoded["malformed_json"][1].detail == "no JSON object; it begins with: [1, 2]"


def test_fields_that_are_not_declared_are_ignored(spark: SparkSession) -> None:
    (row,) = decode(spark, b'{"id": "1", "place": {"number": 3, "name": null}, "size": 9, "more": [1]}')
    assert (row.reason, row.detail, row.record.id, row.record.place.number, row.record.share) == (
        None,
        None,
        "1",
        3,
        None,
    )


places = st.fixed_dictionaries({"number": st.none() | st.integers(-(2**31), 2**31 - 1), "name": st.text()})
notes = st.fixed_dictionaries(
    {"id": st.text(min_size=1)},
    optional={
        "place": st.none()
        | st.fixed_dictionaries({"number": st.none() | st.integers(-(2**31), 2**31 - 1), "name": st.text()}),
        "size": st.none() | st.integers(-(2**63), 2**63 - 1),
        "share": st.none() | st.floats(allow_nan=False, allow_infinity=False),
        "done": st.none() | st.booleans(),
    },
)


def is_writable(note: dict[str, Any]) -> bool:
    """Lone surrogates are no UTF-8."""
    return "\\ud" not in json.dumps(note)


@given(st.lists(notes.filter(is_writable), min_size=20, max_size=60))
@hypothesis_settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck))
def test_a_declared_record_is_read_back_equal(spark: SparkSession, written: list[dict[str, Any]]) -> None:
    rows = decode(spark, *(json.dumps(note, ensure_ascii=False).encode() for note in written), max_bytes=10**6)
    for row, note in zip(rows, written, strict=True):
        found = row.record.asDict(recursive=True)
        assert {name: found[name] for name in note} == note
