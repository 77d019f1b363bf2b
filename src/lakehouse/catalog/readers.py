"""How far other systems have read a table: a tag for each of them, which keeps expiry from the snapshot that it needs.

A warehouse, a notebook or another engine reads what was appended between its tag and ``main``, and then moves its tag.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from pyiceberg.catalog import Catalog
from pyiceberg.table import Table
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from lakehouse.catalog.conflicts import commit
from lakehouse.catalog.iceberg import Lake, load_table
from lakehouse.catalog.ledger import ancestors, is_append, only_added_since, summed
from lakehouse.contract.table import TableSpec
from lakehouse.errors import ConfigError, LakehouseError

_PREFIX = "reader_"
_NAME = re.compile(r"[a-z][a-z0-9_-]{0,62}")


@dataclass(frozen=True, kw_only=True)
class ReaderPosition:
    """A reader and the snapshot that it has read; how many commits and rows have come since, None where unknown."""

    reader: str
    snapshot_id: int
    commits_behind: int | None
    rows_behind: int | None


def mark_read(catalog: Catalog, name: str, reader: str, *, snapshot_id: int | None = None) -> int:
    """Note that a reader has read a table up to a snapshot, by default the newest. Gives the snapshot.

    Cost: one catalog commit.

    Raises:
        ConfigError: The reader's name is no name, or the snapshot is none of ``main``.
        TableNotFoundError: The table does not exist.
    """
    if not _NAME.fullmatch(reader):
        raise ConfigError(f"reader {reader!r}: a name is of lower case letters, digits, _ and -, such as snowflake")
    marked: list[int] = []

    def mark(table: Table) -> None:
        known = [one.snapshot_id for one in ancestors(table)]
        wanted = snapshot_id if snapshot_id is not None else next(iter(known), None)
        if wanted is None or wanted not in known:
            raise ConfigError(f"{name} has no snapshot {wanted or ''} on main to be read up to")
        table.manage_snapshots().create_tag(wanted, f"{_PREFIX}{reader}").commit()
        marked[:] = [wanted]

    commit(catalog, name, mark)
    return marked[0]


def forget(catalog: Catalog, name: str, reader: str) -> None:
    """Remove a reader, so that expiry may take what only it held.

    Raises:
        ConfigError: There is no such reader.
    """
    positions(load_table(catalog, name), only=reader)
    commit(catalog, name, lambda table: table.manage_snapshots().remove_tag(f"{_PREFIX}{reader}").commit())


def positions(table: Table, *, only: str | None = None) -> list[ReaderPosition]:
    """Give all readers of a table, or one. Cost: metadata.

    Raises:
        ConfigError: The one that is asked for is not there.
    """
    found = []
    for tag, ref in sorted(table.refs().items()):
        if tag.startswith(_PREFIX):
            found.append(_position(table, tag.removeprefix(_PREFIX), ref.snapshot_id))
    if only is not None:
        found = [one for one in found if one.reader == only]
        if not found:
            raise ConfigError(f"{'.'.join(table.name())} has no reader {only!r}; mark what it has read first")
    return found


def read_since(lake: Lake, spec: TableSpec, reader: str) -> tuple[DataFrame, int]:
    """Give the rows that were appended since a reader's mark, and the snapshot up to which they go, to be marked then.

    Cost: a scan of those rows; where snapshots in between have expired, of all rows.

    Raises:
        ConfigError: There is no such reader.
        LakehouseError: Rows were changed or taken away since, which appended rows do not tell.
    """
    table = lake.table(spec.name)
    (position,) = positions(table, only=reader)
    head = next(ancestors(table)).snapshot_id
    if head == position.snapshot_id:
        return lake.rows(spec, snapshot_id=head).limit(0), head
    whole = position.commits_behind is not None
    kept = {one.snapshot_id for one in only_added_since(table)}
    if (whole and position.snapshot_id not in kept) or not (whole or _still_there(lake, spec, position, head)):
        raise LakehouseError(
            f"{spec.name} was not only appended to since reader {reader!r} was at snapshot {position.snapshot_id}: let "
            f"it read the table whole, and mark snapshot {head}"
        )
    if whole:
        return lake.appended(spec, since=position.snapshot_id, until=head), head
    # Snapshots in between have expired; the tag still knows the files that the reader has read.
    old = _files(lake, spec, position.snapshot_id).select(F.col("file_path").alias("_file"))
    rows = lake.rows(spec, snapshot_id=head).select("*", "_file").join(F.broadcast(old), "_file", "left_anti")
    return rows.drop("_file"), head


def _still_there(lake: Lake, spec: TableSpec, position: ReaderPosition, head: int) -> bool:
    """Tell whether all files that a reader has read are still in the table, without deletes."""
    old, new = (_files(lake, spec, snapshot_id) for snapshot_id in (position.snapshot_id, head))
    gone = old.join(new.select("file_path"), "file_path", "left_anti")
    return gone.isEmpty() and new.where("content <> 0").isEmpty()


def _files(lake: Lake, spec: TableSpec, snapshot_id: int) -> DataFrame:
    files = f"{lake.sql_name(spec.name)}.files"
    return lake.spark.sql(f"SELECT file_path, content FROM {files} VERSION AS OF {snapshot_id}")


def _position(table: Table, reader: str, snapshot_id: int) -> ReaderPosition:
    rows = 0
    for count, snapshot in enumerate(ancestors(table)):
        if snapshot.snapshot_id == snapshot_id:
            return ReaderPosition(reader=reader, snapshot_id=snapshot_id, commits_behind=count, rows_behind=rows)
        rows += summed(snapshot, "added-records") if is_append(snapshot) else 0
    return ReaderPosition(reader=reader, snapshot_id=snapshot_id, commits_behind=None, rows_behind=None)
