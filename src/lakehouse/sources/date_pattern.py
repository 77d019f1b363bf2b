"""Finds the pattern in which a column's dates are written; two that fit alike are a doubt, and nothing is guessed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from itertools import product

from lakehouse.errors import LakehouseError

# Java's letters, and Python's for the same. With one letter each, a day or month may have one digit or two.
_DAYS = (
    ("d.M.yyyy", "%d.%m.%Y"), ("d/M/yyyy", "%d/%m/%Y"), ("M/d/yyyy", "%m/%d/%Y"), ("d-M-yyyy", "%d-%m-%Y"),
    ("M-d-yyyy", "%m-%d-%Y"), ("yyyy/M/d", "%Y/%m/%d"), ("yyyy.M.d", "%Y.%m.%d"), ("yyyyMMdd", "%Y%m%d"),
    ("d MMM yyyy", "%d %b %Y"),
)  # fmt: skip
_CLOCKS = (("", ""), (" H:mm:ss", " %H:%M:%S"), (" H:mm", " %H:%M"), (" h:mm:ss a", " %I:%M:%S %p"))
_ENOUGH = 0.5
_FEW = 20


class DoubtError(LakehouseError):
    """A file can be read in two ways, and which is meant has to be said."""


def find_pattern(values: Sequence[str], *, clock: bool, column: str) -> str:
    """Give Java's pattern of most of the values; empty where that is ISO 8601, or none is known.

    Args:
        clock: Whether a time of the day may follow.
        column: Where they stand, for the text of an error.

    Raises:
        DoubtError: Two fit the same values, as 03/04/2026 does.
    """
    counts = {"": sum(1 for one in values if _is_iso(one))}
    if counts[""] == len(values):
        return ""
    # What fits none of a few that lie far apart is not the pattern of most, and strptime is slow.
    few = values[:: len(values) // _FEW + 1]
    for (day, in_python), (time, time_in_python) in product(_DAYS, _CLOCKS if clock else _CLOCKS[:1]):
        pattern = in_python + time_in_python
        if any(_fits(one, pattern) for one in few):
            counts[day + time] = sum(1 for one in values if _fits(one, pattern))
    most = max(counts.values())
    if most <= len(values) * _ENOUGH:
        return ""
    best = [pattern for pattern, count in counts.items() if count == most]
    if len(best) > 1:
        example = next(one for one in values if not _is_iso(one))
        raise DoubtError(
            f"{column}: {example} may be {' or '.join(best)}, and no value tells which; "
            f"say it: --option dates.{column}={best[0]}"
        )
    return best[0]


def python_pattern(pattern: str) -> str:
    """Give what Python calls one of these patterns; empty for ISO 8601.

    Raises:
        ValueError: It is none of them.
    """
    known = {day + time: of_day + of_time for (day, of_day), (time, of_time) in product(_DAYS, _CLOCKS)}
    if pattern and pattern not in known:
        raise ValueError(f"{pattern} is none of {', '.join(day for day, _ in _DAYS)}, with a clock or without")
    return known[pattern] if pattern else ""


def _is_iso(text: str) -> bool:
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return False
    return "-" in text


def _fits(text: str, pattern: str) -> bool:
    try:
        datetime.strptime(text, pattern)
    except ValueError:
        return False
    return True
