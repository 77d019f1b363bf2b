"""Rules on what has to be there."""

from __future__ import annotations

from dataclasses import dataclass

from pyspark.sql import Column

from lakehouse.quality.rule import Dimension, Rule


@dataclass(frozen=True, kw_only=True)
class NotNull(Rule):
    """The value is there."""

    dimension = Dimension.COMPLETENESS
    kind = "not_null"

    def violated(self, column: Column) -> Column:
        """Give true for null."""
        return column.isNull()

    def assessed(self, column: Column) -> Column:
        """Give true: every row can be judged."""
        return column.isNull() | True


@dataclass(frozen=True, kw_only=True)
class NotBlank(NotNull):
    """The text is there and is more than white space."""

    kind = "not_blank"

    def violated(self, column: Column) -> Column:
        """Give true for null and for text of white space alone."""
        return column.isNull() | ~column.rlike(r"\S")
