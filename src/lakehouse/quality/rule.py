"""What a rule is: frozen data that says when a value is wrong; the Column is built when it is needed."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar, TypedDict

from pyspark.sql import Column
from pyspark.sql import functions as F

from lakehouse.contract.engine import SPARK, Engine
from lakehouse.errors import ContractError


class Dimension(StrEnum):
    """What a rule is about: the dimensions of data quality."""

    COMPLETENESS = "completeness"
    VALIDITY = "validity"
    CONSISTENCY = "consistency"
    UNIQUENESS = "uniqueness"
    TIMELINESS = "timeliness"
    ACCURACY = "accuracy"
    VOLUME = "volume"
    SCHEMA = "schema"


class Severity(StrEnum):
    """Whether a row that fails is bad, or only worth knowing of."""

    ERROR = "error"
    WARN = "warn"


@dataclass(frozen=True)
class Col:
    """A column as an argument of a rule: ``Between(0, Col("limit"))``. What is not a ``Col`` is a literal."""

    name: str

    def __post_init__(self) -> None:
        if not self.name.strip():
            raise ContractError("Col('') needs the name of a column")

    @property
    def column(self) -> Column:
        """The column, to calculate with."""
        return F.col(self.name)


class Common(TypedDict, total=False):
    """The arguments of every rule, for constructors that take any number of others by position."""

    name: str | None
    severity: Severity
    weight: float
    because: str


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
    engines: ClassVar[tuple[Engine, ...]] = SPARK
    """Where it was tried with equal rows; not inherited: a rule of your own runs on Sail when it says so itself."""

    name: str | None = None
    severity: Severity = Severity.ERROR
    weight: float = 1.0
    because: str = ""

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        if "engines" not in vars(cls):
            cls.engines = SPARK

    def __post_init__(self) -> None:
        if not 0 < self.weight < math.inf:
            raise ContractError(f"{self!r}: a weight is a number greater than 0; leave the rule out to ignore it")

    def violated(self, column: Column) -> Column:
        """Give true for a wrong value; null or false for one that is right or not there."""
        raise NotImplementedError

    def assessed(self, column: Column) -> Column:
        """Give true where the rule has something to judge: of a missing value only completeness has."""
        return column.isNotNull()

    def _fill(self, **fields: object) -> None:
        """Set the fields of a frozen rule whose constructor takes its own arguments by position."""
        for name, value in fields.items():
            if name not in self.__dataclass_fields__:
                raise TypeError(f"{type(self).__name__} has no argument {name!r}")
            object.__setattr__(self, name, value)


@dataclass(frozen=True, kw_only=True)
class RowRule(Rule):
    """Base of the rules over a whole row. They say what ``holds``; there is no column to hand in."""

    def holds(self) -> Column:
        """Give true for a row that is right, false for one that is wrong, null where there is nothing to judge."""
        raise NotImplementedError

    def violated(self, column: Column | None = None) -> Column:  # noqa: ARG002
        """Give true for a row that is wrong; ``column`` is not used."""
        return ~self.holds()

    def assessed(self, column: Column | None = None) -> Column:  # noqa: ARG002
        """Give true for a row that can be judged; ``column`` is not used."""
        return self.holds().isNotNull()


def need_columns(rule: Rule, columns: tuple[str, ...], *, least: int = 1) -> None:
    """Demand that a rule has enough columns, each of them once.

    Raises:
        ContractError: There are fewer than ``least``, one has no name, or one is there twice.
    """
    if len(columns) < least or not all(isinstance(name, str) and name.strip() for name in columns):
        raise ContractError(f"{rule!r} needs the names of at least {least} column{'s' if least > 1 else ''}")
    if len(set(columns)) < len(columns):
        raise ContractError(f"{rule!r} names a column twice")


def need_sql(rule: Rule, text: str) -> None:
    """Demand that a rule has a condition or an expression.

    Raises:
        ContractError: It is empty. Whether it is good SQL is known when there are rows.
    """
    if not text.strip():
        raise ContractError(f"{rule!r} needs an expression in SQL")
