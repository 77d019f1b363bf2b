"""Whether rows are good enough to be published, and if not, why."""

from __future__ import annotations

from dataclasses import dataclass

from lakehouse.quality.table_score import TableScore

_SHOWN = 5


@dataclass(frozen=True, kw_only=True)
class Decision:
    """Passed or not, and the rules that cost the most, as lines for people."""

    passed: bool
    worst: tuple[str, ...]


def decide(found: TableScore, *, minimum: float) -> Decision:
    """Hold a score against the least that is demanded, 0 to 1.

    A table without rows has no score and passes: there is nothing bad in it.
    """
    lost = sorted((rule for rule in found.rules if rule.failed), key=lambda r: -r.weight * r.failed / r.assessed)
    worst = tuple(
        f"{rule.name}: {rule.failed:,} of {rule.assessed:,} rows failed ({rule.failed / rule.assessed:.1%})"
        + (f"; {rule.because}" if rule.because else "")
        for rule in lost[:_SHOWN]
    )
    return Decision(passed=found.score is None or found.score >= minimum, worst=worst)
