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


def let_column(name: str, value: Column, body: str) -> Column:
    """Give a column of a body in SQL in which a column has a name."""
    return F.call_function("aggregate", F.expr(_NOTHING), value, F.expr(_AS_IT_IS), F.expr(f"{name} -> {body}"))
