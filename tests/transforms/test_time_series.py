from __future__ import annotations

from datetime import date, timedelta
from itertools import pairwise

import pytest
from pyspark.sql import DataFrame, SparkSession

from lakehouse.transforms.time_series import cohorts, with_growth, with_rolling, with_trend


def by_day(spark: SparkSession, values: dict[int, float]) -> DataFrame:
    rows = [(date(2026, 1, 1) + timedelta(days=day), value) for day, value in values.items()]
    return spark.createDataFrame(rows, "day date, value double")


def test_a_window_of_days_is_one_of_days_and_growth_is_against_a_day(spark: SparkSession) -> None:
    df = by_day(spark, {0: 10.0, 1: 20.0, 3: 40.0, 4: 0.0, 5: 5.0})
    made = with_growth(with_rolling(df, day="day", value="value", days=2), day="day", value="value").orderBy("day")
    found = [(row.rolling_sum, row.rolling_mean, row.growth) for row in made.collect()]
    assert found == [(10, 10, None), (30, 15, 1.0), (40, 40, None), (40, 20, -1.0), (5, 2.5, None)]


@pytest.mark.parametrize("period", [6, 7])
def test_what_comes_each_period_is_not_in_the_trend(spark: SparkSession, period: int) -> None:
    df = by_day(spark, {day: 2.0 * day + (day % period) ** 2 for day in range(30)})
    rows = with_trend(df, day="day", value="value", period=period).orderBy("day").collect()
    known = [row.trend for row in rows if row.trend is not None]
    assert len(known) == 30 - 2 * (period // 2)
    assert [b - a for a, b in pairwise(known)] == pytest.approx([2.0] * (len(known) - 1))


def test_a_cohort_is_followed_from_its_first_month(spark: SparkSession) -> None:
    seen = [("a", 1, 5), ("a", 1, 20), ("a", 3, 1), ("b", 1, 31), ("b", 2, 1), ("c", 2, 2)]
    df = spark.createDataFrame([(who, date(2026, month, day)) for who, month, day in seen], "who string, day date")
    found = {
        (row.cohort.month, row.periods): (row.members, row.retention)
        for row in cohorts(df, member="who", day="day").collect()
    }
    assert found == {(1, 0): (2, 1.0), (1, 1): (1, 0.5), (1, 2): (1, 0.5), (2, 0): (1, 1.0)}


def test_what_is_no_period_is_refused(spark: SparkSession) -> None:
    with pytest.raises(ValueError, match="1 day or more"):
        with_rolling(by_day(spark, {0: 1.0}), day="day", value="value", days=0)
    with pytest.raises(ValueError, match="week, month, quarter or year"):
        cohorts(by_day(spark, {0: 1.0}), member="value", day="day", unit="day")
