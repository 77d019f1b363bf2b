"""How far the values of columns have moved."""

from __future__ import annotations

from pyspark.sql import DataFrame, SparkSession

from lakehouse.quality.drift import measure_drift


def people(spark: SparkSession, *, older: int = 0, country: str = "NO", nulls: int = 0) -> DataFrame:
    return spark.range(2000).selectExpr(
        f"cast(id % 80 + {older} as int) as age",
        f"if(id % 10 < {nulls}, null, if(id % 2 = 0, 'SE', '{country}')) as country",
        "date_add(date'2026-01-01', cast(id % 30 as int)) as day",
        "array(id) as list",
    )


def test_the_same_rows_have_not_moved(spark: SparkSession) -> None:
    found = measure_drift(people(spark), people(spark).repartition(5))
    assert {one.column: round(one.index, 6) for one in found} == {"age": 0, "country": 0, "day": 0}


def test_the_column_that_moved_most_comes_first(spark: SparkSession) -> None:
    first, *others = measure_drift(people(spark), people(spark, older=60))
    assert (first.column, first.index > 0.25, first.rows_before, first.rows_after) == ("age", True, 2000, 2000)
    assert all(one.index < 0.01 for one in others)


def test_another_value_of_a_text_is_another_share(spark: SparkSession) -> None:
    assert measure_drift(people(spark), people(spark, country="DK"), ["country"])[0].index > 0.25


def test_more_nulls_are_a_drift(spark: SparkSession) -> None:
    assert measure_drift(people(spark), people(spark, nulls=3), ["country"])[0].index > 0.25


def test_columns_that_only_one_side_has_are_left_out(spark: SparkSession) -> None:
    after = people(spark).drop("country").selectExpr("cast(age as string) as age", "day", "list")
    assert [one.column for one in measure_drift(people(spark), after)] == ["day"]


def test_nothing_is_compared_with_no_rows(spark: SparkSession) -> None:
    assert measure_drift(people(spark), people(spark).limit(0)) == ()
    assert measure_drift(people(spark).limit(0), people(spark)) == ()
