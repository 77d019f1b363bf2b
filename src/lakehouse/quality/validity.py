"""Rules on what a value may be: its pattern, its range, its choices. Null passes: it is not judged."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime

from pyspark.sql import Column
from pyspark.sql import functions as F

from lakehouse.errors import ContractError
from lakehouse.quality.rule import Dimension, Rule, Severity

Limit = int | float | date | datetime


@dataclass(frozen=True)
class Matches(Rule):
    r"""The whole text matches a regular expression (Java's); it is anchored by the library with ``\A`` and ``\z``."""

    pattern: str

    dimension = Dimension.VALIDITY
    kind = "matches"

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.pattern.startswith("^") or re.search(r"(?<!\\)\$$", self.pattern):
            raise ContractError(
                f"Matches({self.pattern!r}): leave out ^ and $, the whole text is matched; $ lets a newline by"
            )
        try:
            re.compile(self.pattern)
        except re.error as error:
            raise ContractError(f"Matches({self.pattern!r}) is no regular expression: {error}") from error

    def violated(self, column: Column) -> Column:
        """Give true for text that does not match as a whole."""
        return ~column.rlike(rf"\A(?:{self.pattern})\z")


@dataclass(frozen=True)
class Between(Rule):
    """The value lies between two literals, both included: numbers, dates or instants."""

    low: Limit
    high: Limit

    dimension = Dimension.VALIDITY
    kind = "between"

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.low > self.high:  # type: ignore[operator]
            raise ContractError(f"Between({self.low!r}, {self.high!r}): the lower limit comes first")

    def violated(self, column: Column) -> Column:
        """Give true for a value below or above."""
        return (column < F.lit(self.low)) | (column > F.lit(self.high))


@dataclass(frozen=True, init=False)
class OneOf(Rule):
    """The value is one of some literals: ``OneOf("female", "male")``."""

    values: tuple[str | int | float | bool, ...]

    dimension = Dimension.VALIDITY
    kind = "one_of"

    def __init__(
        self,
        *values: str | int | float | bool,
        name: str | None = None,
        severity: Severity = Severity.ERROR,
        weight: float = 1.0,
        because: str = "",
    ) -> None:
        self._fill(values=values, name=name, severity=severity, weight=weight, because=because)
        super().__post_init__()
        if not values:
            raise ContractError("OneOf() needs at least one value")

    def violated(self, column: Column) -> Column:
        """Give true for any other value."""
        return ~column.isin(*self.values)
