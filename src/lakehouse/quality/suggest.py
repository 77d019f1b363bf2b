"""Rules that the rows of a profile hold. They say what is, not what should be: choose among them."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from itertools import groupby

from lakehouse.quality.completeness import NotBlank, NotNull
from lakehouse.quality.profile import CHOICES, CUT_OFF, FORMATS, OTHER, ColumnProfile, Profile
from lakehouse.quality.rule import Rule
from lakehouse.quality.rule_code import Suggestion
from lakehouse.quality.uniqueness import Unique
from lakehouse.quality.validity import Between, Length, Matches, OneOf

_ENOUGH = 100
"""Fewer values than this say nothing of those to come."""
_IN_FORMAT, _IN_PATTERN, _ALL_DISTINCT = 0.99, 0.995, 0.94
_LONGEST_KEY = 60
_CODES = {"country_code": "country", "currency_code": "currency"}
_LOOKS = {
    "uuid": "a UUID", "email_syntax": "an address", "ip_address": "an IP address", "url": "a URL",
    "country_code": "a country", "currency_code": "a currency",
}  # fmt: skip
_WHOLE = {"tinyint", "smallint", "int", "bigint"}
_FRACTIONS = ("float", "double", "decimal")
_CLASSES = {"9": "[0-9]", "A": "[A-Z]", "a": "[a-z]"}


def suggest(profile: Profile) -> tuple[Suggestion, ...]:
    """Suggest rules, in the order of the columns. Nothing is suggested from fewer than 100 values.

    ``NotNull``, ``NotBlank``, ``Between`` and ``Length`` are held by all profiled rows, ``OneOf`` by all that were
    sampled; a format by 99 % of the sample and ``Matches`` by 99.5 %. ``Unique`` rests on an estimate, unless all
    rows were sampled. Hidden columns get no rule that would tell a value.
    """
    return tuple(
        Suggestion(column=column.name, type=column.type, rule=rule, evidence=evidence)
        for column in profile.columns
        if profile.rows - column.nulls >= _ENOUGH
        for rule, evidence in _of_column(column, profile)
    )


def _of_column(column: ColumnProfile, profile: Profile) -> Iterator[tuple[Rule, str]]:
    validity = _validity(column, profile)
    blank = column.type == "string" and column.blanks == 0
    # Text that is a choice or in a format is not blank either way.
    bare = validity is None or isinstance(validity[0], Length)
    if column.nulls == 0:
        nulls = f"0 of {profile.rows:,} null"
        yield (NotBlank(), f"{nulls} or blank") if blank and bare else (NotNull(), nulls)
    if validity is not None:
        yield validity
    if _looks_unique(column, profile):
        exact = profile.sampled == profile.rows
        evidence = "no value occurs twice" if exact else f"about {column.distinct:,} different"
        yield Unique(column.name), f"{evidence} in {profile.rows:,} rows{'' if exact else ', approximate'}"


def _validity(column: ColumnProfile, profile: Profile) -> tuple[Rule, str] | None:
    found: tuple[tuple[Rule, str] | None, ...]
    if column.type == "string":
        found = (_format(column), _one_of(column, profile), _matches(column), _length(column))
    elif column.type in _WHOLE:
        found = (_one_of(column, profile), None if _looks_unique(column, profile) else _numbers(column))
    else:
        found = (_numbers(column) if column.type.startswith(_FRACTIONS) else _dates(column),)
    return next((one for one in found if one is not None), None)


def _looks_unique(column: ColumnProfile, profile: Profile) -> bool:
    short = column.type == "string" and (column.longest or 0) <= _LONGEST_KEY
    could = (short or column.type in _WHOLE) and column.nulls == 0 and column.commonest == 1
    return could and (profile.sampled == profile.rows or (column.distinct or 0) >= _ALL_DISTINCT * profile.rows)


def _format(column: ColumnProfile) -> tuple[Rule, str] | None:
    for rule in FORMATS:
        count = dict(column.formats).get(rule.kind, 0)
        # Two capitals are often not a country.
        named = _CODES.get(rule.kind, "") in column.name.lower()
        if named and column.sampled >= _ENOUGH and count >= _IN_FORMAT * column.sampled:
            return rule(), f"{_share(count, column.sampled)} look like {_LOOKS[rule.kind]}"
    return None


def _one_of(column: ColumnProfile, profile: Profile) -> tuple[Rule, str] | None:
    values = column.choices
    there = profile.rows - column.nulls
    if not 0 < len(values) <= CHOICES or there < 20 * len(values):
        return None
    if profile.sampled < profile.rows and not (column.distinct or 0) <= len(values):
        return None
    if not {column.minimum, column.maximum} <= set(values):
        return None
    evidence = f"{len(values)} different in {there:,}"
    if column.type == "string":
        return OneOf(*values), evidence
    numbers = sorted(int(value) for value in values)
    # Without a gap they are a range, not a choice.
    gap = numbers[-1] - numbers[0] >= len(numbers)
    return (OneOf(*numbers), evidence) if gap else None


def _matches(column: ColumnProfile) -> tuple[Rule, str] | None:
    if not column.patterns or column.sampled < _ENOUGH:
        return None
    pattern, count = column.patterns[0]
    if count < _IN_PATTERN * column.sampled or not pattern.strip() or {OTHER, CUT_OFF} & set(pattern):
        return None
    runs = [(letter, len(list(run))) for letter, run in groupby(pattern)]
    regex = "".join(
        _CLASSES.get(letter, letter if letter in " -_/:@#," else re.escape(letter))
        + (f"{{{length}}}" if length > 1 else "")
        for letter, length in runs
    )
    return Matches(regex), f"{_share(count, column.sampled)} look like {pattern!r}"


def _length(column: ColumnProfile) -> tuple[Rule, str] | None:
    if column.shortest is None or not column.longest:
        return None
    evidence = f"{column.shortest:,} to {column.longest:,} characters"
    if column.shortest == column.longest:
        return Length(column.longest, column.longest), evidence
    return Length(
        min(column.shortest, 1), int(_round(Decimal(column.longest), _step(Decimal(column.longest))))
    ), evidence


def _numbers(column: ColumnProfile) -> tuple[Rule, str] | None:
    try:
        low, high = Decimal(column.minimum or ""), Decimal(column.maximum or "")
    except InvalidOperation:
        return None
    if column.nans or low == high or not (low.is_finite() and high.is_finite()):
        return None
    step = _step(max(abs(low), abs(high)))
    limits = [_limit(column, -_round(-low, step), low), _limit(column, _round(high, step), high)]
    return Between(*limits), f"{column.minimum} to {column.maximum}"


def _limit(column: ColumnProfile, limit: Decimal, exact: Decimal) -> int | float | Decimal:
    """Give a limit as a literal that Spark takes for this column: an int where it fits into 64 bits."""
    if limit == limit.to_integral_value() and abs(limit) < 2**53:
        return int(limit)
    if column.type in _WHOLE:
        return int(limit) if -(2**63) <= limit < 2**63 else int(exact)
    if column.type.startswith("decimal"):
        return limit if limit.adjusted() < 38 else exact
    return float(limit) if math.isfinite(float(limit)) else float(exact)


def _step(greatest: Decimal) -> Decimal:
    """Give the unit of the first digit: 100 for 345."""
    return Decimal(1).scaleb(greatest.adjusted())


def _round(number: Decimal, step: Decimal) -> Decimal:
    """Give the least multiple of a step that is not below a number."""
    return math.ceil(Fraction(number) / Fraction(step)) * step


def _dates(column: ColumnProfile) -> tuple[Rule, str] | None:
    if column.type not in {"date", "timestamp", "timestamp_ntz"}:
        return None
    try:
        low, high = (date.fromisoformat((text or "")[:10]) for text in (column.minimum, column.maximum))
        evidence = f"{column.minimum} to {column.maximum}"
        if column.type == "date":
            return Between(date(low.year, 1, 1), date(high.year, 12, 31)), evidence
        # A day around, so that no time zone brings an instant out of its limits.
        first, last = (low - timedelta(days=1)).year, (high + timedelta(days=1)).year
        return Between(datetime(first, 1, 1, tzinfo=UTC), datetime(last + 1, 1, 1, tzinfo=UTC)), evidence
    except (ValueError, OverflowError):
        return None


def _share(count: int, of: int) -> str:
    # Rounded down: 100 % is all of them.
    return f"{1000 * count // of / 10:g}% of {of:,} sampled"
