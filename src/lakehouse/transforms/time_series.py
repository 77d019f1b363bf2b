"""Values by day: rolling means, growth, the trend without the week, and cohorts. ``calendar`` fills their gaps."""

from __future__ import annotations

from collections.abc import Sequence

from pyspark.sql import Column, DataFrame, Window, WindowSpec
from pyspark.sql import functions as F

from lakehouse.contract.engine import SPARK, runs_on

_SECONDS = 86_400


@runs_on(*SPARK)
def with_rolling(df: DataFrame, *, day: str, value: str, days: int, key: Sequence[str] = ()) -> DataFrame:
    """Add the sum and mean of a day and those before it, by days and not by rows: a gap does not stretch them.

    Rows: unchanged. Columns: those of ``df``, ``rolling_sum`` and ``rolling_mean`` (over the rows that there are).
    Cost: one shuffle by key, all in one task where there is none. Batch only.

    Raises:
        ValueError: It is less than one day.
    """
    if days < 1:
        raise ValueError(f"a rolling window has 1 day or more, not {days}")
    window = _by_day(day, key).rangeBetween(1 - days, 0)
    return df.withColumns({"rolling_sum": F.sum(value).over(window), "rolling_mean": F.avg(value).over(window)})


@runs_on(*SPARK)
def with_growth(df: DataFrame, *, day: str, value: str, days: int = 1, key: Sequence[str] = ()) -> DataFrame:
    """Add ``growth``: by which share a value is more than so many days before, 0.1 for a tenth.

    Rows: unchanged. Columns: those of ``df`` and ``growth``, null where that day is missing or was 0. Cost, errors:
    those of ``with_rolling``. One row per key and day is taken for granted.
    """
    if days < 1:
        raise ValueError(f"growth is over 1 day or more, not {days}")
    before = F.max(value).over(_by_day(day, key).rangeBetween(-days, -days))
    return df.withColumn("growth", F.col(value) / F.nullif(before, F.lit(0)) - 1)


@runs_on(*SPARK)
def with_trend(df: DataFrame, *, day: str, value: str, period: int = 7, key: Sequence[str] = ()) -> DataFrame:
    """Add ``trend``, the centred mean over a period, in which what comes each week is not seen.

    An even period takes half of the days at both ends, as is usual.

    Rows: unchanged. Columns: those of ``df`` and ``trend``, null where days of the period are missing. Cost, errors:
    those of ``with_rolling``.

    Source: classical decomposition, Hyndman and Athanasopoulos, "Forecasting", 3.4.
    """
    if period < 1:
        raise ValueError(f"a period has 1 day or more, not {period}")
    half, window = period // 2, _by_day(day, key)
    inner = window.rangeBetween(-half, half)
    total, count = F.sum(value).over(inner), F.count(value).over(inner)
    if period % 2 == 0:
        ends = F.sum(value).over(window.rangeBetween(-half, -half)) + F.sum(value).over(window.rangeBetween(half, half))
        total = total - ends / 2
    return df.withColumn("trend", F.when(count == 2 * half + 1, total / period))


@runs_on(*SPARK)
def cohorts(df: DataFrame, *, member: str, day: str, unit: str = "month") -> DataFrame:
    """Count who of those that were first seen in a month, or another unit, was seen again so many later.

    Rows: one per cohort and number of units since. Columns: ``cohort`` (its first day), ``periods`` since then,
    ``members`` seen, ``size`` of the cohort, and ``retention``, their share. Cost: two shuffles. Batch only.

    Raises:
        ValueError: The unit is none of week, month, quarter and year.
    """
    months = {"month": 1, "quarter": 3, "year": 12}
    if unit not in (*months, "week"):
        raise ValueError(f"the unit of a cohort is week, month, quarter or year, not {unit!r}")
    seen = df.select(F.col(member).alias("__member"), F.trunc(day, unit).alias("__seen")).distinct()
    first = seen.withColumn("cohort", F.min("__seen").over(Window.partitionBy("__member")))
    since: Column = F.datediff("__seen", "cohort") / 7
    if unit in months:
        since = F.months_between("__seen", "cohort") / months[unit]
    counted = first.groupBy("cohort", since.cast("int").alias("periods")).agg(F.count("*").alias("members"))
    size = F.max(F.when(F.col("periods") == 0, F.col("members"))).over(Window.partitionBy("cohort"))
    return counted.withColumn("size", size).withColumn("retention", F.col("members") / F.col("size"))


def _by_day(day: str, key: Sequence[str]) -> WindowSpec:
    return Window.partitionBy(*key).orderBy(F.datediff(F.col(day), F.lit("1970-01-01").cast("date")))
