"""Rules as frozen data. A rule says when a value is wrong; the Column is built when it is needed."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import ClassVar

from pyspark.sql import Column
from pyspark.sql import functions as F

from lakehouse.errors import ContractError


class Dimension(StrEnum):
    """What a rule is about: the dimensions of data quality that a row can be judged by."""

    COMPLETENESS = "completeness"
    VALIDITY = "validity"
    CONSISTENCY = "consistency"


class Severity(StrEnum):
    """Whether a row that fails is bad, or only worth knowing of."""

    ERROR = "error"
    WARN = "warn"


@dataclass(frozen=True, kw_only=True)
class Rule:
    """Base of all rules.

    Args:
        name: How reports call it; not given: the column and the kind, such as ``email_email_syntax``.
        severity: A row that fails an ``error`` counts as failed.
        weight: What it counts in scores, relative to the others.
        because: Why the rule exists, for the reader of a report.
    """

    dimension: ClassVar[Dimension]
    kind: ClassVar[str]

    name: str | None = None
    severity: Severity = Severity.ERROR
    weight: float = 1.0
    because: str = ""

    def __post_init__(self) -> None:
        if self.weight <= 0:
            raise ContractError(f"{self!r}: a weight is greater than 0; leave the rule out to ignore it")

    def violated(self, column: Column) -> Column:
        """Give true for a wrong value; null or false for one that is right or not there."""
        raise NotImplementedError

    def assessed(self, column: Column) -> Column:
        """Give true where the rule has something to judge: of a missing value only completeness has."""
        return column.isNotNull()


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


# What people write as an address: a dot-atom, @, and a domain with at least one dot. Deliverability is not judged.
_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_EMAIL = rf"{_ATOM}(?:\.{_ATOM})*@(?:{_LABEL}\.)+[A-Za-z]{{2,63}}"


@dataclass(frozen=True, kw_only=True)
class EmailSyntax(Rule):
    """The text has the syntax of an e-mail address in ASCII. Whether it exists is another question."""

    dimension = Dimension.VALIDITY
    kind = "email_syntax"

    def violated(self, column: Column) -> Column:
        """Give true for text that is no address."""
        return ~column.rlike(rf"\A{_EMAIL}\z")


@dataclass(frozen=True, kw_only=True)
class Uuid(Rule):
    """The text is a UUID in its usual form, of any version."""

    dimension = Dimension.VALIDITY
    kind = "uuid"

    def violated(self, column: Column) -> Column:
        """Give true for text that is no UUID."""
        return ~column.rlike(r"\A[0-9A-Fa-f]{8}-(?:[0-9A-Fa-f]{4}-){3}[0-9A-Fa-f]{12}\z")


Limit = int | float | date | datetime


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
        _set(self, values=values, name=name, severity=severity, weight=weight, because=because)
        super().__post_init__()
        if not values:
            raise ContractError("OneOf() needs at least one value")

    def violated(self, column: Column) -> Column:
        """Give true for any other value."""
        return ~column.isin(*self.values)


@dataclass(frozen=True, init=False)
class Holds(Rule):
    """A condition over the whole row, in SQL; null where a column that it needs is null: then nothing is judged."""

    condition: str

    dimension = Dimension.CONSISTENCY
    kind = "holds"

    def __init__(
        self, name: str, condition: str, *, severity: Severity = Severity.ERROR, weight: float = 1.0, because: str = ""
    ) -> None:
        _set(self, name=name, condition=condition, severity=severity, weight=weight, because=because)
        super().__post_init__()

    def violated(self, column: Column) -> Column:
        """Give true where the condition is false; ``column`` is the condition."""
        return ~column


def _set(rule: Rule, **fields: object) -> None:
    """Fill a frozen rule whose constructor takes its own arguments by position."""
    for name, value in fields.items():
        object.__setattr__(rule, name, value)
