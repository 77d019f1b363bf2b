"""Rules on when. The instant that they judge by is that of the run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from pyspark.sql import Column
from pyspark.sql import functions as F

from lakehouse.errors import ContractError
from lakehouse.quality.rule import Dimension
from lakehouse.quality.table_rule import AggregateRule, Facts, Finding

# Of the years 1 and 9999: what Python can say of an instant.
_FIRST, _LAST = -62_135_596_800, 253_402_300_799


@dataclass(frozen=True, kw_only=True)
class _OfInstant(AggregateRule):
    """A rule on a column of instants or dates."""

    column: str
    within: timedelta

    dimension = Dimension.TIMELINESS

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.within < timedelta(0):
            raise ContractError(f"{self!r}: within is a length of time, at least 0")

    @property
    def columns(self) -> tuple[str, ...]:
        """The column, for the rule's name."""
        return (self.column,)


@dataclass(frozen=True, kw_only=True)
class Fresh(_OfInstant):
    """The newest row is no older than ``within`` at the instant of the run; nothing is judged where there is none."""

    kind = "fresh"

    def aggregates(self, facts: Facts) -> Sequence[Column]:  # noqa: ARG002
        """Take the newest."""
        return [_seconds(F.max(self.column))]

    def judge(self, values: Sequence[Any], facts: Facts) -> Finding:
        """Hold its age against what is allowed."""
        newest = _instant(values[0])
        if newest is None:
            return Finding(failed=0, assessed=0)
        age = facts.instant - newest
        detail = f"the newest is of {newest:%Y-%m-%d %H:%M} UTC, {_length(age)} old; at most {_length(self.within)}"
        return Finding(failed=int(age > self.within), assessed=1, detail=detail if age > self.within else "")


@dataclass(frozen=True, kw_only=True)
class NotInFuture(_OfInstant):
    """No instant lies after that of the run; clocks may be wrong by ``within``."""

    within: timedelta = timedelta(minutes=5)

    kind = "not_in_future"

    def aggregates(self, facts: Facts) -> Sequence[Column]:
        """Count what is there, what lies after, and take the last."""
        value = F.col(self.column)
        late = value > F.lit(facts.instant.astimezone(UTC) + self.within)
        return [F.count(value), F.count_if(late), _seconds(F.max(value))]

    def judge(self, values: Sequence[Any], facts: Facts) -> Finding:  # noqa: ARG002
        """Give the counts."""
        failed = int(values[1] or 0)
        detail = f"the last is of {_instant(values[2]):%Y-%m-%d %H:%M} UTC" if failed else ""
        return Finding(failed=failed, assessed=int(values[0]), detail=detail)


@dataclass(frozen=True, kw_only=True)
class Arrived(_OfInstant):
    """An event is here, by the column ``arrival``, within a length of time after it happened."""

    arrival: str

    kind = "arrived"

    def aggregates(self, facts: Facts) -> Sequence[Column]:  # noqa: ARG002
        """Count the rows with both instants, and those that came later."""
        seconds = F.unix_timestamp(F.col(self.arrival)) - F.unix_timestamp(F.col(self.column))
        return [F.count(seconds), F.count_if(seconds > self.within.total_seconds()), F.max(seconds)]

    def judge(self, values: Sequence[Any], facts: Facts) -> Finding:  # noqa: ARG002
        """Give the counts."""
        failed = int(values[1] or 0)
        detail = f"the latest came after {_length(timedelta(seconds=int(values[2])))}" if failed else ""
        return Finding(failed=failed, assessed=int(values[0]), detail=detail)


def _seconds(value: Column) -> Column:
    # As a number, because Spark knows instants that Python does not.
    return F.unix_seconds(value.cast("timestamp"))


def _instant(seconds: Any) -> datetime | None:
    if seconds is None:
        return None
    return datetime.fromtimestamp(min(max(int(seconds), _FIRST), _LAST), UTC)


def _length(value: timedelta) -> str:
    seconds = int(value.total_seconds())
    for unit, size in (("days", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= 2 * size:
            return f"{seconds // size} {unit}"
    return f"{seconds} s"
