from __future__ import annotations

from datetime import UTC, date, datetime
from itertools import pairwise

from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from lakehouse.transforms.demographics import AGE_GROUPS, age_at, age_group, generation, tenure


def ages(spark: SparkSession, day: str, *born: str | None) -> dict[str | None, int | None]:
    """The age of people born on some days, on one day."""
    df = spark.createDataFrame([(text,) for text in born], "born string")
    instant = datetime.combine(date.fromisoformat(day), datetime.min.time(), tzinfo=UTC)
    found = df.select("born", age_at(F.to_date("born"), instant).alias("age")).collect()
    return {row.born: row.age for row in found}


def test_a_year_is_complete_on_the_birthday(spark: SparkSession) -> None:
    found = ages(spark, "2026-03-01", "2000-03-01", "2000-03-02", "2000-02-28", "2025-03-02", "1900-03-01")
    assert list(found.values()) == [26, 25, 26, 0, 126]


def test_one_who_is_born_today_is_zero(spark: SparkSession) -> None:
    assert ages(spark, "2026-03-01", "2026-03-01") == {"2026-03-01": 0}


def test_one_who_is_not_born_yet_has_no_age(spark: SparkSession) -> None:
    assert set(ages(spark, "2026-03-01", "2026-03-02", "2026-03-31", "2030-01-01").values()) == {None}


def test_an_unknown_birth_gives_no_age(spark: SparkSession) -> None:
    assert ages(spark, "2026-03-01", None) == {None: None}


def test_one_born_on_a_leap_day_is_a_year_older_on_the_last_day_of_february(spark: SparkSession) -> None:
    at = {day: ages(spark, day, "2000-02-29")["2000-02-29"] for day in ("2024-02-28", "2024-02-29", "2025-02-27")}
    assert at == {"2024-02-28": 23, "2024-02-29": 24, "2025-02-27": 24}
    assert ages(spark, "2025-02-28", "2000-02-29") == {"2000-02-29": 25}


def test_groups_meet_at_their_limits(spark: SparkSession) -> None:
    limits = [below for below, _ in AGE_GROUPS]
    names = [*(name for _, name in AGE_GROUPS), "65 and over"]
    df = spark.createDataFrame([(limit - 1, limit) for limit in limits], "below int, at int")
    found = df.select(age_group(F.col("below")).alias("below"), age_group(F.col("at")).alias("at")).collect()
    assert [(row.below, row.at) for row in found] == list(pairwise(names))


def test_the_names_of_groups_say_their_limits(spark: SparkSession) -> None:
    groups = {0: "under 18", 17: "under 18", 18: "18-24", 24: "18-24", 25: "25-34", 64: "55-64", 65: "65 and over"}
    df = spark.createDataFrame([(age,) for age in groups], "age int")
    assert {row.age: row.g for row in df.select("age", age_group(F.col("age")).alias("g")).collect()} == groups


def test_an_unknown_age_is_in_no_group(spark: SparkSession) -> None:
    assert spark.range(1).select(age_group(F.lit(None).cast("int"))).collect()[0][0] is None


def test_a_generation_is_told_by_the_year_of_birth(spark: SparkSession) -> None:
    born = ("1920-01-01", "1945-12-31", "1946-01-01", "1980-12-31", "1981-01-01", "2012-06-01", "2013-01-01", None)
    df = spark.createDataFrame([(text,) for text in born], "born string")
    found = [row[0] for row in df.select(generation(F.to_date("born"))).collect()]
    assert found == ["greatest", "silent", "boomer", "gen x", "millennial", "gen z", "gen alpha", None]


def test_tenure_is_counted_in_whole_years(spark: SparkSession) -> None:
    since = ("2025-06-02", "2025-06-01", "2023-06-02", "2020-06-01", "2015-06-02", "2015-06-01", "2027-01-01", None)
    df = spark.createDataFrame([(text,) for text in since], "since string")
    found = [row[0] for row in df.select(tenure(F.to_date("since"), datetime(2026, 6, 1, tzinfo=UTC))).collect()]
    years = ["under 1 year", "1-2 years", "1-2 years", "6-10 years", "6-10 years", "over 10 years", None, None]
    assert found == years
