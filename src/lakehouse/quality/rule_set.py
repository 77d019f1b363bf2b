"""The rules of a table, bound to its columns, in an order that does not change."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from lakehouse.contract.schema import Schema
from lakehouse.contract.table import TableSpec, spec_of
from lakehouse.contract.tombstones import is_tombstone
from lakehouse.errors import ContractError
from lakehouse.quality.completeness import NotNull
from lakehouse.quality.gate import Gate
from lakehouse.quality.rule import RowRule, Rule
from lakehouse.quality.table_rule import TableRule

_ALWAYS = "Column<'true'>"


@dataclass(frozen=True, kw_only=True)
class BoundRule:
    """A rule with its name, and the column that it judges; empty for a rule of the whole row or table."""

    name: str
    column: str
    rule: Rule

    @property
    def value(self) -> Column:
        """What is judged; a rule of the row does not look at it."""
        return F.col(self.column or "*")


@dataclass(frozen=True, kw_only=True)
class RuleSet:
    """All rules of a table. Row rule *i* owns bit *i* of the mask; table rules are measured beside it.

    ``exempt`` is SQL over a row that is not judged, because it is no row of the table but the mark of a delete.
    """

    table: str
    rules: tuple[BoundRule, ...]
    table_rules: tuple[BoundRule, ...] = ()
    gate: Gate = field(default_factory=Gate)
    exempt: str = ""

    @cached_property
    def id(self) -> str:
        """Fingerprint of the rules' data: what a mask means depends on it. Empty without rules.

        The gate is not in it: what is demanded of a score does not change the score.
        """
        text = "\n".join(f"{one.name} {one.column} {one.rule!r}" for one in (*self.rules, *self.table_rules))
        text += f"\nnot where {self.exempt}" if self.exempt and text else ""
        return hashlib.sha256(text.encode()).hexdigest()[:12] if text else ""

    @cached_property
    def violated(self) -> tuple[Column, ...]:
        """For each row rule, true where it fails; false or null where it does not."""
        return tuple(self._judged(one.rule.violated(one.value)) for one in self.rules)

    @property
    def is_judged(self) -> Column:
        """True for each row that is judged; null for others."""
        return self._judged(F.lit(True))

    def judged_rows(self, rows: DataFrame) -> DataFrame:
        """Leave out the rows that are not judged."""
        return rows.where(~is_tombstone(self.exempt)) if self.exempt else rows

    @cached_property
    def assessments(self) -> tuple[dict[str, Column], tuple[tuple[str, str], ...]]:
        """What has to be counted for the denominators, by name; and for each row rule its count and what is off it.

        Rules that judge the same rows share a count, by the text of the condition. ``rows`` is the count of all, and
        the rows that have a value are all less those that fail ``NotNull``, which are counted anyway.
        """
        conditions: dict[str, Column] = {}
        found: list[tuple[str, str]] = []
        known = {_ALWAYS: ("rows", "")}
        for bit, one in enumerate(self.rules):
            if type(one.rule) is NotNull:
                known[str(one.value.isNotNull())] = ("rows", f"failed_{bit}")
        for one in self.rules:
            condition = one.rule.assessed(one.value)
            text = str(condition)
            if text not in known:
                known[text] = (f"assessed_{len(conditions)}", "")
                conditions[known[text][0]] = self._judged(condition)
            found.append(known[text])
        return conditions, tuple(found)

    @property
    def total_weight(self) -> float:
        """Sum of the weights of all row rules."""
        return sum(bound.rule.weight for bound in self.rules)

    def _judged(self, condition: Column) -> Column:
        return F.when(~is_tombstone(self.exempt), condition) if self.exempt else condition

    def __bool__(self) -> bool:
        """Whether there is anything to judge."""
        return bool(self.rules or self.table_rules)


def rule_set(table: type[Schema] | TableSpec, *, more: Iterable[tuple[str, Rule]] = ()) -> RuleSet:
    """Collect the rules of a contract: those on columns in their order, then those of the row, then those of the table.

    Args:
        more: Rules from elsewhere, such as a file: column (empty for a rule of the row or table) and rule.

    Raises:
        ContractError: Two rules have one name, a rule stands where it cannot, or there are two gates.
    """
    spec = table if isinstance(table, TableSpec) else spec_of(table)
    found = [*_on_columns(spec), *(("", one) for one in spec.rules if not isinstance(one, Gate)), *more]
    bound = [_bind(spec, column, rule) for column, rule in found]
    names = [one.name for one in bound]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ContractError(f"{spec.name}: several rules are called {', '.join(twice)}; give them a name=…")
    gates = [one for one in spec.rules if isinstance(one, Gate)]
    if len(gates) > 1:
        raise ContractError(f"{spec.name}: rules=(…) holds {len(gates)} gates; keep one")
    gate = gates[0] if gates else Gate()
    gate.check(table=spec.name, rules=names, columns=[column.name for column in spec.columns])
    return RuleSet(
        table=spec.name,
        rules=tuple(one for one in bound if not isinstance(one.rule, TableRule)),
        table_rules=tuple(one for one in bound if isinstance(one.rule, TableRule)),
        gate=gate,
        exempt=spec.deleted_by,
    )


def _on_columns(spec: TableSpec) -> Iterator[tuple[str, Rule]]:
    for top in spec.columns:
        if not top.generated:
            for path, column in top.walk():
                yield from ((path, mark) for mark in column.marks if isinstance(mark, Rule))


def _bind(spec: TableSpec, column: str, rule: object) -> BoundRule:
    if not isinstance(rule, Rule):
        raise ContractError(f"{spec.name}: rules=({rule!r},) is no rule")
    whole = isinstance(rule, RowRule | TableRule)
    if whole and column:
        raise ContractError(f"{spec.name}.{column}: {rule!r} judges more than a column; put it into rules=(…)")
    if not whole and not column:
        raise ContractError(
            f"{spec.name}: rules=({rule!r},) takes rules of the row or table; this is a mark on a column"
        )
    return BoundRule(name=rule.name or _default_name(column, rule), column=column, rule=rule)


def _default_name(path: str, rule: Rule) -> str:
    """Give ``age_between``; and ``email_syntax``, not ``email_email_syntax``."""
    column = path.replace(".", "_") or "_".join(getattr(rule, "columns", ()))
    return rule.kind if not column or rule.kind.startswith(f"{column}_") else f"{column}_{rule.kind}"
