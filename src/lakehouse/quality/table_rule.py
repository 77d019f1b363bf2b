"""Rules on a table as a whole: key-only passes beside the write, never a window over whole rows."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from pyspark.sql import Column, DataFrame

from lakehouse.quality.rule import Rule

if TYPE_CHECKING:
    from lakehouse.quality.rule_set import BoundRule
    from lakehouse.quality.table_score import TableScore


def _no_tables(name: str) -> DataFrame:
    raise LookupError(f"{name} cannot be read here: pass read=… to score")


@dataclass(frozen=True, kw_only=True)
class Facts:
    """What a table rule may know beside the rows: the instant, other tables, and the table's past scores.

    Where a few rows came or went since a score by the same rules: that score (``before``), and rows (``came``) among
    which are all that came. Else both are None. ``unique`` are columns, none of them null, that no two of the ``rows``
    that are judged share, because of how these were made.
    """

    instant: datetime = field(default_factory=lambda: datetime.now(UTC))
    read: Callable[[str], DataFrame] = _no_tables
    past: Sequence[TableScore] = ()
    before: TableScore | None = None
    came: DataFrame | None = None
    unique: tuple[str, ...] = ()
    rows: int = 0


@dataclass(frozen=True, kw_only=True)
class Finding:
    """What a table rule found: failed of assessed, and in words what was expected and found."""

    failed: int
    assessed: int
    detail: str = ""


@dataclass(frozen=True, kw_only=True)
class TableRule(Rule):
    """Base of the rules that take a pass of their own, over their keys alone."""

    def looks_into(self) -> tuple[str, ...]:
        """Name the other tables that it reads: where they are built in the same run, they are built before."""
        return ()

    def measure(self, rows: DataFrame, facts: Facts) -> Finding:
        """Judge the rows of the table."""
        raise NotImplementedError

    def measure_since(self, rows: DataFrame, came: DataFrame) -> Finding | None:  # noqa: ARG002
        """Judge the rows of a table that kept the rule before these came, for less than all of them would take; None
        where that cannot be, or tells not enough."""
        return None


@dataclass(frozen=True, kw_only=True)
class AggregateRule(TableRule):
    """Base of the rules that need only some aggregates: all of a table's are taken in one pass."""

    def aggregates(self, facts: Facts) -> Sequence[Column]:
        """Give the aggregates that are needed."""
        raise NotImplementedError

    def judge(self, values: Sequence[Any], facts: Facts) -> Finding:
        """Judge their values, in the same order."""
        raise NotImplementedError

    def measure(self, rows: DataFrame, facts: Facts) -> Finding:
        """Judge the rows in a pass for this rule alone."""
        return self.judge(tuple(rows.agg(*self.aggregates(facts)).collect()[0]), facts)


def measure_table(rows: DataFrame, rules: Sequence[BoundRule], facts: Facts) -> Mapping[str, Finding]:
    """Judge all table rules: one job for the aggregates of all, and one for each other rule. Gives name → finding."""
    simple = [(one.name, one.rule) for one in rules if isinstance(one.rule, AggregateRule)]
    wanted = [column for _, rule in simple for column in rule.aggregates(facts)]
    values = list(rows.agg(*(c.alias(f"v{at}") for at, c in enumerate(wanted))).collect()[0]) if wanted else []
    found: dict[str, Finding] = {}
    for name, rule in simple:
        count = len(rule.aggregates(facts))
        found[name] = rule.judge(values[:count], facts)
        values = values[count:]
    for one in rules:
        if one.name not in found and isinstance(one.rule, TableRule):
            found[one.name] = _since(one, rows, facts) or one.rule.measure(rows, facts)
    return found


def _since(one: BoundRule, rows: DataFrame, facts: Facts) -> Finding | None:
    if facts.before is None or facts.came is None or not isinstance(one.rule, TableRule):
        return None
    before = next((found for found in facts.before.rules if found.name == one.name), None)
    return one.rule.measure_since(rows, facts.came) if before and not before.failed else None
