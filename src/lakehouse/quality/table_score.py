"""How good a table is: by rule, column and dimension, and as one number."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from datetime import datetime

from lakehouse.quality.notebook import score_html


@dataclass(frozen=True, kw_only=True)
class RuleScore:
    """One rule over all rows: how many it could judge, and how many of them failed."""

    name: str
    column: str
    dimension: str
    severity: str
    weight: float
    failed: int
    assessed: int
    because: str = ""
    detail: str = ""

    @property
    def score(self) -> float | None:
        """Share of the judged rows that hold, 0 to 1; None when there was nothing to judge."""
        return 1 - self.failed / self.assessed if self.assessed else None

    @property
    def harm(self) -> float:
        """What it takes from the table's score, before weights are made to sum to 1; 0 when nothing failed."""
        return self.weight * self.failed / self.assessed if self.assessed else 0.0


@dataclass(frozen=True, kw_only=True)
class TableScore:
    """The score of a table's rows by a rule set."""

    table: str
    rule_set: str
    rows: int
    rows_failed: int
    rules: tuple[RuleScore, ...]

    @property
    def score(self) -> float | None:
        """Weighted mean of the rules' scores, 0 to 1; rules with nothing to judge are left out, None when all are."""
        return _weighted(self.rules)

    @property
    def weakest(self) -> RuleScore | None:
        """The error rule with the least score, which a good mean would hide; None when none was assessed."""
        errors = [rule for rule in self.rules if rule.severity == "error" and rule.assessed]
        return min(errors, key=lambda rule: rule.score or 0.0, default=None)

    @property
    def by_column(self) -> dict[str, float]:
        """Score of each column with rules that judged something."""
        return self._by(lambda rule: rule.column or "whole row")

    @property
    def by_dimension(self) -> dict[str, float]:
        """Score of each dimension that was judged; one that was not is absent, not perfect."""
        return self._by(lambda rule: rule.dimension)

    def merged(self, other: TableScore) -> TableScore:
        """Give the score of both tables' rows together, as if they had been scored at once.

        For rules on rows. Whether a key is unique in both together, two counts cannot tell.

        Raises:
            ValueError: They were scored by different rule sets.
        """
        return self._plus(other, 1)

    def without(self, other: TableScore) -> TableScore:
        """Give the score that is left when the rows of the other are taken out of the table.

        Raises:
            ValueError: They were scored by different rule sets.
        """
        return self._plus(other, -1)

    def _repr_html_(self) -> str:
        """Show it in a notebook."""
        return score_html(self)

    def to_json(self) -> str:
        """Give compact JSON, as it is kept in the summary of a snapshot."""
        return json.dumps(asdict(self), separators=(",", ":"), ensure_ascii=False)

    @staticmethod
    def from_json(text: str) -> TableScore:
        """Read what ``to_json`` gave."""
        data = json.loads(text)
        return TableScore(**{**data, "rules": tuple(RuleScore(**rule) for rule in data["rules"])})

    def _plus(self, other: TableScore, times: int) -> TableScore:
        if (self.rule_set, self.table) != (other.rule_set, other.table):
            raise ValueError(f"scores of {self.table}/{self.rule_set} and {other.table}/{other.rule_set} do not merge")
        rules = tuple(
            replace(a, failed=a.failed + times * b.failed, assessed=a.assessed + times * b.assessed)
            for a, b in zip(self.rules, other.rules, strict=True)
        )
        rows, rows_failed = self.rows + times * other.rows, self.rows_failed + times * other.rows_failed
        return replace(self, rows=rows, rows_failed=rows_failed, rules=rules)

    def _by(self, key: Callable[[RuleScore], str]) -> dict[str, float]:
        groups: dict[str, list[RuleScore]] = {}
        for rule in self.rules:
            groups.setdefault(key(rule), []).append(rule)
        scores = {name: _weighted(tuple(group)) for name, group in groups.items()}
        return {name: score for name, score in scores.items() if score is not None}


@dataclass(frozen=True, kw_only=True)
class ScoredAt:
    """A score and when it was: the publish that it belongs to."""

    score: TableScore
    measured_at: datetime
    run_id: str
    snapshot_id: int


def _weighted(rules: tuple[RuleScore, ...]) -> float | None:
    judged = [(rule.weight, rule.score) for rule in rules if rule.score is not None]
    total = sum(weight for weight, _ in judged)
    return sum(weight * score for weight, score in judged) / total if total else None
