"""The rules of a table, bound to its columns, in an order that does not change."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cached_property

from pyspark.sql import Column
from pyspark.sql import functions as F

from lakehouse.contract.schema import Schema
from lakehouse.contract.table import TableSpec, spec_of
from lakehouse.errors import ContractError
from lakehouse.quality.rule import RowRule, Rule

MOST = 63
"""Bits of a signed 64-bit word that a mask can use."""


@dataclass(frozen=True, kw_only=True)
class BoundRule:
    """A rule with its name, and the column that it judges; empty for a rule of the whole row."""

    name: str
    column: str
    rule: Rule

    @property
    def value(self) -> Column:
        """What is judged: the column, or the condition of a row."""
        return self.rule.holds() if isinstance(self.rule, RowRule) else F.col(self.column)

    @property
    def violated(self) -> Column:
        """True where the rule fails; never null."""
        return F.coalesce(self.rule.violated(self.value), F.lit(False))

    @property
    def assessed(self) -> Column:
        """True where the rule has something to judge."""
        return self.rule.assessed(self.value)


@dataclass(frozen=True, kw_only=True)
class RuleSet:
    """All rules of a table. Rule *i* owns bit *i* of ``quality_mask``."""

    table: str
    rules: tuple[BoundRule, ...]

    @cached_property
    def id(self) -> str:
        """Fingerprint of the rules' data: what a mask means depends on it. Empty without rules."""
        text = "\n".join(f"{bound.name} {bound.column} {bound.rule!r}" for bound in self.rules)
        return hashlib.sha256(text.encode()).hexdigest()[:12] if self.rules else ""

    @property
    def total_weight(self) -> float:
        """Sum of all weights."""
        return sum(bound.rule.weight for bound in self.rules)


def rule_set(table: type[Schema] | TableSpec) -> RuleSet:
    """Collect the rules of a contract: those on columns in their order, then those of the row.

    Raises:
        ContractError: Two rules have one name, or there are more than 63.
    """
    spec = table if isinstance(table, TableSpec) else spec_of(table)
    bound = [
        BoundRule(name=mark.name or _default_name(path, mark.kind), column=path, rule=mark)
        for top in spec.columns
        if not top.generated
        for path, column in top.walk()
        for mark in column.marks
        if isinstance(mark, Rule)
    ]
    for rule in spec.rules:
        if not isinstance(rule, RowRule):
            raise ContractError(
                f"{spec.name}: rules=({rule!r},) takes rules of a row such as Holds(…); others are marks on a column"
            )
        bound.append(BoundRule(name=rule.name or rule.kind, column="", rule=rule))
    names = [one.name for one in bound]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ContractError(f"{spec.name}: several rules are called {', '.join(twice)}; give them a name=…")
    if len(bound) > MOST:
        raise ContractError(f"{spec.name} has {len(bound)} rules, at most {MOST} fit into its mask")
    return RuleSet(table=spec.name, rules=tuple(bound))


def _default_name(path: str, kind: str) -> str:
    """Give ``age_between``; and ``email_syntax``, not ``email_email_syntax``."""
    column = path.replace(".", "_")
    return kind if kind.startswith(f"{column}_") else f"{column}_{kind}"
