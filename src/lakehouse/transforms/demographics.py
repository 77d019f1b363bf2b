"""Ages, generations and tenures, and the groups of them that reports use."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from pyspark.sql import Column
from pyspark.sql import functions as F

from lakehouse.contract.engine import SPARK_AND_SAIL, runs_on

AGE_GROUPS = ((18, "under 18"), (25, "18-24"), (35, "25-34"), (45, "35-44"), (55, "45-54"), (65, "55-64"))
GENERATIONS = (
    (1928, "greatest"), (1946, "silent"), (1965, "boomer"), (1981, "gen x"), (1997, "millennial"), (2013, "gen z"),
)  # fmt: skip
"""The first year of birth that no longer belongs to each; Pew Research Center."""
TENURES = ((1, "under 1 year"), (3, "1-2 years"), (6, "3-5 years"), (11, "6-10 years"))


@runs_on(*SPARK_AND_SAIL)
def age_at(born_on: Column, instant: datetime | Column) -> Column:
    """Give the completed years [int] from a date to an instant; null when unknown or later."""
    at = instant if isinstance(instant, Column) else F.lit(instant.date())
    years = F.floor(F.months_between(at, born_on) / 12).cast("int")
    return F.when(years >= 0, years)


@runs_on(*SPARK_AND_SAIL)
def age_group(age: Column) -> Column:
    """Give the group of an age in years: ``under 18``, ``18-24`` … ``65 and over``; null when unknown."""
    return _group(age, AGE_GROUPS, "65 and over")


@runs_on(*SPARK_AND_SAIL)
def generation(born_on: Column) -> Column:
    """Give the generation of a date of birth: ``silent``, ``boomer``, ``gen x`` … ``gen alpha``; null when unknown.

    Source: Pew Research Center, "Defining generations"; there is no end of ``gen alpha`` yet.
    """
    return _group(F.year(born_on), GENERATIONS, "gen alpha")


@runs_on(*SPARK_AND_SAIL)
def tenure(since: Column, instant: datetime | Column) -> Column:
    """Give how long someone has been there: ``under 1 year``, ``1-2 years`` … ``over 10 years``; null when unknown."""
    return _group(age_at(since.cast("date"), instant), TENURES, "over 10 years")


def _group(number: Column, groups: Sequence[tuple[int, str]], last: str) -> Column:
    found = F.when(number.isNull(), F.lit(None).cast("string"))
    for below, name in groups:
        found = found.when(number < below, name)
    return found.otherwise(last)
