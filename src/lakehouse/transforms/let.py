"""A name for a value inside an expression of SQL, so that it is computed once however often it is used.

Spark computes a common part once by itself, but in projections alone, not in the filters that are pushed below them:
there an expression that uses another one twice, four levels deep, becomes sixteen. Text, and not columns, for Spark
reads a thousand functions in a few milliseconds, while each call from Python to the JVM takes a part of one.
"""

from __future__ import annotations

from pyspark.sql import Column
from pyspark.sql import functions as F

_NOTHING = "cast(array() as array<int>)"
_AS_IT_IS = "(start, none) -> start"


def let(name: str, value: str, body: str) -> str:
    """Give SQL of a body in which a value has a name.

    Cost: some 50 ns per row. What is inside is interpreted, so the operator leaves whole-stage code generation: worth
    it where the generated methods would be too large for the JVM to compile.
    """
    # The fold of nothing: where it starts goes to its end as it is.
    return f"aggregate({_NOTHING}, {value}, {_AS_IT_IS}, {name} -> {body})"


def choose(where: str, this: str, other: str) -> str:
    """Give SQL of ``this`` where a condition holds, else of ``other``; ``this`` must not be null there.

    No if: Spark compares both sides of one when it plans, which takes long where a side has many names inside.
    """
    return f"coalesce(case when {where} then {this} end, {other})"


def let_column(name: str, value: Column, body: str, *, where: Column) -> Column:
    """Give a column of a body in SQL in which a column has a name; null where a condition does not hold."""
    # The fold of null is null: the body stands in no branch, which Spark would compare with the others.
    nothing = F.when(where, F.expr(_NOTHING))
    return F.call_function("aggregate", nothing, value, F.expr(_AS_IT_IS), F.expr(f"{name} -> {body}"))
