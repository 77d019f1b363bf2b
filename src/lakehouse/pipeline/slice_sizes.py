"""What files say of the values of a column, so that slices can be counted before any row is read."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from pyiceberg.conversions import from_bytes
from pyiceberg.manifest import DataFile
from pyiceberg.table import Table
from pyiceberg.transforms import BucketTransform
from pyiceberg.types import DateType, NestedField, PrimitiveType, TimestampType, TimestamptzType
from pyiceberg.utils.datetime import days_to_date, micros_to_timestamp, micros_to_timestamptz

from lakehouse.catalog.live_files import live_data_files
from lakehouse.pipeline.slices import Slice, Value


@dataclass(frozen=True, kw_only=True)
class FileSpan:
    """A data file: its rows and bytes, between which values its column is (None: not known), and in which bucket."""

    rows: int
    bytes: int
    lower: Value | None = None
    upper: Value | None = None
    bucket: tuple[int, int] | None = None

    def may_have(self, one: Slice) -> bool:
        """Tell whether rows of a slice may be in the file."""
        if one.buckets:
            return self.bucket is None or self.bucket == (one.number, one.buckets)
        if self.lower is None or self.upper is None:
            return True
        above = one.lower is None or self.upper >= one.lower  # type: ignore[operator]
        return above and (one.upper is None or self.lower < one.upper)  # type: ignore[operator]


def file_spans(table: Table, snapshot_id: int | None, column: str) -> list[FileSpan]:
    """Give the live data files of a snapshot. Cost: its manifests; none where there is no snapshot."""
    snapshot = table.snapshot_by_id(snapshot_id) if snapshot_id else None
    if snapshot is None:
        return []
    fields = [one for one in table.schema().fields if one.name == column]
    return [_span(table, one, fields[0] if fields else None) for one in live_data_files(table, snapshot)]


def size_of(files: Iterable[FileSpan], one: Slice) -> tuple[int, int]:
    """Give the rows and bytes of the files that may have rows of a slice: what is there at most."""
    found = [file for file in files if file.may_have(one)]
    return sum(file.rows for file in found), sum(file.bytes for file in found)


def extent_of(files: Sequence[FileSpan]) -> tuple[Value, Value] | None:
    """Give the least and the greatest value that files tell of."""
    lower = [one.lower for one in files if one.lower is not None]
    upper = [one.upper for one in files if one.upper is not None]
    return (min(lower), max(upper)) if lower and upper else None


def _span(table: Table, file: DataFile, field: NestedField | None) -> FileSpan:
    span = FileSpan(rows=file.record_count, bytes=file.file_size_in_bytes)
    if field is None or not isinstance(field.field_type, PrimitiveType):
        return span
    lower, upper = ((bounds or {}).get(field.field_id) for bounds in (file.lower_bounds, file.upper_bounds))
    values = [None if one is None else _value(field.field_type, one) for one in (lower, upper)]
    return replace(span, lower=values[0], upper=values[1], bucket=_bucket(table, file, field.field_id))


def _value(of: PrimitiveType, bound: bytes) -> Value:
    found: Any = from_bytes(of, bound)
    if isinstance(of, DateType):
        return days_to_date(found)
    if isinstance(of, TimestamptzType):
        return micros_to_timestamptz(found)
    return micros_to_timestamp(found) if isinstance(of, TimestampType) else found


def _bucket(table: Table, file: DataFile, column: int) -> tuple[int, int] | None:
    for at, field in enumerate(table.specs()[file.spec_id].fields):
        if field.source_id == column and isinstance(field.transform, BucketTransform):
            return file.partition[at], field.transform.num_buckets
    return None
