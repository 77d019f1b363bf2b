"""Slices of a table by the values of one column: each row is in exactly one of them, a null too."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

from pyspark.sql import types as spark_types

from lakehouse.contract.ddl import quote
from lakehouse.contract.partitioning import PartitionField

Value = date | datetime | int | str

MOST = 10_000
"""Slices of a backfill: each is a job and a commit or three."""
TIMES = ("hour", "day", "month", "year")
_TIMESTAMPS = (spark_types.TimestampType, spark_types.TimestampNTZType)
_NUMBERS = (spark_types.ByteType, spark_types.ShortType, spark_types.IntegerType, spark_types.LongType)
SLICED = (*_TIMESTAMPS, *_NUMBERS, spark_types.DateType, spark_types.StringType)
_OF_PARTITIONS = {"hours": "hour", "days": "day", "months": "month", "years": "year"}


@dataclass(frozen=True, kw_only=True)
class Slice:
    """Rows whose column is in a range, ``upper`` not included; or that Iceberg puts into bucket ``number`` of some.

    Of a range that is open below nulls are part, and of bucket 0.
    """

    type: spark_types.DataType
    lower: Value | None = None
    upper: Value | None = None
    number: int = 0
    buckets: int = 0

    def sql(self, column: str, *, catalog: str) -> str:
        """Give the condition that a row is in it; ``column`` is SQL that gives the column."""
        if self.buckets:
            inside = f"`{catalog}`.system.bucket({self.buckets}, {column}) = {self.number}"
            return inside if self.number else f"({inside} OR {column} IS NULL)"
        if self.lower is None:
            return "true" if self.upper is None else f"({column} < {self._literal(self.upper)} OR {column} IS NULL)"
        above = f"{column} >= {self._literal(self.lower)}"
        return above if self.upper is None else f"({above} AND {column} < {self._literal(self.upper)})"

    @property
    def next(self) -> str:
        """Where the slice after it begins; empty where there is none."""
        if self.buckets:
            return str(self.number + 1) if self.number + 1 < self.buckets else ""
        return "" if self.upper is None else text_of(self.upper)

    @property
    def text(self) -> str:
        """How people read it."""
        if self.buckets:
            return f"bucket {self.number} of {self.buckets}"
        lower, upper = (None if one is None else text_of(one) for one in (self.lower, self.upper))
        if lower is None or upper is None:
            return f"from {lower}" if lower else f"below {upper}" if upper else "all"
        return f"{lower} … {upper}"

    def _literal(self, value: Value) -> str:
        if isinstance(value, str):
            return quote(value)
        if isinstance(value, datetime):
            return f"{'TIMESTAMP' if value.tzinfo else 'TIMESTAMP_NTZ'} '{value.isoformat(sep=' ')}'"
        return f"DATE '{value.isoformat()}'" if isinstance(value, date) else str(value)


@dataclass(frozen=True)
class By:
    """How a column is cut: hours, days, months or years of time, ranges of ``number`` integers, so many buckets, or
    between the values that a partition of the table begins with."""

    kind: str
    number: int = 0

    @property
    def text(self) -> str:
        """As it is said on the command line."""
        return f"bucket({self.number})" if self.kind == "bucket" else str(self.number or self.kind)


def parse_by(text: str, of: spark_types.DataType) -> By:
    """Read how a column of some type is cut.

    Raises:
        ValueError: It cannot be cut so; the message says how it can.
    """
    text = text.strip().lower()
    if found := re.fullmatch(r"bucket\((\d+)\)", text):
        return By("bucket", _counted(int(found[1])))
    if isinstance(of, _NUMBERS) and text.isdecimal():
        return By("step", _counted(int(text)))
    times = TIMES if isinstance(of, _TIMESTAMPS) else TIMES[1:] if isinstance(of, spark_types.DateType) else ()
    if text in times:
        return By(text)
    ways = [*times, *(["a number such as 100000"] if isinstance(of, _NUMBERS) else []), "bucket(16)"]
    raise ValueError(f"a column of {of.simpleString()} is cut by {', '.join(ways)}, not by {text!r}")


def by_partition(field: PartitionField, of: spark_types.DataType) -> By:
    """Give how the partitioning of a table cuts a column."""
    if field.transform in _OF_PARTITIONS:
        return By(_OF_PARTITIONS[field.transform])
    if field.transform == "bucket":
        return By("bucket", field.argument or 1)
    if field.transform == "truncate" and isinstance(of, _NUMBERS):
        return By("step", field.argument or 1)
    return By("day") if isinstance(of, spark_types.DateType) else By("values")


def value_of(text: str, of: spark_types.DataType) -> Value:
    """Read a value of a column's type; a timestamp is in UTC where it has no time zone.

    Raises:
        ValueError: It is none.
    """
    if isinstance(of, _NUMBERS):
        return int(text)
    if isinstance(of, spark_types.StringType):
        return text
    if isinstance(of, spark_types.DateType):
        return date.fromisoformat(text)
    found = datetime.fromisoformat(text)
    if isinstance(of, spark_types.TimestampNTZType):
        return found.replace(tzinfo=None)
    return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)


def text_of(value: Value) -> str:
    """Give a value as ``value_of`` reads it."""
    if isinstance(value, datetime):
        at = value.replace(tzinfo=None).isoformat(sep=" ")
        return at.removesuffix(":00").removesuffix(" 00:00")
    return value.isoformat() if isinstance(value, date) else str(value)


def slices(
    by: By,
    of: spark_types.DataType,
    *,
    start: Value | None,
    stop: Value | None,
    extent: tuple[Value, Value] | None = None,
    begins: Sequence[Value] = (),
    first: int = 0,
) -> tuple[Slice, ...]:
    """Cut a range, open where ``start`` or ``stop`` is not given, so that each value is in one slice.

    Args:
        extent: Least and greatest value that are known of, which say where an open range is cut first and last.
        begins: Values with which partitions begin.
        first: Of buckets: the first that is wanted.

    Raises:
        ValueError: There would be too many, or an end is open and no value is known of.
    """
    if by.kind == "bucket":
        return tuple(Slice(type=of, number=one, buckets=by.number) for one in range(first, by.number))
    if by.kind == "values":
        cuts = sorted({one for one in begins if (start is None or one > start) and (stop is None or one < stop)})  # type: ignore[operator]
        # What is below the second value is in the slice that is open below.
        cuts = cuts[1:] if start is None else cuts
    else:
        cuts = list(_grid(by, start, stop, extent))
    if len(cuts) >= MOST:
        raise ValueError(f"there would be more than {MOST:,} slices; cut it by more at a time, or give a smaller range")
    ends = [start, *cuts, stop]
    return tuple(Slice(type=of, lower=lower, upper=upper) for lower, upper in pairwise(ends))


def _grid(by: By, start: Value | None, stop: Value | None, extent: tuple[Value, Value] | None) -> Iterator[Value]:
    if extent is None and (start is None or stop is None):
        raise ValueError("no row tells where it begins and ends: give --from and --to")
    least, greatest = extent or (start, stop)
    cut = _after(by, start if start is not None else least)
    for _ in range(MOST):
        if (cut >= stop) if stop is not None else (cut > greatest):  # type: ignore[operator]
            return
        yield cut
        cut = _after(by, cut)


def _after(by: By, value: Value | None) -> Value:
    """Give the first value of the slice after that of ``value``."""
    if isinstance(value, int):
        return (value // by.number + 1) * by.number
    assert isinstance(value, date), "the type was looked at when it was said how to cut"
    midnight = {"hour": 0, "minute": 0, "second": 0, "microsecond": 0} if isinstance(value, datetime) else {}
    if by.kind == "hour" and isinstance(value, datetime):
        return value.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
    day = value.replace(**midnight)
    if by.kind == "day":
        return day + timedelta(days=1)
    first = day.replace(day=1)
    if by.kind == "month":
        return (first + timedelta(days=31)).replace(day=1)
    return first.replace(year=first.year + 1, month=1)


def _counted(number: int) -> int:
    if number < 1:
        raise ValueError(f"it is cut by one at least, not by {number}")
    return number
