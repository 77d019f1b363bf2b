"""Rules on what a value may be: its pattern, its range, its choices. Null passes: it is not judged."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Unpack

from pyspark.sql import Column
from pyspark.sql import functions as F

from lakehouse.contract.engine import SPARK_AND_SAIL
from lakehouse.errors import ContractError
from lakehouse.quality.rule import Col, Common, Dimension, Rule
from lakehouse.transforms.functions import try_cast

Limit = int | float | Decimal | date | datetime | Col


@dataclass(frozen=True)
class Matches(Rule):
    r"""The whole text matches a regular expression (Java's); it is anchored by the library with ``\A`` and ``\z``.

    Repeat a character or a class, not a group: Java takes stack for each ``(…)*``, and a long text can end the JVM.
    """

    pattern: str

    dimension = Dimension.VALIDITY
    kind = "matches"
    engines = SPARK_AND_SAIL

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.pattern.startswith("^") or re.search(r"(?<!\\)\$$", self.pattern):
            raise ContractError(
                f"Matches({self.pattern!r}): leave out ^ and $, the whole text is matched; $ lets a newline by"
            )
        try:
            # Python knows no classes such as \p{L}; all else that people write is the same in Java.
            re.compile(re.sub(r"\\[pP]\{\w+\}", r"\\w", self.pattern))
        except re.error as error:
            raise ContractError(f"Matches({self.pattern!r}) is no regular expression: {error}") from error

    def violated(self, column: Column) -> Column:
        """Give true for text that does not match as a whole."""
        return ~column.rlike(rf"\A(?:{self.pattern})\z")


@dataclass(frozen=True)
class Length(Rule):
    """The text has so many characters, both limits included. A character is a code point, not a byte."""

    low: int
    high: int

    dimension = Dimension.VALIDITY
    kind = "length"
    engines = SPARK_AND_SAIL

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 0 <= self.low <= self.high:
            raise ContractError(f"Length({self.low!r}, {self.high!r}): from 0 on, and the lower limit comes first")

    def violated(self, column: Column) -> Column:
        """Give true for text that is shorter or longer."""
        return ~F.char_length(column).between(self.low, self.high)


@dataclass(frozen=True)
class Between(Rule):
    """The value lies between two limits, both included: numbers, dates or instants.

    NaN and the infinities lie in no range of numbers; an infinite literal as a limit leaves that side open. Text is
    read as what the limits are, and violates the rule where it cannot be.

    Args:
        low: A literal, or ``Col("other")`` for a column of the same type; where that is null, nothing is judged.
        high: The same.
    """

    low: Limit
    high: Limit

    dimension = Dimension.VALIDITY
    kind = "between"
    engines = SPARK_AND_SAIL

    def __post_init__(self) -> None:
        super().__post_init__()
        shown = f"Between({self.low!r}, {self.high!r})"
        for limit in (self.low, self.high):
            a_limit = isinstance(limit, int | float | Decimal | date | Col) and not isinstance(limit, bool)
            if not a_limit or (isinstance(limit, float | Decimal) and math.isnan(limit)):
                raise ContractError(f"{shown}: a limit is a number, a date, an instant or Col('other_column')")
        if isinstance(self.low, Col) or isinstance(self.high, Col):
            return
        try:
            wrong = self.low > self.high  # type: ignore[operator]
        except TypeError as error:
            raise ContractError(f"{shown}: limits of two types do not compare: {error}") from error
        if wrong:
            raise ContractError(f"{shown}: the lower limit comes first")

    def violated(self, column: Column) -> Column:
        """Give true for a value below or above."""
        low, high = (limit.column if isinstance(limit, Col) else F.lit(limit) for limit in (self.low, self.high))
        if not self._columns:
            return _not(column, _type_of(self.low), lambda value: (value >= low) & (value <= high))
        # Only a literal limit is known to be finite: a column may hold NaN, which NaN itself does not exceed.
        text = F.when(F.typeof(column).isin("double", "float"), column.cast("string"))
        endless = F.coalesce(text.isin("NaN", "Infinity", "-Infinity"), F.lit(False))
        return self.assessed(column) & ((column < low) | (column > high) | endless)

    def assessed(self, column: Column) -> Column:
        """Give true where the value and its limits are there."""
        there = column.isNotNull()
        for limit in self._columns:
            there = there & limit.column.isNotNull()
        return there

    @property
    def _columns(self) -> list[Col]:
        return [limit for limit in (self.low, self.high) if isinstance(limit, Col)]


@dataclass(frozen=True, kw_only=True)
class Finite(Rule):
    """The number is neither NaN nor infinite."""

    dimension = Dimension.VALIDITY
    kind = "finite"

    def violated(self, column: Column) -> Column:
        """Give true for NaN, for the infinities, and for text that is no number."""
        # NaN is greater than anything in Spark, infinity included.
        finite = F.abs(try_cast(column, "double")) < F.lit(math.inf)
        return column.isNotNull() & ~F.coalesce(finite, F.lit(False))


@dataclass(frozen=True, init=False)
class OneOf(Rule):
    """The value is one of some literals, all of one kind: ``OneOf("female", "male")``. None of them is a column."""

    values: tuple[str | int | float | bool, ...]

    dimension = Dimension.VALIDITY
    kind = "one_of"
    engines = SPARK_AND_SAIL

    def __init__(self, *values: str | int | float | bool, **common: Unpack[Common]) -> None:
        self._fill(values=values, **common)
        super().__post_init__()
        if not values:
            raise ContractError("OneOf() needs at least one value")
        kinds = {type(value) for value in values}
        if not any(kinds <= kind for kind in ({str}, {bool}, {int, float})):
            raise ContractError(f"{self!r}: values are all text, all numbers or all booleans")

    def violated(self, column: Column) -> Column:
        """Give true for any other value."""
        if isinstance(self.values[0], str):
            return ~column.cast("string").isin(*self.values)
        return _not(column, _type_of(self.values[0]), lambda value: value.isin(*self.values))


# What text can be cast to. Arrays, maps, structs and intervals are not among it.
_ATOM = re.compile(
    r"(boolean|tinyint|byte|smallint|short|int|integer|bigint|long|float|real|double|date|timestamp|timestamp_ltz"
    r"|timestamp_ntz|string|binary)|(decimal|dec|numeric)(?:\s*\(\s*(\d{1,2})\s*(?:,\s*(\d{1,2})\s*)?\))?"
)


@dataclass(frozen=True)
class CastableTo(Rule):
    """The text can be cast to a type of Spark SQL: ``CastableTo("date")``, ``CastableTo("decimal(12,2)")``.

    Spark's cast is generous: spaces around are passed over, ``2026`` is a date, and decimals are rounded.
    """

    type: str

    dimension = Dimension.VALIDITY
    kind = "castable_to"

    def __post_init__(self) -> None:
        super().__post_init__()
        known = _ATOM.fullmatch(self.type.strip().lower())
        precision, scale = (int(digits or 0) for digits in known.group(3, 4)) if known else (0, 0)
        if not known or (known[3] and not 0 < precision <= 38) or (known[4] and scale > precision):
            raise ContractError(f"CastableTo({self.type!r}): text is cast to types such as int, decimal(12,2) or date")

    def violated(self, column: Column) -> Column:
        """Give true for a value that the cast cannot read."""
        return column.isNotNull() & try_cast(column, self.type.strip()).isNull()


def _type_of(literal: object) -> str:
    """Give the type as which text is compared with a literal."""
    if isinstance(literal, datetime):
        return "timestamp"
    return "date" if isinstance(literal, date) else "boolean" if isinstance(literal, bool) else "double"


def _not(column: Column, type_: str, right: Callable[[Column], Column]) -> Column:
    """Give true for a value that is not right.

    A comparison would cast text by itself, and throw at what cannot be cast. The type of a column is known only to the
    optimiser: it takes one of the two branches away.
    """
    read = column.isNotNull() & ~F.coalesce(right(try_cast(column, type_)), F.lit(False))
    return F.when(F.typeof(column).startswith("string"), read).otherwise(~right(column))
