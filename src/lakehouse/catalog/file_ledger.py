"""``ops.files``: which files a table has taken, each once. What counts is what the table's own commits say.

Before a commit its files are written here under the id of its batch, with the id of the batch before; the commit then
carries its id in its summary. So the batches that a table holds are those from its newest id backwards. One that was
written here and never committed, because its run died or another was faster, is in no such line and counts for nothing.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Annotated

import pyarrow as pa
from pyiceberg.catalog import Catalog
from pyiceberg.expressions import EqualTo
from pyiceberg.table import Table
from pyiceberg.table.snapshots import Snapshot
from pyspark.sql.types import LongType, StringType, TimestampType

from lakehouse.catalog.conflicts import commit
from lakehouse.catalog.iceberg import Lake, find_table, load_table
from lakehouse.catalog.ledger import ancestors, summed
from lakehouse.catalog.log_table import Rows, add_to_log
from lakehouse.contract.marks import doc, required
from lakehouse.contract.schema import Column, Schema
from lakehouse.contract.table import spec_of, table
from lakehouse.contract.upkeep import Upkeep
from lakehouse.errors import SourceError

_BATCH, _STATE = "lakehouse.files-batch", "lakehouse.files-state"
_MANY_FILES = 64
"""Small data files of the ledger that a check reads at most: with more they are written anew as one."""


# Each batch makes a snapshot, and each look at the table reads the list of them.
@table("ops.files", partitioned_by=("table_name",), external=True, upkeep=Upkeep(max_snapshots=100))
class Files(Schema):
    """One row per file, or answer of a server, and batch that was to take it."""

    table_name: Annotated[Column[StringType], required, doc("Bronze table")]
    batch: Annotated[Column[StringType], required, doc("Batch; the commit that took it names it in its summary")]
    batch_before: Annotated[Column[StringType], required, doc("Batch that the table held before; empty: none")]
    source: Annotated[Column[StringType], required, doc("Path of the file, or address of the answer")]
    source_version: Annotated[Column[StringType], required, doc("When it was changed, and its size")]
    size: Annotated[Column[LongType], required, doc("Size", unit="bytes")]
    records: Annotated[Column[LongType], required, doc("Records in it, good and bad; 1 if it is unreadable")]
    unreadable: Annotated[Column[StringType], doc("Why it could not be read at all; null: it could")]
    planned_at: Annotated[Column[TimestampType], required, doc("Instant before the commit", unit="UTC")]


@dataclass(frozen=True, kw_only=True, slots=True)
class TakenFile:
    """A file of a batch: which, in which state, and how many records it holds."""

    source: str
    version: str
    size: int
    records: int
    unreadable: str | None = None


@dataclass(frozen=True, kw_only=True)
class FileStamp:
    """What a commit that took files says of itself in its summary.

    Args:
        batch: Its id in ``ops.files``.
        files: How many it took.
        records: How many records they hold: the rows that it adds.
        records_before: Rows that such commits had added before it.
        cursors: Where sources go on that give no files but answers, by their names, in their own words.
        replayed_before: Rows that replays of dead letters had added before it.
        added: Rows that it has added; None before it is made.
    """

    batch: str
    files: int
    records: int
    records_before: int = 0
    cursors: Mapping[str, str] = field(default_factory=dict)
    replayed_before: int = 0
    added: int | None = None

    @property
    def is_replay(self) -> bool:
        """Whether it took no file and added good rows of dead letters."""
        return self.files == 0

    @property
    def records_so_far(self) -> int:
        """Rows of files that the table was given, this commit included; without those of replays."""
        return self.records_before + (0 if self.is_replay else self.records)

    @property
    def replayed_so_far(self) -> int:
        """Rows that replays have added, this commit included."""
        return self.replayed_before + (self.added or 0 if self.is_replay else 0)

    def summary(self) -> dict[str, str]:
        """Give the snapshot properties that carry this stamp."""
        state = [self.files, self.records, self.records_before, dict(self.cursors), self.replayed_before]
        return {_BATCH: self.batch, _STATE: json.dumps(state)}

    @staticmethod
    def from_snapshot(snapshot: Snapshot) -> FileStamp | None:
        """Read the stamp of a snapshot; None when it took no files."""
        summary = snapshot.summary.additional_properties if snapshot.summary else {}
        if _BATCH not in summary:
            return None
        files, records, before, cursors, replayed = json.loads(summary[_STATE])
        return FileStamp(
            batch=summary[_BATCH],
            files=files,
            records=records,
            records_before=before,
            cursors=cursors,
            replayed_before=replayed,
            added=int(summary.get("added-records", 0)),
        )


def stamp_files(
    files: Sequence[TakenFile], before: FileStamp | None, *, cursors: Mapping[str, str] | None = None
) -> FileStamp:
    """Make the stamp of a commit that takes files, on top of the newest one in the table."""
    return FileStamp(
        batch=uuid.uuid4().hex,
        files=len(files),
        records=sum(one.records for one in files),
        records_before=before.records_so_far if before else 0,
        cursors={**(before.cursors if before else {}), **(cursors or {})},
        replayed_before=before.replayed_so_far if before else 0,
    )


def stamp_file_replay(before: FileStamp) -> FileStamp:
    """Make the stamp of a commit that adds good rows of dead letters: what the table has taken stays the same."""
    return replace(
        before,
        files=0,
        records=0,
        records_before=before.records_so_far,
        replayed_before=before.replayed_so_far,
        added=None,
    )


def file_stamps(held: Table) -> Iterator[FileStamp]:
    """Give the stamps of a table, newest first, as far as its snapshots are kept. Reads metadata only."""
    return filter(None, map(FileStamp.from_snapshot, ancestors(held)))


@dataclass(frozen=True, kw_only=True)
class Held:
    """What a table has taken, as of a snapshot.

    ``batches`` are the files of each batch, oldest first; the newest state of a file is the one that counts.
    """

    snapshot_id: int | None = None
    stamp: FileStamp | None = None
    batches: Mapping[str, Sequence[TakenFile]] = field(default_factory=dict, repr=False)

    def cursor(self, source: str) -> str:
        """Give where a source of answers goes on; empty at the beginning."""
        return self.stamp.cursors.get(source, "") if self.stamp else ""

    def newest(self) -> dict[str, TakenFile]:
        """Give each file that was taken by its path, as it was when it was taken last."""
        return {one.source: one for batch in self.batches.values() for one in batch}


def read_held(catalog: Catalog, name: str) -> Held:
    """Give what a table has taken. Cost: metadata of the table, and the rows of ``ops.files`` that are of it.

    Raises:
        TableNotFoundError: There is no such table.
        SourceError: ``ops.files`` has lost what the table says it holds.
    """
    of_table = load_table(catalog, name)
    head, stamp = of_table.current_snapshot(), next(file_stamps(of_table), None)
    since = head.snapshot_id if head else None
    if stamp is None:
        return Held(snapshot_id=since)
    log = find_table(catalog, spec_of(Files).name)
    rows = log.scan(row_filter=EqualTo(term="table_name", value=name)).to_arrow() if log else None
    return Held(snapshot_id=since, stamp=stamp, batches=_line(rows, stamp, name))


def _line(rows: pa.Table | None, stamp: FileStamp, name: str) -> dict[str, list[TakenFile]]:
    """Give the batches from the newest one backwards, turned round."""
    found: dict[str, list[TakenFile]] = {}
    before: dict[str, str] = {}
    if rows is not None:
        names = ("batch", "batch_before", "source", "source_version", "size", "records", "unreadable")
        for batch, parent, *of_file in zip(*(rows[one].to_pylist() for one in names), strict=True):
            source, version, size, records, unreadable = of_file
            taken = TakenFile(source=source, version=version, size=size, records=records, unreadable=unreadable)
            found.setdefault(batch, []).append(taken)
            before[batch] = parent
    line, at = [], stamp.batch
    while at:
        if at not in found:
            raise SourceError(
                f"{name} has taken files in batch {at}, of which ops.files knows nothing: it was made anew, or rolled "
                "back. Put ops.files back to a snapshot that has the batch; without it files would be taken twice"
            )
        line.append(at)
        at = before[at]
    return {batch: found[batch] for batch in reversed(line)}


def plan_batch(lake: Lake, name: str, batch: str, before: FileStamp | None, files: Sequence[TakenFile]) -> None:
    """Write which files a commit is going to take. Cost: one small append; now and then the rows are written anew."""
    instant = datetime.now(UTC)

    def rows(_: Table) -> Rows:
        return [
            {
                "table_name": name, "batch": batch, "batch_before": before.batch if before else "",
                "source": one.source, "source_version": one.version, "size": one.size, "records": one.records,
                "unreadable": one.unreadable, "planned_at": instant,
            }
            for one in files
        ]  # fmt: skip

    add_to_log(lake, spec_of(Files), rows)
    _write_anew_if_small(lake, name)


def _write_anew_if_small(lake: Lake, name: str) -> None:
    mine = EqualTo(term="table_name", value=name)

    def write_anew(log: Table) -> None:
        rows = log.scan(row_filter=mine).to_arrow()
        log.overwrite(rows, overwrite_filter=mine)

    log = lake.table(spec_of(Files).name)
    # Of all tables together there are as many at least, which the summary says without a look at manifests.
    if summed(log.current_snapshot(), "total-data-files") <= _MANY_FILES:
        return
    if sum(1 for _ in log.scan(row_filter=mine).plan_files()) > _MANY_FILES:
        commit(lake.catalog, spec_of(Files).name, write_anew, made=lambda _: False)
