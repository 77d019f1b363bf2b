"""The report on one table: its score, what is demanded of it, its rules, its past, and some rows that failed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from lakehouse.quality.bad_rows import BadRow
from lakehouse.quality.gate import Gate, Policy, decide
from lakehouse.quality.profile import Profile
from lakehouse.quality.report import render_page
from lakehouse.quality.table_score import RuleScore, ScoredAt, TableScore
from lakehouse.quality.trend_plot import trend_plot


@dataclass(frozen=True, kw_only=True)
class TableReport:
    """What a report on a table shows.

    Args:
        table: Its name.
        comment: What its rows are.
        made_at: Instant of the report, UTC.
        score: That of its newest publish.
        gate: What is demanded of it; None where nothing is.
        history: The scores of its publishes, newest first.
        bad_rows: Rows that failed; empty when none did, None when none were looked for.
        version: That of the library.
        profile: What is in its columns; None when it was not looked at.
    """

    table: str
    comment: str
    made_at: datetime
    score: TableScore
    gate: Gate | None
    history: tuple[ScoredAt, ...]
    bad_rows: tuple[BadRow, ...] | None
    version: str
    profile: Profile | None = None

    @property
    def rules(self) -> list[RuleScore]:
        """The rules: those that harm the score most first, those that had nothing to judge last."""
        return sorted(self.score.rules, key=lambda rule: (-rule.harm, not rule.assessed))

    @property
    def demands(self) -> list[Demand]:
        """What the gate demands, each held against the score."""
        return list(_demands(self.score, self.gate)) if self.gate else []

    def not_applicable(self, rule: RuleScore) -> int | None:
        """Give the rows that a rule had nothing to judge in; None for a rule that judges the table, not its rows."""
        of_table = not rule.column and (rule.dimension in {"volume", "schema"} or rule.assessed == 1 < self.score.rows)
        return None if of_table else max(0, self.score.rows - rule.assessed)

    def cost(self, rule: RuleScore) -> float:
        """Give what a rule takes from the table's score, 0 to 1."""
        total = sum(one.weight for one in self.score.rules if one.assessed)
        return rule.harm / total if total else 0.0


@dataclass(frozen=True, kw_only=True)
class Demand:
    """One demand of a gate: the least score that is wanted, the score found, and in words how it is broken."""

    what: str
    least: float | None
    found: float | None
    broken: str = ""

    @property
    def state(self) -> str:
        """``broken``, ``holds``, or ``not judged`` where there is no score to hold it against."""
        return "broken" if self.broken else "not judged" if self.found is None else "holds"


def render_table_report(report: TableReport) -> str:
    """Give the report as HTML: one file that loads nothing and runs no script; what came from data is escaped."""
    minimum = report.gate.minimum if report.gate else None
    trend = trend_plot(report.history, minimum=minimum)
    return render_page("table_report.html.j2", report=report, score=report.score, trend=trend)


def _demands(score: TableScore, gate: Gate) -> Iterator[Demand]:
    """Take a gate apart, so that ``decide`` tells of each demand by itself."""
    weakest = score.weakest.score if score.weakest else None
    rules = {rule.name: rule.score for rule in score.rules}
    if gate.minimum is not None:
        yield _demand("score of the table", gate.minimum, score.score, score, Gate(minimum=gate.minimum))
    if gate.weakest is not None:
        yield _demand("weakest error rule", gate.weakest, weakest, score, Gate(weakest=gate.weakest))
    for name, least in gate.rules.items():
        yield _demand(f"rule {name}", least, rules.get(name), score, Gate(rules={name: least}))
    for name, least in gate.dimensions.items():
        found = score.by_dimension.get(name)
        yield _demand(f"dimension {name}", least, found, score, Gate(dimensions={name: least}))
    for name, least in gate.segments.items():
        # Segments are measured when rows are published; a score does not keep them.
        yield Demand(what=f"every value of {name}", least=least, found=None)
    if gate.policy is Policy.FAIL:
        share = 1 - score.rows_failed / score.rows if score.rows else None
        yield _demand("no row fails an error rule", None, share, score, Gate(policy=Policy.FAIL))


def _demand(what: str, least: float | None, found: float | None, score: TableScore, alone: Gate) -> Demand:
    return Demand(what=what, least=least, found=found, broken="; ".join(decide(score, alone).broken))
