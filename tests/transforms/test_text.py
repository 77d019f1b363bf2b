from __future__ import annotations

import pytest
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from lakehouse.transforms.demographics import age_at, age_group
from lakehouse.transforms.text import squeeze, title_case

SQUEEZED = {"  a  b ": "a b", "a\u00a0\u3000b": "a b", "a\t\nb": "a b", "": None, " \u00a0 ": None, "é": "é"}
TITLED = {
    "ANNE MARIE": "Anne Marie", "anne": "Anne", "McDonald": "McDonald", "van der Berg": "van der Berg",
    " ÖZIL ": "Özil", "سارا": "سارا",
}  # fmt: skip


@pytest.mark.parametrize(("verb", "cases"), [(squeeze, SQUEEZED), (title_case, TITLED)])
def test_text_is_made_comparable(spark: SparkSession, verb: object, cases: dict[str, str | None]) -> None:
    df = spark.createDataFrame([(text,) for text in cases], "text string")
    found = df.select("text", verb(F.col("text")).alias("clean")).collect()  # type: ignore[operator]
    assert {row.text: row.clean for row in found} == cases


def test_cleaning_twice_changes_nothing(spark: SparkSession) -> None:
    df = spark.createDataFrame([(text,) for text in [*SQUEEZED, *TITLED]], "text string")
    once = title_case(squeeze(F.col("text")))
    assert df.where(~once.eqNullSafe(title_case(squeeze(once)))).count() == 0


def test_nothing_stays_nothing(spark: SparkSession) -> None:
    null = F.lit(None).cast("string")
    assert spark.range(1).select(squeeze(null), title_case(null)).collect()[0] == (None, None)


def test_a_year_is_complete_on_the_birthday(spark: SparkSession) -> None:
    from datetime import UTC, datetime

    instant = datetime(2026, 3, 1, tzinfo=UTC)
    born = {"2000-03-01": 26, "2000-03-02": 25, "2000-02-29": 26, "2026-03-01": 0, "2030-01-01": None}
    df = spark.createDataFrame([(day,) for day in born], "day string")
    found = df.select("day", age_at(F.to_date("day"), instant).alias("age")).collect()
    assert {row.day: row.age for row in found} == born


def test_groups_meet_at_their_limits(spark: SparkSession) -> None:
    groups = {0: "under 18", 17: "under 18", 18: "18-24", 24: "18-24", 25: "25-34", 64: "55-64", 65: "65 and over"}
    df = spark.createDataFrame([(age,) for age in groups], "age int")
    assert {row.age: row.g for row in df.select("age", age_group(F.col("age")).alias("g")).collect()} == groups


def test_an_unknown_age_is_in_no_group(spark: SparkSession) -> None:
    assert spark.range(1).select(age_group(F.lit(None).cast("int"))).collect()[0][0] is None
