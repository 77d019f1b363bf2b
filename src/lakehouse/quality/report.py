"""The HTML report of a run: one file, no network, no scripts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from jinja2 import Environment, PackageLoader, StrictUndefined

from lakehouse.quality.table_score import RuleScore, TableScore


@dataclass(frozen=True, kw_only=True)
class Report:
    """What a report shows: counts that must add up, scores, dead letters by reason, rows by gold table, seconds."""

    title: str
    finished_at: datetime
    produced: int
    bronze_rows: int
    dead_letters: Mapping[str, int]
    tables: tuple[TableScore, ...]
    gold: Mapping[str, int]
    seconds: Mapping[str, float]
    versions: Mapping[str, str]

    @property
    def dead(self) -> int:
        """All dead letters."""
        return sum(self.dead_letters.values())

    @property
    def balanced(self) -> bool:
        """Whether produced is good rows + dead letters."""
        return self.produced == self.bronze_rows + self.dead


def render_report(report: Report) -> str:
    """Give the report as HTML; everything that came from data is escaped."""
    return render_page("report.html.j2", report=report, costliest=_costliest)


def render_page(template: str, **values: object) -> str:
    """Give a page of ``templates/``; every value that is not ``Markup`` is escaped, and none may be missing."""
    environment = Environment(
        loader=PackageLoader("lakehouse.quality", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"n": "{:,}".format, "percent": percent, "grade": grade}
    return environment.get_template(template).render(**values)


def _costliest(score: TableScore) -> list[RuleScore]:
    """Give the rules, those that lower the score most first."""
    return sorted(score.rules, key=lambda rule: -rule.weight * (1 - (rule.score if rule.score is not None else 1)))


def percent(share: float | None) -> str:
    """Give a share as people read it: ``97.31 %``, a dash where there is none."""
    if share is None:
        return "–"
    # A share that is not quite whole must not be rounded up to it.
    shown = min(share * 100, 99.99) if share < 1 else 100
    return f"{shown:.2f} %".replace("100.00", "100")


def grade(share: float | None) -> str:
    """Tell how good a share is, as the class that the pages colour it by."""
    return "none" if share is None else "good" if share >= 0.98 else "fair" if share >= 0.9 else "poor"
