"""What is unusual about a publish, held against those before it; each with what was expected and how that was found."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from lakehouse.quality.table_score import ScoredAt

Series = Sequence[tuple[datetime, float]]


@dataclass(frozen=True, kw_only=True)
class Expected:
    """A value that would be usual, and the limits of what still is; ``how`` says in words what it was taken from."""

    value: float
    low: float
    high: float
    how: str


class Detector(Protocol):
    """Says what to expect of a value from those before it, newest first; None when they are too few."""

    def expect(self, past: Series, at: datetime) -> Expected | None:
        """Give what is expected at an instant."""


@dataclass(frozen=True, kw_only=True)
class RobustZ:
    """The median, give or take some deviations: one outlier in the past moves neither.

    Args:
        deviations: How many; 3.5 is usual for the median absolute deviation.
        least: How many values there must be.
        floor: Smallest deviation, as a share of the median: a past without any change would allow none.

    Source: Iglewicz and Hoaglin, "How to Detect and Handle Outliers" (1993).
    """

    deviations: float = 3.5
    least: int = 5
    floor: float = 0.01

    def expect(self, past: Series, at: datetime) -> Expected | None:  # noqa: ARG002
        """Give the median of all."""
        return _around([value for _, value in past], self, "the last") if len(past) >= self.least else None


@dataclass(frozen=True, kw_only=True)
class Seasonal:
    """The median of the same phase: of a Monday, the Mondays before it.

    Args:
        period: After which it repeats.
        within: How far from the same phase a value may be to count.
    """

    period: timedelta = timedelta(days=7)
    within: timedelta = timedelta(hours=12)
    deviations: float = 3.5
    least: int = 3
    floor: float = 0.05

    def expect(self, past: Series, at: datetime) -> Expected | None:
        """Give the median of the values of the same phase."""
        same = [value for instant, value in past if self._phase(at - instant) <= self.within]
        return (
            _around(same, self, f"the same time of {self.period.days} days, the last")
            if len(same) >= self.least
            else None
        )

    def _phase(self, age: timedelta) -> timedelta:
        rest = age % self.period
        return min(rest, self.period - rest)


@dataclass(frozen=True, kw_only=True)
class RelativeChange:
    """The value before, give or take a share of it."""

    at_most: float = 0.5

    def expect(self, past: Series, at: datetime) -> Expected | None:  # noqa: ARG002
        """Give the value before."""
        if not past:
            return None
        before = past[0][1]
        room = abs(before) * self.at_most
        return Expected(value=before, low=before - room, high=before + room, how="the publish before")


@dataclass(frozen=True, kw_only=True)
class Anomaly:
    """A value outside of what was expected."""

    what: str
    found: float
    expected: Expected
    detector: str

    @property
    def line(self) -> str:
        """It in words."""
        usual = self.expected
        return (
            f"{self.what}: {self.found:,.4g}, expected {usual.value:,.4g} ({usual.low:,.4g} to {usual.high:,.4g}), "
            f"from {usual.how}"
        )


def find_anomalies(history: Sequence[ScoredAt], detectors: Sequence[Detector]) -> tuple[Anomaly, ...]:
    """Hold the newest publish of a table against those before it.

    Looked at are the rows, and of publishes by the same rules the score and each rule's share of failures. One finding
    per value: that of the first detector that has one.

    Args:
        history: Newest first.
        detectors: Asked in this order.
    """
    if not history:
        return ()
    newest, past = history[0], history[1:]
    same = [one for one in past if one.score.rule_set == newest.score.rule_set]
    values: dict[str, tuple[float, Series]] = {}
    values["rows"] = (float(newest.score.rows), [(one.measured_at, float(one.score.rows)) for one in past])
    if newest.score.score is not None:
        scores = [(one.measured_at, one.score.score) for one in same if one.score.score is not None]
        values["score"] = (newest.score.score, scores)
    for rule in newest.score.rules:
        if rule.assessed:
            name = f"{rule.name} failed, share"
            values[name] = (rule.failed / rule.assessed, _shares(same, rule.name))
    found = [_judge(what, value, before, newest.measured_at, detectors) for what, (value, before) in values.items()]
    return tuple(one for one in found if one is not None)


def _judge(what: str, value: float, past: Series, at: datetime, detectors: Sequence[Detector]) -> Anomaly | None:
    for detector in detectors:
        expected = detector.expect(past, at)
        if expected is not None and not expected.low <= value <= expected.high:
            return Anomaly(what=what, found=value, expected=expected, detector=type(detector).__name__)
    return None


def _shares(history: Sequence[ScoredAt], rule: str) -> Series:
    return [
        (one.measured_at, part.failed / part.assessed)
        for one in history
        for part in one.score.rules
        if part.name == rule and part.assessed
    ]


def _around(values: Sequence[float], by: RobustZ | Seasonal, how: str) -> Expected:
    middle = statistics.median(values)
    # 1.4826 makes the median absolute deviation that of a normal distribution.
    spread = 1.4826 * statistics.median(abs(value - middle) for value in values)
    room = by.deviations * max(spread, by.floor * abs(middle), 1e-9)
    return Expected(value=middle, low=middle - room, high=middle + room, how=f"the median of {how} {len(values)}")
