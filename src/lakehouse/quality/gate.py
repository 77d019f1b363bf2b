"""Whether rows are good enough to be published, and what becomes of those that are not."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from lakehouse.errors import ContractError
from lakehouse.quality.table_score import RuleScore, TableScore

_SHOWN = 5


class Policy(StrEnum):
    """What becomes of a row that fails a rule of severity ``error``."""

    KEEP = "keep"
    """It is published, with its mask."""
    DROP = "drop"
    """It is not written; the score and the ledger count it."""
    QUARANTINE = "quarantine"
    """It goes to the table's quarantine, whole, with the reasons, and can be released from there."""
    FAIL = "fail"
    """Nothing is published while there is one."""


@dataclass(frozen=True, kw_only=True)
class Gate:
    """What a publish demands; scores are from 0 to 1. It stands in a contract: ``rules=(…, Gate(weakest=0.5))``.

    Every demand is on all rows that the build gave, whatever the policy then does with the bad ones.

    Args:
        minimum: Least score of the table. Not given: that of the configuration, which also has the last word by table.
        weakest: Least score of any error rule, so that a good average cannot hide it.
        rules: Least score by the name of a rule.
        dimensions: Least score by dimension.
        segments: Least score, by column, of the rows with each value of that column.
        policy: What becomes of a row that fails an error rule.
    """

    minimum: float | None = None
    weakest: float | None = None
    rules: Mapping[str, float] = field(default_factory=dict)
    dimensions: Mapping[str, float] = field(default_factory=dict)
    segments: Mapping[str, float] = field(default_factory=dict)
    policy: Policy = Policy.KEEP

    def __post_init__(self) -> None:
        every = [self.minimum, self.weakest, *self.rules.values(), *self.dimensions.values(), *self.segments.values()]
        for one in every:
            if one is not None and not 0 <= one <= 1:
                raise ContractError(f"{self!r}: {one} is no score; scores are from 0 to 1")
        if self.segments and self.policy is Policy.DROP:
            raise ContractError(f"{self!r}: rows that are dropped cannot be scored by segment; set them aside instead")

    def check(self, *, table: str, rules: Iterable[str], columns: Iterable[str]) -> None:
        """Make sure that what it names is there.

        Raises:
            ContractError: A rule or column that it names is not there; the nearest name is suggested.
        """
        for kind, named, known in (("rule", self.rules, list(rules)), ("column", self.segments, list(columns))):
            for name in named:
                if name not in known:
                    near = difflib.get_close_matches(name, known, n=1)
                    hint = f"did you mean {near[0]!r}?" if near else f"there is {', '.join(known) or 'none'}"
                    raise ContractError(f"the gate of {table} names the {kind} {name!r}; {hint}")


@dataclass(frozen=True, kw_only=True)
class Decision:
    """Passed or not; the demands that were broken, and the rules that cost the most, as lines for people."""

    passed: bool
    broken: tuple[str, ...] = ()
    worst: tuple[str, ...] = ()


def decide(found: TableScore, gate: Gate, *, segments: Iterable[tuple[str, str, float]] = ()) -> Decision:
    """Hold a score against what is demanded.

    What has nothing to assess is not judged: a table without rows has no score and passes, there is nothing bad in it.

    Args:
        segments: Column, value and score of the segments that were measured.
    """
    broken = [*_of_table(found, gate), *_of_parts(found, gate)]
    for column, value, score in segments:
        if column in gate.segments and score < gate.segments[column]:
            broken.append(f"{column} = {value}: score {score:.4f}, at least {gate.segments[column]:.4f} is demanded")
    if gate.policy is Policy.FAIL and found.rows_failed:
        broken.append(f"{found.rows_failed:,} of {found.rows:,} rows fail an error rule, and none may")
    return Decision(passed=not broken, broken=tuple(broken), worst=tuple(map(_line, costliest(found)[:_SHOWN])))


def costliest(found: TableScore) -> list[RuleScore]:
    """Give the rules that failed, those that lower the score most first."""
    return sorted((rule for rule in found.rules if rule.failed), key=lambda rule: -rule.harm)


def _of_table(found: TableScore, gate: Gate) -> list[str]:
    broken = []
    if gate.minimum is not None and found.score is not None and found.score < gate.minimum:
        broken.append(f"quality score {found.score:.4f}, at least {gate.minimum:.4f} is demanded")
    weakest = found.weakest
    if gate.weakest is not None and weakest is not None and (weakest.score or 0.0) < gate.weakest:
        broken.append(f"weakest rule {weakest.name}: {weakest.score:.4f}, at least {gate.weakest:.4f} is demanded")
    return broken


def _of_parts(found: TableScore, gate: Gate) -> list[str]:
    rules = {rule.name: rule.score for rule in found.rules if rule.score is not None}
    demands: list[tuple[str, Mapping[str, float], Mapping[str, float]]] = [
        ("rule", gate.rules, rules),
        ("dimension", gate.dimensions, found.by_dimension),
    ]
    return [
        f"{kind} {name}: score {score:.4f}, at least {least:.4f} is demanded"
        for kind, wanted, scores in demands
        for name, least in wanted.items()
        if (score := scores.get(name, 1.0)) < least
    ]


def _line(rule: RuleScore) -> str:
    found = rule.detail or f"{rule.failed:,} of {rule.assessed:,} rows failed ({rule.failed / rule.assessed:.1%})"
    return f"{rule.name}: {found}" + (f"; {rule.because}" if rule.because else "")
