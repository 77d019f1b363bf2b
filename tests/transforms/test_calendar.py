from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from lakehouse.transforms.calendar import calendar, days_between, with_every_day

DAYS = st.dates(date(1900, 1, 1), date(2200, 12, 31))


def bounds(spark: SparkSession, *pairs: tuple[date | None, date | None]) -> DataFrame:
    return spark.createDataFrame(list(pairs), "first date, last date")


def days_of(spark: SparkSession, *pairs: tuple[date | None, date | None], fiscal_year_starts: int = 1) -> DataFrame:
    first, last = F.col("first"), F.col("last")
    return calendar(bounds(spark, *pairs), first=first, last=last, fiscal_year_starts=fiscal_year_starts)


def test_there_is_a_row_for_each_day_between_the_least_and_the_greatest(spark: SparkSession) -> None:
    pairs = [(date(2024, 2, 28), date(2024, 2, 28)), (date(2024, 3, 1), date(2024, 3, 2)), (None, None)]
    found = [row.day.isoformat() for row in days_of(spark, *pairs).orderBy("day").collect()]
    assert found == ["2024-02-28", "2024-02-29", "2024-03-01", "2024-03-02"]


@pytest.mark.parametrize("pairs", [[], [(None, None)], [(date(2024, 1, 2), date(2024, 1, 1))]])
def test_without_days_between_there_are_none(spark: SparkSession, pairs: list[tuple[date | None, date | None]]) -> None:
    assert days_of(spark, *pairs).count() == 0


@given(first=DAYS, count=st.integers(1, 800))
@settings(max_examples=5, deadline=None, suppress_health_check=list(HealthCheck))
def test_weeks_and_weekdays_are_those_of_iso_8601(spark: SparkSession, first: date, count: int) -> None:
    rows = days_of(spark, (first, first + timedelta(days=count - 1))).orderBy("day").collect()
    assert [row.day for row in rows] == [first + timedelta(days=n) for n in range(count)]
    assert [(row.iso_year, row.iso_week, row.weekday) for row in rows] == [tuple(row.day.isocalendar()) for row in rows]


def test_names_are_english_and_weekends_are_saturday_and_sunday(spark: SparkSession) -> None:
    rows = days_of(spark, (date(2026, 5, 29), date(2026, 6, 1))).orderBy("day").collect()
    assert [(row.month_name, row.weekday_name, row.is_weekend) for row in rows] == [
        ("May", "Friday", False),
        ("May", "Saturday", True),
        ("May", "Sunday", True),
        ("June", "Monday", False),
    ]


@pytest.mark.parametrize(("starts", "wanted"), [(1, [2025, 2025]), (10, [2025, 2026]), (7, [2026, 2026])])
def test_a_fiscal_year_is_called_after_the_year_in_which_it_ends(
    spark: SparkSession, starts: int, wanted: list[int]
) -> None:
    rows = days_of(spark, (date(2025, 9, 30), date(2025, 10, 1)), fiscal_year_starts=starts).orderBy("day").collect()
    assert [row.fiscal_year for row in rows] == wanted


@pytest.mark.parametrize("starts", [0, 13])
def test_a_fiscal_year_that_starts_in_no_month_is_refused(spark: SparkSession, starts: int) -> None:
    with pytest.raises(ValueError, match=f"fiscal_year_starts is {starts}; a month is 1 to 12"):
        days_of(spark, (date(2025, 1, 1), date(2025, 1, 2)), fiscal_year_starts=starts)


def test_days_from_one_to_another_are_none_when_they_are_swapped_or_unknown(spark: SparkSession) -> None:
    day = date(2025, 1, 1)
    pairs = [(day, day), (day, day - timedelta(days=1)), (None, day)]
    found = bounds(spark, *pairs).select(days_between(F.col("first"), F.col("last")).alias("days")).collect()
    assert [row.days for row in found] == [[day], None, None]


def test_a_day_that_is_missing_counts_nothing(spark: SparkSession) -> None:
    df = spark.createDataFrame([(date(2025, 1, 1), 2, "a"), (date(2025, 1, 3), 1, "b")], "day date, n int, note string")
    found = with_every_day(df, day="day", zero=("n",)).orderBy("day").collect()
    assert [(row.day.day, row.n, row.note) for row in found] == [(1, 2, "a"), (2, 0, None), (3, 1, "b")]


def test_days_go_on_until_a_day_that_is_named_or_that_of_the_table(spark: SparkSession) -> None:
    df = spark.createDataFrame([(date(2025, 1, 1), 1), (date(2025, 1, 2), 1)], "day date, n int")
    assert with_every_day(df, day="day", until=date(2025, 1, 4)).count() == 4
    assert with_every_day(df, day="day", until=date(2024, 1, 1)).count() == 2
