"""Avro of many schemas into one contract: each message is a record, or is told why not."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Annotated, Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from pyspark.sql import Row, SparkSession
from pyspark.sql.types import BooleanType, DoubleType, LongType, StringType, TimestampType

from lakehouse import Column, KafkaRecord, Schema, StructType, required, table
from lakehouse.contract import ArrayType, MapType
from lakehouse.contract.table import spec_of
from lakehouse.transforms.avro_schema import parse_avro
from lakehouse.transforms.decode_avro import Known, decode_avro
from tests.sources.avro_bytes import message, record


class Place(Schema):
    """Where."""

    code: Annotated[Column[StringType], required]
    floor: Column[LongType]


class Note(Schema):
    """A message."""

    id: Annotated[Column[StringType], required]
    size: Column[LongType]
    share: Column[DoubleType]
    done: Column[BooleanType]
    at: Column[TimestampType]
    place: Column[StructType[Place]]
    tags: Column[ArrayType[LongType]]
    counts: Column[MapType[StringType, LongType]]


@table("bronze.avro_notes_raw")
class NotesRaw(KafkaRecord):
    """Notes."""

    record: Column[StructType[Note]]


V1 = record("x.Note", id="string", size="int", gone="string")
V2 = record(
    "x.Note",
    tags={"type": "array", "items": "int"},
    id="string",
    size=["null", "long"],
    at={"type": "long", "logicalType": "timestamp-millis"},
    place=["null", record("Place", floor="int", code="string")],
    share="float",
    counts={"type": "map", "values": "int"},
    done="boolean",
)
BAD = record("x.Note", id="string", size="string")
OTHER = record("x.Other", size="long")
WRITERS = {1: V1, 2: V2, 3: BAD, 4: OTHER}
FULL = {
    "tags": [1, 2], "id": "b", "size": 2**40, "at": 1_700_000_000_123, "place": {"floor": 3, "code": "c"}, "share": 0.5,
    "counts": {"k": 1}, "done": True,
}  # fmt: skip


def decode(spark: SparkSession, *values: bytes | None, max_bytes: int = 1000) -> list[Row]:
    df = spark.createDataFrame([(n, value) for n, value in enumerate(values)], "n int, value binary")
    known = Known(
        schemas={n: parse_avro(json.dumps(schema)) for n, schema in WRITERS.items()}, unreadable={5: "it is no Avro"}
    )
    return decode_avro(df, spec_of(NotesRaw).column("record"), known, max_bytes=max_bytes).orderBy("n").collect()


def test_messages_of_several_schemas_become_records_of_the_contract(spark: SparkSession) -> None:
    first, second = decode(spark, message(1, V1, {"id": "a", "size": 7, "gone": "x"}), message(2, V2, FULL))
    assert first.record.asDict() == dict.fromkeys(first.record.asDict()) | {"id": "a", "size": 7}
    at = datetime.fromtimestamp(1_700_000_000.123, UTC).replace(tzinfo=None)
    assert second.record.asDict(recursive=True) == FULL | {"at": at, "place": {"floor": 3, "code": "c"}}
    assert [(row.reason, row.detail, row.schema_id) for row in (first, second)] == [(None, None, 1), (None, None, 2)]


GOOD = message(1, V1, {"id": "a", "size": 7, "gone": "x"})
HUGE = b"\xfe\xff\xff\xff\x0f"
"""The length of a string of 2 GB, or of a list of 2 billion items: neither may take the memory."""


BAD_VALUES: list[tuple[bytes | None, str, str | None]] = [
    (None, "tombstone", None),
    (b"", "empty", None),
    (b"\1" + GOOD[1:], "malformed_avro", "begins with: 0100000001"),
    (b"\0\0\0\0", "malformed_avro", "begins with: 00000000"),
    (GOOD[:5], "malformed_avro", "not one message of schema 1"),
    (GOOD[:-1], "malformed_avro", "not one message of schema 1"),
    (GOOD + b"\0", "malformed_avro", "not one message of schema 1"),
    (GOOD + GOOD, "malformed_avro", "not one message of schema 1"),
    (GOOD[:5] + HUGE, "malformed_avro", "not one message of schema 1"),
    (b"\0\0\0\0\2" + HUGE, "malformed_avro", "not one message of schema 2"),
    (message(9, V1, {"id": "a", "size": 7, "gone": "x"}), "unknown_schema_id", "schema 9 is not in the registry"),
    (b"\0\xff\xff\xff\xfe", "unknown_schema_id", "schema -2 is not in the registry"),
    (message(3, BAD, {"id": "a", "size": "7"}), "incompatible_schema", "schema 3: size: the schema has string"),
    (message(5, V1, {"id": "a", "size": 7, "gone": "x"}), "incompatible_schema", "schema 5: it is no Avro"),
    (message(4, OTHER, {"size": 1}), "missing_required", "id: required, not there"),
    (message(1, V1, {"id": "a" * 1000, "size": 7, "gone": "x"}), "too_large", "1010 bytes, at most 1000"),
]


@pytest.fixture(scope="module")
def told(spark: SparkSession) -> list[Row]:
    """All of them at once: a plan of its own for each would take minutes."""
    return decode(spark, *(value for value, _, _ in BAD_VALUES))


@pytest.mark.parametrize("number", range(len(BAD_VALUES)), ids=lambda n: f"{BAD_VALUES[n][1]}-{n}")
def test_what_cannot_be_read_is_told(told: list[Row], number: int) -> None:
    (value, reason, detail), row = BAD_VALUES[number], told[number]
    assert (row.reason, row.record, row.value) == (reason, None, value)
    assert detail is None or detail in row.detail


def test_each_cut_and_each_changed_byte_is_accounted_for(spark: SparkSession) -> None:
    whole = message(2, V2, FULL)
    cut = [whole[:n] for n in range(5, len(whole))]
    changed = [whole[:n] + bytes([whole[n] ^ 255]) + whole[n + 1 :] for n in range(5, len(whole))]
    rows = decode(spark, *cut, *changed)
    assert {row.reason for row in rows[: len(cut)]} == {"malformed_avro"}
    assert all((row.record is None) == (row.reason is not None) for row in rows)


def test_what_is_required_of_an_object_is_asked_where_there_is_one(spark: SparkSession) -> None:
    (row,) = decode(spark, message(2, V2, FULL | {"place": None}))
    assert (row.reason, row.record.place) == (None, None)


longs = st.integers(-(2**63), 2**63 - 1)
texts = st.text(st.characters(exclude_categories=["Cs"]))
notes = st.fixed_dictionaries(
    {
        "tags": st.lists(st.integers(-(2**31), 2**31 - 1)),
        "id": texts,
        "size": st.none() | longs,
        "at": st.integers(0, 10**12),
        "place": st.none() | st.fixed_dictionaries({"floor": st.integers(0, 9), "code": texts}),
        "share": st.sampled_from([0.5, -2.0]),
        "counts": st.dictionaries(texts, st.integers(-9, 9), max_size=3),
        "done": st.booleans(),
    }
)
slowly = hypothesis_settings(max_examples=3, deadline=None, suppress_health_check=list(HealthCheck))


@given(st.lists(notes, min_size=20, max_size=40))
@slowly
def test_a_record_is_read_back_equal(spark: SparkSession, written: list[dict[str, Any]]) -> None:
    rows = decode(spark, *(message(2, V2, note) for note in written), max_bytes=10**6)
    for row, note in zip(rows, written, strict=True):
        found = row.record.asDict(recursive=True)
        assert {name: found[name] for name in note if name != "at"} == {n: v for n, v in note.items() if n != "at"}


bodies = st.binary(max_size=60) | st.lists(
    st.sampled_from(
        [b"\xff\xff\xff\xff\x0f", b"\xfe\xff\xff\xff\x0f", b"\x01", b"\x00", b"\x02a", b"\xff" * 9 + b"\x01"]
    )
).map(b"".join)
values = (
    st.none()
    | st.binary(max_size=20)
    | st.builds(lambda n, body: b"\0\0\0\0" + bytes([n]) + body, st.integers(0, 6), bodies)
)


@given(st.lists(values, min_size=150, max_size=200))
@slowly
def test_no_row_is_lost_and_each_has_a_record_or_a_reason(spark: SparkSession, written: list[bytes | None]) -> None:
    df = spark.createDataFrame([(n, value) for n, value in enumerate(written)], "n int, value binary")
    known = Known(schemas={n: parse_avro(json.dumps(schema)) for n, schema in WRITERS.items()}, unreadable={})
    decoded = decode_avro(df, spec_of(NotesRaw).column("record"), known, max_bytes=1000)
    # Not the records themselves: Python knows no instant after the year 9999.
    rows = decoded.selectExpr("n", "value", "reason", "record IS NULL AS none").orderBy("n").collect()
    assert [row.value for row in rows] == written
    assert all(row.none == (row.reason is not None) for row in rows)


def test_the_plan_parses_once_for_each_schema_and_runs_no_python(
    spark: SparkSession, capsys: pytest.CaptureFixture[str]
) -> None:
    df = spark.sql("select cast('{}' as binary) as value union all select cast(uuid() as binary)")
    known = Known(schemas={1: parse_avro(json.dumps(V1)), 2: parse_avro(json.dumps(V2))}, unreadable={})
    decode_avro(df, spec_of(NotesRaw).column("record"), known, max_bytes=100).explain()
    plan = capsys.readouterr().out
    assert (plan.count("from_avro("), plan.count("Exchange"), plan.count("Python")) == (2, 0, 0)
