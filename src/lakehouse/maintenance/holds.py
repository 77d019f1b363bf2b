"""Which snapshots of a table are still needed, and by whom, beside those that it keeps by their age."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from pyiceberg.catalog import Catalog
from pyiceberg.table import Table
from pyiceberg.table.snapshots import Snapshot

from lakehouse.catalog import ledger
from lakehouse.catalog.batch_stamp import BatchStamp
from lakehouse.catalog.file_ledger import FileStamp
from lakehouse.catalog.iceberg import find_table
from lakehouse.catalog.ledger import LedgerEntry, ancestors
from lakehouse.catalog.readers import positions
from lakehouse.catalog.time_travel import instant_of
from lakehouse.contract.build import BuildSpec
from lakehouse.contract.table import spec_of
from lakehouse.maintenance.running import RUNNING, left_at

_OF_MAIN: tuple[tuple[str, Callable[[Snapshot], object | None]], ...] = (
    ("the stream goes on from its newest batch", BatchStamp.from_snapshot),
    ("its newest batch of files says what it has taken", FileStamp.from_snapshot),
    ("its newest publish says what it was made of", LedgerEntry.from_snapshot),
)


@dataclass(frozen=True, kw_only=True)
class Hold:
    """A snapshot that someone needs, and with it all that came after.

    ``oldest`` is the instant from which on snapshots have to be kept for it. ``waits_since`` is when ``main`` was moved
    on from the snapshot, where whoever needs it is waited for; None where it is needed in any case.
    """

    snapshot_id: int
    why: str
    oldest: datetime
    waits_since: datetime | None = None


def holds_of(table: Table, *, reads: Mapping[str, int], now: datetime) -> list[Hold]:
    """Give what of a table is needed. Cost: the metadata file that is loaded already.

    Args:
        reads: Table that a build makes of this one → snapshot of this one that its newest publish has read.
        now: The instant.
    """
    line = list(ancestors(table))
    return [*_of_main(table, line, now), *_of_readers(table, line, reads)]


def reads_of(catalog: Catalog, builds: Iterable[BuildSpec], name: str) -> dict[str, int]:
    """Give the tables that builds make of a table, with the snapshot of it that the newest publish of each has read.

    Cost: the metadata of these tables.
    """
    found: dict[str, int] = {}
    for build in builds:
        if name in {spec_of(schema).name for _, schema in build.inputs}:
            made = find_table(catalog, build.table.name)
            newest = ledger.latest(made) if made else None
            if newest is not None and name in newest.inputs:
                found[build.table.name] = newest.inputs[name]
    return found


def _of_main(table: Table, line: list[Snapshot], now: datetime) -> Iterator[Hold]:
    before = [one.snapshot_id for one in table.history() if now - instant_of(one.timestamp_ms) >= RUNNING]
    if before and (hold := _hold(table, line, before[-1], "someone may have begun to read it less than 2 hours ago")):
        yield hold
    for why, read in _OF_MAIN:
        newest = next((one for one in line if read(one) is not None), None)
        if newest is not None and (hold := _hold(table, line, newest.snapshot_id, why)):
            yield hold


def _of_readers(table: Table, line: list[Snapshot], reads: Mapping[str, int]) -> Iterator[Hold]:
    read = [*reads.items(), *((f"reader {one.reader}", one.snapshot_id) for one in positions(table))]
    for who, snapshot_id in read:
        if hold := _hold(table, line, snapshot_id, f"{who} has read up to there", waits=True):
            yield hold


def _hold(table: Table, line: list[Snapshot], snapshot_id: int, why: str, *, waits: bool = False) -> Hold | None:
    """Give a hold; None where there is no need: the head of ``main`` always stays, and what is gone is gone."""
    snapshot = table.snapshot_by_id(snapshot_id)
    at = next((at for at, one in enumerate(line) if one.snapshot_id == snapshot_id), None)
    if snapshot is None or at == 0:
        return None
    # Clocks differ: a snapshot may be older than the one that it is made on.
    needed = [snapshot] if at is None else line[: at + 1]
    since = (left_at(table, snapshot_id) or instant_of(snapshot.timestamp_ms)) if waits else None
    oldest = instant_of(min(one.timestamp_ms for one in needed))
    return Hold(snapshot_id=snapshot_id, why=why, oldest=oldest, waits_since=since)
