"""What every warehouse does with published tables: read them, read them anew, and tell what it reads."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from pyiceberg.serializers import FromInputFile
from pyiceberg.table import Table

from lakehouse.catalog.ledger import row_count
from lakehouse.contract.table import TableSpec


@dataclass(frozen=True, kw_only=True)
class ServedTable:
    """A contract, the metadata file of the snapshot that a warehouse shall read, and the table in the catalog."""

    spec: TableSpec
    metadata_location: str
    live: Table | None = None

    @staticmethod
    def of(spec: TableSpec, live: Table) -> ServedTable:
        """Give a table as the catalog has it now."""
        return ServedTable(spec=spec, metadata_location=live.metadata_location, live=live)


@dataclass(frozen=True, kw_only=True)
class Reading:
    """What a warehouse says that it reads of a table: the metadata file at ``location``, or a snapshot by its id.

    Neither is there where it does not know the table. ``state`` is what the warehouse says of itself, or why it cannot
    read.
    """

    location: str = ""
    snapshot_id: int | None = None
    rows: int | None = None
    state: str = ""


@dataclass(frozen=True, kw_only=True)
class Probe:
    """What a warehouse reads of a table, beside what the catalog has.

    Args:
        table: Its name.
        current: Whether it reads the newest snapshot of the catalog.
        behind_seconds: For how long the catalog has had a newer one; 0 where it reads the newest.
        rows: What it counts; None where it cannot read.
        published_rows: What the catalog's summary says.
        state: What the warehouse says of itself.
    """

    table: str
    current: bool
    behind_seconds: float
    rows: int | None
    published_rows: int
    state: str = ""

    @property
    def right(self) -> bool:
        """Whether it reads the newest snapshot, and as many rows as that has."""
        return self.current and self.rows == self.published_rows


class Warehouse(Protocol):
    """Something that reads published tables."""

    @property
    def name(self) -> str:
        """What it is called in metrics and messages."""

    def publish(self, tables: Sequence[ServedTable]) -> None:
        """Let it read these tables as they are published now.

        Raises:
            ServingError: It refused; what it read before it still reads.
        """

    def refresh(self, tables: Sequence[ServedTable]) -> None:
        """Let it read the newest snapshots of tables that it knows.

        Raises:
            ServingError: It refused.
        """

    def probe(self, tables: Sequence[ServedTable], *, now: datetime) -> tuple[Probe, ...]:
        """Tell what it reads of each table. Cost: it counts their rows.

        Raises:
            ServingError: It does not answer; of a single table that it cannot read the state says so.
        """


def compare(table: ServedTable, reading: Reading, *, now: datetime) -> Probe:
    """Hold what is read against the catalog; a metadata file is read only where the two name different ones."""
    live = table.live
    assert live is not None, "a probe is of a table of the catalog"
    read = reading.snapshot_id if reading.snapshot_id is not None else _snapshot_at(live, reading.location)
    current = read == live.metadata.current_snapshot_id
    # A table without a snapshot has nothing that could be read late.
    timely = current or not live.metadata.snapshot_log
    return Probe(
        table=table.spec.name,
        current=current,
        behind_seconds=0.0 if timely else max(0.0, now.timestamp() - _newer_since(live, read)),
        rows=reading.rows,
        published_rows=row_count(live),
        state=reading.state,
    )


def _newer_since(live: Table, read: int | None) -> float:
    """Give when the first snapshot came that is newer than what is read; the oldest known, if that is not known."""
    log = live.metadata.snapshot_log
    places = [place for place, entry in enumerate(log) if entry.snapshot_id == read]
    return log[places[-1] + 1 if places else 0].timestamp_ms / 1000


def _snapshot_at(live: Table, location: str) -> int | None:
    """Give the snapshot that a metadata file is at; a tag or a property makes a new file and no new snapshot."""
    if not location:
        return -1
    if _path(location) == _path(live.metadata_location):
        return live.metadata.current_snapshot_id
    try:
        return FromInputFile.table_metadata(live.io.new_input(location)).current_snapshot_id
    except OSError:
        # Old metadata files are deleted: it is not the newest one.
        return -1


def _path(location: str) -> str:
    return location.removeprefix("file://").removeprefix("file:")
