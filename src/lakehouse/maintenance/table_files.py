"""What files a table is made of, and of which a rewrite would make fewer: from manifests alone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from pyiceberg.manifest import DataFile, DataFileContent
from pyiceberg.table import Table

from lakehouse.catalog.live_files import only_target, partition_of

ARRIVAL = "ingested_at"
_PER_DAY = {"day": 1, "hour": 24}
_EPOCH = date(1970, 1, 1)


@dataclass(frozen=True, kw_only=True)
class TableFiles:
    """The files of ``main``. Equality deletes, which the library never writes, are not counted.

    Args:
        data_files: All data files, with their ``bytes`` and ``rows``, deleted ones included.
        small_files: Data files below the limit that share their partition with another such file.
        rows_deleted: Rows that position deletes name.
        delete_files: All files of position deletes.
        split_deletes: Delete files that name the rows of one data file, or of one partition, with another such file.
        stale_deletes: Delete files whose data file is not there any more.
        wide_deletes: Delete files that name rows of more than one data file.
    """

    data_files: int
    small_files: int
    bytes: int
    rows: int
    rows_deleted: int
    delete_files: int
    split_deletes: int
    stale_deletes: int
    wide_deletes: int


def files_of(table: Table, *, small_bytes: int, until: date | None = None) -> TableFiles:
    """Count the files of a table. Cost: each manifest of the newest snapshot is read once.

    Args:
        small_bytes: A data file below it is small.
        until: Of a table that is partitioned by its time of arrival, files from this day (UTC) on are not small.
    """
    arrival = arrival_of(table) if until else None
    data: set[str] = set()
    small: Counter[object] = Counter()
    deletes: list[tuple[object, str | None, int]] = []
    size = rows = 0
    for one in _live_files(table):
        if one.content == DataFileContent.DATA:
            data.add(one.file_path)
            size, rows = size + one.file_size_in_bytes, rows + one.record_count
            if one.file_size_in_bytes < small_bytes and (until is None or _is_before(one, until, arrival)):
                small[partition_of(one)] += 1
        elif one.content == DataFileContent.POSITION_DELETES:
            deletes.append((partition_of(one), only_target(one), one.record_count))
    places = Counter(target or partition for partition, target, _ in deletes)
    stale = [count for _, target, count in deletes if target is not None and target not in data]
    return TableFiles(
        data_files=len(data),
        small_files=_in_company(small),
        bytes=size,
        rows=rows,
        rows_deleted=sum(count for *_, count in deletes) - sum(stale),
        delete_files=len(deletes),
        split_deletes=_in_company(places),
        stale_deletes=len(stale),
        wide_deletes=sum(target is None for _, target, _ in deletes),
    )


def arrival_of(table: Table) -> tuple[int, int, int] | None:
    """Find the partition by day or hour of arrival: id of its spec, place in it, units a day; None without one."""
    spec = table.spec()
    for at, field in enumerate(spec.fields):
        if table.schema().find_column_name(field.source_id) == ARRIVAL and str(field.transform) in _PER_DAY:
            return spec.spec_id, at, _PER_DAY[str(field.transform)]
    return None


def _live_files(table: Table) -> Iterator[DataFile]:
    head = table.current_snapshot()
    for manifest in head.manifests(table.io) if head else ():
        for entry in manifest.fetch_manifest_entry(table.io, discard_deleted=True):
            yield entry.data_file


def _is_before(one: DataFile, day: date, arrival: tuple[int, int, int] | None) -> bool:
    if arrival is None:
        return True
    spec_id, at, per_day = arrival
    value = one.partition[at] if one.spec_id == spec_id else None
    return value is not None and int(value) < (day - _EPOCH).days * per_day


def _in_company(found: Counter[object]) -> int:
    return sum(count for count in found.values() if count > 1)
