"""Days: all of them between two, and what calendars call them."""

from __future__ import annotations

from datetime import date

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from lakehouse.contract.engine import SPARK, runs_on


@runs_on(*SPARK)
def days_between(first: Column, last: Column) -> Column:
    """Give the days from one to another [array], both included; null where one is unknown or they are swapped."""
    return F.when(first <= last, F.sequence(first, last))


@runs_on(*SPARK)
def calendar(df: DataFrame, *, first: Column, last: Column, fiscal_year_starts: int = 1) -> DataFrame:
    """Make a row for each day between the least ``first`` and the greatest ``last`` of a table; none for an empty one.

    Rows: one per day. Columns: ``day``, ``year``, ``quarter``, ``month``, ``day_of_month``, ``month_name``,
    ``iso_year``, ``iso_week``, ``weekday`` (1 is Monday), ``weekday_name``, ``is_weekend`` (Saturday and Sunday) and
    ``fiscal_year``, the year in which it ends. Names are English. Cost: a pass over both columns. Batch only.

    Args:
        df: Where both bounds are computed.
        first: A date of each row.
        last: A date of each row.
        fiscal_year_starts: Month, 1 to 12.

    Raises:
        ValueError: There is no such month.

    Source: ISO 8601 for weeks and the years that they belong to.
    """
    if not 1 <= fiscal_year_starts <= 12:
        raise ValueError(f"fiscal_year_starts is {fiscal_year_starts}; a month is 1 to 12")
    bounds = df.agg(F.min(first).alias("first"), F.max(last).alias("last"))
    days = bounds.select(F.explode(days_between(F.col("first"), F.col("last"))).alias("day"))
    day = F.col("day")
    weekday = F.weekday(day) + 1
    # A year and its week belong together: that of the Thursday of the week.
    iso_year = F.year(F.date_add(day, 4 - weekday))
    return days.select(
        day,
        F.year(day).alias("year"),
        F.quarter(day).alias("quarter"),
        F.month(day).alias("month"),
        F.dayofmonth(day).alias("day_of_month"),
        F.date_format(day, "MMMM").alias("month_name"),
        iso_year.alias("iso_year"),
        F.weekofyear(day).alias("iso_week"),
        weekday.alias("weekday"),
        F.date_format(day, "EEEE").alias("weekday_name"),
        (weekday > 5).alias("is_weekend"),
        F.year(F.add_months(day, (13 - fiscal_year_starts) % 12)).alias("fiscal_year"),
    )


@runs_on(*SPARK)
def with_every_day(df: DataFrame, *, day: str, zero: tuple[str, ...] = (), until: date | None = None) -> DataFrame:
    """Add a row for each day that is missing between the first and the last.

    Rows: one per day and row of it; those of no day are left out. Columns: unchanged; in added rows null, and 0 in
    those of ``zero``. Cost: two passes over ``df``, and a shuffle by day. Batch only.

    Args:
        df: A table with a row per day, or a few.
        day: Column of the day, a date.
        zero: Columns that count: of a day that is missing there was none.
        until: Last day, where it is later than that of the table.
    """
    end = F.col(day) if until is None else F.greatest(F.col(day), F.lit(until))
    bounds = df.agg(F.min(day).alias("first"), F.max(end).alias("last"))
    days = bounds.select(F.explode(days_between(F.col("first"), F.col("last"))).alias(day))
    return days.join(df, day, "left").select(*df.columns).fillna(0, list(zero))
