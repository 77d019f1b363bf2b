"""Ages and the groups that reports use."""

from __future__ import annotations

from datetime import datetime

from pyspark.sql import Column
from pyspark.sql import functions as F

AGE_GROUPS = ((18, "under 18"), (25, "18-24"), (35, "25-34"), (45, "35-44"), (55, "45-54"), (65, "55-64"))


def age_at(born_on: Column, instant: datetime) -> Column:
    """Give the completed years [int] from a date of birth to an instant; null when unknown or born later."""
    years = F.floor(F.months_between(F.lit(instant.date()), born_on) / 12).cast("int")
    return F.when(years >= 0, years)


def age_group(age: Column) -> Column:
    """Give the group of an age in years: ``under 18``, ``18-24`` … ``65 and over``; null when unknown."""
    group = F.when(age.isNull(), F.lit(None).cast("string"))
    for below, name in AGE_GROUPS:
        group = group.when(age < below, name)
    return group.otherwise("65 and over")
