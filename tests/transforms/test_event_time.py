"""The instant of a message: read where it is one, null where it is none, and never an error."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, cast

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from pyspark.sql import Row, SparkSession
from pyspark.sql import functions as F
from pyspark.sql.types import IntegerType, LongType, StringType, TimestampType

from lakehouse import Column, KafkaRecord, Schema, StructType, table
from lakehouse.contract import EventTime, EventTimed
from lakehouse.contract.table import spec_of
from lakehouse.transforms.event_time import late_detail, with_event_time, with_late_by

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Inner(Schema):
    """Deeper."""

    at: Column[TimestampType]


class Message(Schema):
    """All that can tell an instant."""

    text: Column[StringType]
    number: Column[LongType]
    small: Column[IntegerType]
    inner: Column[StructType[Inner]]


class Raw(KafkaRecord, EventTimed):
    """Messages."""

    record: Column[StructType[Message]]


def instants(spark: SparkSession, field: str, *values: Any, epoch: Any = None) -> list[datetime | None]:
    event_time = EventTime(field=field, delay=timedelta(), epoch=epoch)
    spec = spec_of(table("bronze.x", event_time=event_time)(type("Fresh", (Raw,), {"__annotations__": {}})))
    path = field.split(".")
    rows = [(n, {path[0]: {path[1]: value} if path[1:] else value}) for n, value in enumerate(values)]
    struct = spec.column("record").type
    df = spark.createDataFrame(cast(Any, rows), f"n int, record {struct.simpleString()}")
    timed = with_event_time(df, spec.column("record"), event_time).orderBy("n")
    # As numbers: Python does not know all years.
    micros = [row[0] for row in timed.select(F.unix_micros("event_time")).collect()]
    return [None if one is None else EPOCH + timedelta(microseconds=one) for one in micros]


def test_text_is_read_as_iso_8601_and_as_utc_where_it_names_no_zone(spark: SparkSession) -> None:
    found = instants(
        spark, "text", "2026-05-01T10:00:00Z", "2026-05-01T12:00:00.25+02:00", "2026-05-01 10:00:00", "2026-05-01"
    )
    ten = datetime(2026, 5, 1, 10, tzinfo=UTC)
    assert found == [ten, ten + timedelta(milliseconds=250), ten, ten - timedelta(hours=10)]


def test_text_that_is_no_instant_is_null(spark: SparkSession) -> None:
    words = ("", " ", "yesterday", "now", "12:30:00", "T12:30", "2026-13-01", "1777629600", "+2026-1-1")
    outside = ("99999-01-01", "0000-12-31", "0001-01-01T00:00:00+01:00", "9999-12-31T23:59:59-01:00")
    assert instants(spark, "text", *words, *outside, None) == [None] * 14


@pytest.mark.parametrize(("epoch", "factor"), [("s", 1), ("ms", 1_000), ("us", 1_000_000)])
def test_a_number_counts_from_1970_and_is_null_outside_of_the_years_1_to_9999(
    spark: SparkSession, epoch: str, factor: int
) -> None:
    first, last, over = -62_135_596_800 * factor, 253_402_300_800 * factor - 1, 2**63 - 1
    found = instants(spark, "number", factor, first, first - 1, last, last + 1, over, -over - 1, None, epoch=epoch)
    assert found[:2] == [EPOCH + timedelta(seconds=1), datetime(1, 1, 1, tzinfo=UTC)]
    assert [one is None for one in found[2:]] == [True, False, True, True, True, True]


def test_a_small_number_is_one_too(spark: SparkSession) -> None:
    assert instants(spark, "small", 2**31 - 1, epoch="s") == [EPOCH + timedelta(seconds=2**31 - 1)]


def test_a_timestamp_inside_of_an_object_is_taken_as_it_is(spark: SparkSession) -> None:
    at = datetime(2026, 5, 1, 10, 0, 0, 1, tzinfo=UTC)
    assert instants(spark, "inner.at", at, None) == [at, None]


def judged(spark: SparkSession, *rows: tuple[int | None, int | None]) -> list[Row]:
    """Rows of an event and its watermark, in microseconds."""
    df = spark.createDataFrame([(n, *row) for n, row in enumerate(rows)], "n int, at bigint, mark bigint")
    mark = F.timestamp_micros("mark")
    late = with_late_by(df.withColumn("event_time", F.timestamp_micros("at")), mark)
    # Not the instants themselves: Python does not know all years.
    return late.select("n", "late_by", late_detail(mark).alias("detail")).orderBy("n").collect()


MICROS = st.integers(-62_135_596_800_000_000, 253_402_300_799_999_999)
NEAR = st.builds(lambda mark, behind: (mark - behind, mark), MICROS, st.sampled_from([-1, 0, 1, 999_999, 10**6]))


@settings(
    max_examples=2, deadline=None, phases=[Phase.generate], suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(rows=st.lists(st.tuples(st.none() | MICROS, MICROS) | NEAR, min_size=50))
def test_late_by_is_the_whole_seconds_to_the_watermark_and_null_from_it_on(
    spark: SparkSession, rows: list[tuple[int | None, int]]
) -> None:
    expected = [None if at is None or at >= mark else (mark - at) // 1_000_000 for at, mark in rows]
    assert [row.late_by for row in judged(spark, *rows)] == expected


def test_nothing_is_late_without_a_watermark(spark: SparkSession) -> None:
    assert [row.late_by for row in judged(spark, (0, None), (None, None))] == [None, None]


def test_a_late_record_says_when_it_happened_and_how_far_behind_that_is(spark: SparkSession) -> None:
    at = int(datetime(2026, 1, 1, tzinfo=UTC).timestamp()) * 1_000_000
    (row,) = judged(spark, (at, at + 3_600_000_000))
    assert row.detail == "happened at 2026-01-01T00:00:00Z, 3600 s behind the watermark 2026-01-01T01:00:00Z"
