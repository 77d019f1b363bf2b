"""Rules on what has to be there."""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce
from operator import and_
from typing import Unpack

from pyspark.sql import Column
from pyspark.sql import functions as F

from lakehouse.contract.engine import SPARK_AND_SAIL
from lakehouse.quality.rule import Common, Dimension, RowRule, Rule, need_columns, need_sql


@dataclass(frozen=True, kw_only=True)
class NotNull(Rule):
    """The value is there."""

    dimension = Dimension.COMPLETENESS
    kind = "not_null"
    engines = SPARK_AND_SAIL

    def violated(self, column: Column) -> Column:
        """Give true for null."""
        return column.isNull()

    def assessed(self, column: Column) -> Column:  # noqa: ARG002
        """Give true: every row can be judged."""
        return F.lit(True)


@dataclass(frozen=True, kw_only=True)
class NotBlank(NotNull):
    """The text is there and is more than white space."""

    kind = "not_blank"
    engines = SPARK_AND_SAIL

    def violated(self, column: Column) -> Column:
        """Give true for null and for text of white space alone."""
        return column.isNull() | ~column.rlike(r"\S")


@dataclass(frozen=True, kw_only=True)
class NotEmpty(NotNull):
    """The array or map is there and has an element."""

    kind = "not_empty"
    engines = SPARK_AND_SAIL

    def violated(self, column: Column) -> Column:
        """Give true for null and for an array or map without elements."""
        return column.isNull() | (F.size(column) == 0)


@dataclass(frozen=True)
class RequiredIf(Rule):
    """The value is there where a condition over the row holds, in SQL: ``RequiredIf("status = 'shipped'")``."""

    condition: str

    dimension = Dimension.COMPLETENESS
    kind = "required_if"
    engines = SPARK_AND_SAIL

    def __post_init__(self) -> None:
        super().__post_init__()
        need_sql(self, self.condition)

    def violated(self, column: Column) -> Column:
        """Give true for null where the condition holds."""
        return self.assessed(column) & column.isNull()

    def assessed(self, column: Column) -> Column:  # noqa: ARG002
        """Give true where the condition holds; where it is null, nothing is required."""
        return F.coalesce(F.expr(self.condition), F.lit(False))


@dataclass(frozen=True, init=False)
class Complete(RowRule):
    """All of these columns are there: a rule of the row, so that its score is the share of complete rows."""

    columns: tuple[str, ...]

    dimension = Dimension.COMPLETENESS
    kind = "complete"
    engines = SPARK_AND_SAIL

    def __init__(self, *columns: str, **common: Unpack[Common]) -> None:
        self._fill(columns=columns, **common)
        super().__post_init__()
        need_columns(self, columns)

    def holds(self) -> Column:
        """Give whether no column is null; every row is judged."""
        return reduce(and_, [F.col(name).isNotNull() for name in self.columns])
