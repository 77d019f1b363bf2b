"""Slices of a table: every value is in exactly one of them, whatever they are cut by."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyspark.sql.types import DateType, LongType, StringType, TimestampNTZType, TimestampType

from lakehouse.contract.partitioning import parse_partition_field
from lakehouse.pipeline.slice_sizes import FileSpan, size_of
from lakehouse.pipeline.slices import MOST, By, Slice, by_partition, parse_by, slices, text_of, value_of

DAY = date(2026, 1, 1)
INSTANTS = st.datetimes(datetime(2025, 1, 1), datetime(2026, 1, 1), timezones=st.just(UTC))


def holds(one: Slice, value: Any) -> bool:
    if value is None:
        return one.lower is None
    return (one.lower is None or value >= one.lower) and (one.upper is None or value < one.upper)


@given(
    by=st.sampled_from(["day", "month", "year"]),
    ends=st.tuples(st.none() | INSTANTS, st.none() | INSTANTS),
    extent=st.tuples(INSTANTS, INSTANTS).map(lambda two: (min(two), max(two))),
    value=st.none() | INSTANTS,
)
def test_a_value_of_the_range_is_in_one_slice_and_one_outside_in_none(
    by: str, ends: tuple[Any, Any], extent: Any, value: Any
) -> None:
    start, stop = sorted(ends) if None not in ends else ends
    found = slices(By(by), TimestampType(), start=start, stop=stop, extent=extent)
    whole = Slice(type=TimestampType(), lower=start, upper=stop)
    assert sum(holds(one, value) for one in found) == holds(whole, value)


@given(st.integers(1, 40), st.integers(-50, 50), st.integers(1, 99), st.integers(-60, 160))
def test_numbers_are_cut_where_they_divide(step: int, start: int, size: int, value: int) -> None:
    found = slices(By("step", step), LongType(), start=start, stop=start + size)
    assert sum(holds(one, value) for one in found) == (start <= value < start + size)
    assert all(one.upper % step == 0 for one in found[:-1])  # type: ignore[operator]


def test_time_is_cut_by_the_calendar_and_open_ends_stay_open() -> None:
    found = slices(By("month"), DateType(), start=None, stop=None, extent=(DAY.replace(day=30), date(2026, 3, 2)))
    assert [one.text for one in found] == ["below 2026-02-01", "2026-02-01 … 2026-03-01", "from 2026-03-01"]
    assert [one.next for one in found] == ["2026-02-01", "2026-03-01", ""]


def test_a_slice_that_is_open_below_and_the_first_bucket_have_the_nulls() -> None:
    low, bucket = Slice(type=StringType(), upper="it's"), Slice(type=StringType(), buckets=4)
    assert low.sql("`a`", catalog="lake") == r"(`a` < 'it\'s' OR `a` IS NULL)"
    assert bucket.sql("a", catalog="lake") == "(`lake`.system.bucket(4, a) = 0 OR a IS NULL)"


@pytest.mark.parametrize(
    ("type_", "value", "sql"),
    [
        (TimestampType(), datetime(2026, 1, 1, 5, tzinfo=UTC), "TIMESTAMP '2026-01-01 05:00:00+00:00'"),
        (TimestampNTZType(), datetime(2026, 1, 1, 5), "TIMESTAMP_NTZ '2026-01-01 05:00:00'"),
        (DateType(), DAY, "DATE '2026-01-01'"),
        (LongType(), 7, "7"),
    ],
)
def test_a_value_is_written_so_that_no_time_zone_matters_and_read_again(type_: Any, value: Any, sql: str) -> None:
    assert Slice(type=type_, lower=value).sql("a", catalog="lake") == f"a >= {sql}"
    assert value_of(text_of(value), type_) == value


def test_an_instant_with_an_offset_is_taken_to_utc() -> None:
    assert value_of("2026-01-01T01:30:00+02:00", TimestampType()) == datetime(2025, 12, 31, 23, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("field", "type_", "by"),
    [
        ("days(at)", TimestampType(), "day"),
        ("years(on)", DateType(), "year"),
        ("bucket(4, id)", StringType(), "bucket(4)"),
        ("truncate(1000, id)", LongType(), "1000"),
        ("country", StringType(), "values"),
        ("on", DateType(), "day"),
    ],
)
def test_a_table_is_cut_as_it_is_partitioned(field: str, type_: Any, by: str) -> None:
    assert by_partition(parse_partition_field(field), type_).text == by


def test_between_partitions_of_values_there_is_a_slice_each() -> None:
    found = slices(By("values"), StringType(), start=None, stop=None, begins=["no", "at", "se", "no"])
    assert [one.text for one in found] == ["below no", "no … se", "from se"]


@pytest.mark.parametrize(
    ("text", "type_"),
    [("day", LongType()), ("hour", DateType()), ("5", StringType()), ("0", LongType()), ("bucket(0)", LongType())],
)
def test_a_column_cannot_be_cut_by_what_it_does_not_have(text: str, type_: Any) -> None:
    with pytest.raises(ValueError, match="is cut by"):
        parse_by(text, type_)


def test_too_many_slices_are_refused_before_they_are_made() -> None:
    with pytest.raises(ValueError, match=f"more than {MOST:,} slices"):
        slices(By("step", 1), LongType(), start=0, stop=10**15)


def test_an_open_end_of_which_nothing_is_known_is_refused() -> None:
    with pytest.raises(ValueError, match="give --from and --to"):
        slices(By("day"), DateType(), start=DAY, stop=None)


def test_files_that_may_have_rows_of_a_slice_are_counted_and_those_of_which_nothing_is_known() -> None:
    week = [FileSpan(rows=1, bytes=10, lower=DAY + timedelta(n), upper=DAY + timedelta(n)) for n in range(7)]
    one = Slice(type=DateType(), lower=DAY + timedelta(2), upper=DAY + timedelta(5))
    assert size_of([*week, FileSpan(rows=100, bytes=5)], one) == (103, 35)
    buckets = [FileSpan(rows=1, bytes=10, bucket=(n, 4)) for n in range(4)]
    assert size_of(buckets, Slice(type=DateType(), number=2, buckets=4)) == (1, 10)
