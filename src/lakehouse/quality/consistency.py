"""Rules on how the columns of a row fit together."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import reduce
from itertools import pairwise
from operator import and_
from typing import Unpack

from pyspark.sql import Column
from pyspark.sql import functions as F

from lakehouse.contract.engine import SPARK_AND_SAIL
from lakehouse.errors import ContractError
from lakehouse.quality.rule import Common, Dimension, RowRule, Rule, Severity, need_columns, need_sql


@dataclass(frozen=True, init=False)
class Holds(RowRule):
    """A condition over the whole row, in SQL; null where a column that it needs is null: then nothing is judged."""

    condition: str

    dimension = Dimension.CONSISTENCY
    kind = "holds"
    engines = SPARK_AND_SAIL

    def __init__(
        self, name: str, condition: str, *, severity: Severity = Severity.ERROR, weight: float = 1.0, because: str = ""
    ) -> None:
        self._fill(name=name, condition=condition, severity=severity, weight=weight, because=because)
        super().__post_init__()
        need_sql(self, condition)

    def holds(self) -> Column:
        """Give the condition."""
        return F.expr(self.condition)


@dataclass(frozen=True, init=False)
class Ordered(RowRule):
    """No column is less than the one before it: ``Ordered("ordered_at", "shipped_at", "delivered_at")``.

    The columns are of one type. A row is judged where all of them are there.
    """

    columns: tuple[str, ...]

    dimension = Dimension.CONSISTENCY
    kind = "ordered"
    engines = SPARK_AND_SAIL

    def __init__(self, *columns: str, **common: Unpack[Common]) -> None:
        self._fill(columns=columns, **common)
        super().__post_init__()
        need_columns(self, columns, least=2)

    def holds(self) -> Column:
        """Give whether the values do not descend; null where one is null."""
        # Without the condition, a pair that descends would outweigh the null beside it: false and null is false.
        in_order = reduce(and_, [F.col(one) <= F.col(next_) for one, next_ in pairwise(self.columns)])
        return F.when(_all_there(self.columns), in_order)


@dataclass(frozen=True)
class DerivedFrom(Rule):
    """The value is what an expression over the row gives, in SQL: ``DerivedFrom("price * quantity", tolerance=0.005)``.

    Args:
        expression: Where it is null, nothing is judged. What it throws under ANSI, the query throws: divide with
            ``try_divide``.
        tolerance: How far two numbers may lie apart, this distance included; 0 demands equality, of any type.
    """

    expression: str
    tolerance: float = 0.0

    dimension = Dimension.CONSISTENCY
    kind = "derived_from"
    engines = SPARK_AND_SAIL

    def __post_init__(self) -> None:
        super().__post_init__()
        need_sql(self, self.expression)
        _need_tolerance(self, self.tolerance)

    def violated(self, column: Column) -> Column:
        """Give true for a value that is farther from the expression's than the tolerance."""
        return _apart(column, F.expr(self.expression), self.tolerance)

    def assessed(self, column: Column) -> Column:
        """Give true where both the value and the expression's are there."""
        return column.isNotNull() & F.expr(self.expression).isNotNull()


@dataclass(frozen=True, init=False)
class SumOf(Rule):
    """The number is the sum of other columns, all of them there: ``SumOf("net", "tax")``.

    Args:
        columns: What is added.
        tolerance: How far the number may lie from the sum; as it is, half a cent.
    """

    columns: tuple[str, ...]
    tolerance: float

    dimension = Dimension.CONSISTENCY
    kind = "sum_of"

    def __init__(self, *columns: str, tolerance: float = 0.005, **common: Unpack[Common]) -> None:
        self._fill(columns=columns, tolerance=tolerance, **common)
        super().__post_init__()
        need_columns(self, columns)
        _need_tolerance(self, tolerance)

    def violated(self, column: Column) -> Column:
        """Give true for a number that is farther from the sum than the tolerance, or whose sum overflows."""
        total = reduce(F.try_add, [F.col(name) for name in self.columns])
        return self.assessed(column) & F.coalesce(_apart(column, total, self.tolerance), F.lit(True))

    def assessed(self, column: Column) -> Column:
        """Give true where the number and all that is added are there."""
        return column.isNotNull() & _all_there(self.columns)


def _all_there(columns: tuple[str, ...]) -> Column:
    return reduce(and_, [F.col(name).isNotNull() for name in columns])


def _apart(column: Column, expected: Column, tolerance: float) -> Column:
    """Give whether two values differ by more than a tolerance; null where one of them is null."""
    different = column != expected
    if not tolerance:
        return different
    # A difference that overflows is null: they are far apart. One of infinities or NaN is NaN, greater than anything.
    close = F.try_subtract(column, expected).between(-tolerance, tolerance)
    return different & ~F.coalesce(close, F.lit(False))


def _need_tolerance(rule: Rule, tolerance: float) -> None:
    if not 0 <= tolerance < math.inf:
        raise ContractError(f"{rule!r}: a tolerance is a number of at least 0")
