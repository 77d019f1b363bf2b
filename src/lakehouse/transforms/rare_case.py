"""Expressions that few rows need, kept out of what is compiled for all."""

from __future__ import annotations

from pyspark.sql import Column
from pyspark.sql import functions as F


def in_rare_case(condition: Column, then: Column) -> Column:
    """Give ``then`` where a condition holds, null elsewhere; rows that it does not hold for do not pay for ``then``.

    Spark compiles all expressions of a pass into one method. A large one that is for bad rows alone slows down the good
    ones, since Java optimizes large methods less, or not at all. A function over an array is interpreted instead: slow
    for a row that needs it, nothing for the others. Cost: worth it for less than one row in ten.
    """
    return F.when(condition, F.get(F.transform(F.array(F.lit(0)), lambda _: then), F.lit(0)))
