from __future__ import annotations

import json
import re
from typing import Annotated, Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from pyspark.sql import Row, SparkSession
from pyspark.sql.types import BooleanType, DoubleType, IntegerType, LongType, StringType

from lakehouse import Column, KafkaRecord, Schema, StructType, required, table
from lakehouse.contract.schema import ArrayType
from lakehouse.contract.table import spec_of
from lakehouse.domains.users.bronze import UsersRaw
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
    tags: Column[ArrayType[IntegerType]]
    places: Column[ArrayType[StructType[Place]]]


@table("bronze.notes_raw")
class NotesRaw(KafkaRecord):
    """Notes."""

    record: Column[StructType[Note]]


def decode(spark: SparkSession, *values: bytes | None, max_bytes: int = 1000) -> list[Row]:
    df = spark.createDataFrame([(n, value) for n, value in enumerate(values)], "n int, value binary")
    return decode_json(df, spec_of(NotesRaw).column("record"), max_bytes=max_bytes).orderBy("n").collect()


TAILS: list[bytes | None] = [
    b'{"id": "1"}' + tail
    for tail in (
        b" tail", b'{"id": "2"}', b'\n{"id": "2"}', b'\r\n{"id": "2"}', b' {"id": "2"}', b', {"id": "2"}',
        b"}", b"]", b",", b" tail }", b', "size": 1}', b', "place": {}', b"\x00", b'\n{"share": NaN}', b'] {"id": "2"}',
    )
]  # fmt: skip

BAD: dict[str, list[bytes | None]] = {
    "tombstone": [None],
    "empty": [b""],
    "malformed_json": [
        b'{"id": "1"',
        b"[1, 2]",
        b'"text"',
        b"null",
        b"7",
        b"   ",
        b"\xff\xfe",
        b'[{"id": "1"}]',
        *TAILS,
    ],
    "wrong_type": [
        b'{"id": "1", "size": "big"}',
        b'{"id": "1", "place": "here"}',
        b'{"id": "1", "place": {"number": "1b"}}',
        b'{"id": "1", "size": 1.5}',
        b'{"id": "1", "size": 9223372036854775808, "done": "yes"}',
        b'{"id": "1", "tags": ["a"]}',
        b'{"id": "1", "places": [{"number": "x"}]}',
        b'{"size": "' + b"y" * 90 + b'"}',
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
        "size: expected bigint, found 1.5",
        "size: expected bigint, found 9223372036854775808; done: expected boolean, found yes",
        'tags: expected array<int>, found ["a"]',
        'a value does not fit its type: {"id": "1", "places": [{"number": "x"}]}',
        "size: expected bigint, found " + "y" * 60,
    ]


def test_braces_inside_of_a_text_are_no_second_object(spark: SparkSession) -> None:
    (row,) = decode(spark, b'{"id": "}{"}\n ')
    assert (row.reason, row.record.id) == (None, "}{")


def test_several_objects_in_an_array_are_no_second_object(spark: SparkSession) -> None:
    (row,) = decode(spark, b'{"id": "1", "places": [{"number": 1}, {"number": 2}], "place": {}}')
    assert (row.reason, [place.number for place in row.record.places]) == (None, [1, 2])


def test_what_is_not_a_number_is_read_as_the_parser_of_spark_reads_it(spark: SparkSession) -> None:
    (row,) = decode(spark, b'{"id": "1", "share": -Infinity, "place": {}}')
    assert (row.reason, row.record.share) == (None, float("-inf"))


def test_a_value_that_is_too_large_says_how_large_it_is(decoded: dict[str, list[Row]]) -> None:
    assert decoded["too_large"][0].detail == "1010 bytes, at most 1000 are taken"


def test_a_value_as_large_as_allowed_is_taken(spark: SparkSession) -> None:
    (row,) = decode(spark, b'{"id": "1"}', max_bytes=len(b'{"id": "1"}'))
    assert row.reason is None


@pytest.mark.parametrize("reason", ["tombstone", "empty"])
def test_where_nothing_came_there_is_nothing_to_say(decoded: dict[str, list[Row]], reason: str) -> None:
    assert {row.detail for row in decoded[reason]} == {None}


def test_a_payload_that_is_no_struct_is_refused_by_name(spark: SparkSession) -> None:
    with pytest.raises(TypeError, match="topic: a payload is a struct, found string"):
        decode_json(spark.range(1), spec_of(NotesRaw).column("topic"), max_bytes=1)


def test_a_missing_field_is_named(decoded: dict[str, list[Row]]) -> None:
    assert {row.detail for row in decoded["missing_required"]} == {"id: required, not there"}


def test_malformed_json_shows_how_it_begins(decoded: dict[str, list[Row]]) -> None:
    assert decoded["malformed_json"][1].detail == "not one JSON object; it begins with: [1, 2]"


def test_fields_that_are_not_declared_are_ignored(spark: SparkSession) -> None:
    (row,) = decode(spark, b'{"id": "1", "place": {"number": 3, "name": null}, "size": 9, "more": [1]}')
    assert (row.reason, row.detail, row.record.id, row.record.place.number, row.record.share) == (
        None,
        None,
        "1",
        3,
        None,
    )


ints = st.integers(-(2**31), 2**31 - 1)
places = st.fixed_dictionaries({"number": st.none() | ints, "name": st.text()})
notes = st.fixed_dictionaries(
    {"id": st.text(min_size=1)},
    optional={
        "place": st.none() | places,
        "tags": st.none() | st.lists(ints),
        "places": st.none() | st.lists(places, max_size=3),
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


values = st.one_of(
    st.none(),
    st.binary(max_size=30),
    st.text(alphabet='{}[]",: \n1ai', max_size=12).map(str.encode),
    notes.filter(is_writable).map(lambda note: json.dumps(note).encode()),
    st.sampled_from([value for group in BAD.values() for value in group]),
)


@given(st.lists(values, min_size=60, max_size=80))
@hypothesis_settings(max_examples=4, deadline=None, suppress_health_check=list(HealthCheck))
def test_no_row_is_lost_and_each_has_a_record_or_a_reason(spark: SparkSession, written: list[bytes | None]) -> None:
    rows = decode(spark, *written, max_bytes=100)
    assert [row.value for row in rows] == written
    assert all((row.record is None) == (row.reason is not None) for row in rows)


def test_java_compiles_the_decoder_of_a_wide_message(spark: SparkSession, capsys: pytest.CaptureFixture[str]) -> None:
    """HotSpot leaves methods of more than 8,000 bytecodes to its interpreter, for good."""
    records = spark.sql("select cast('{}' as binary) as value")
    decode_json(records, spec_of(UsersRaw).column("record"), max_bytes=10**6).explain("codegen")
    sizes = [int(size) for size in re.findall(r"maxMethodCodeSize:(\d+)", capsys.readouterr().out)]
    assert sizes
    assert max(sizes) < 8000
