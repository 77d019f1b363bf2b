"""What a table was: its publishes, and the snapshot that ``main`` was at for an instant or for a run."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from pyiceberg.table import Table
from pyiceberg.table.snapshots import Operation, Snapshot

from lakehouse.catalog.batch_stamp import BatchStamp
from lakehouse.catalog.ledger import LedgerEntry, lineage, rows_at, waiting
from lakehouse.catalog.retention import publish_tags
from lakehouse.errors import LakehouseError

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_NAMED = 5
RELEASE = "release_"
"""How the tags begin that a release of several tables sets on each of them."""


class TimeTravelError(LakehouseError):
    """A table cannot be read as it was: nothing is known of that instant or run, or it has expired."""

    def __init__(self, *, table: str, as_of: object, why: str) -> None:
        self.table, self.as_of = table, as_of
        super().__init__(f"{table} cannot be read as of {as_of}: {why}")


class State(StrEnum):
    """What became of a publish."""

    CURRENT = "current"
    EARLIER = "earlier"
    ROLLED_BACK = "rolled back"


@dataclass(frozen=True, kw_only=True)
class Publish:
    """One publish of a table, by a run (``entry``) or by a batch of a stream (``stamp``), with the rows after it.

    ``at`` is the instant of its commit. ``tag`` keeps it from expiry; None where it has none.
    """

    snapshot_id: int
    at: datetime
    rows: int
    state: State
    tag: str | None
    entry: LedgerEntry | None
    stamp: BatchStamp | None


def publishes(table: Table) -> list[Publish]:
    """Give all publishes of a table that are kept, newest first, those included that were rolled back.

    One that expiry has cut off from ``main`` counts as earlier: whether it was rolled back is not known any more.
    Cost: the metadata file that is loaded already.
    """
    line, tags, audited = list(lineage(table)), publish_tags(table), waiting(table)
    known_since = line[-1].timestamp_ms if line else 0
    snapshots = sorted(table.snapshots(), key=lambda one: (one.timestamp_ms, one.sequence_number or 0), reverse=True)
    found = {one.snapshot_id: (LedgerEntry.from_snapshot(one), BatchStamp.from_snapshot(one)) for one in snapshots}
    of_main = [one.snapshot_id for one in line if any(found[one.snapshot_id])]

    def state(snapshot: Snapshot) -> State:
        if snapshot.snapshot_id in of_main[:1]:
            return State.CURRENT
        left = snapshot.snapshot_id not in of_main and snapshot.timestamp_ms > known_since
        return State.ROLLED_BACK if left else State.EARLIER

    return [
        Publish(
            snapshot_id=one.snapshot_id,
            at=instant_of(one.timestamp_ms),
            rows=rows_at(one),
            state=state(one),
            tag=tags.get(one.snapshot_id),
            entry=entry,
            stamp=stamp,
        )
        for one in snapshots
        for entry, stamp in [found[one.snapshot_id]]
        if (entry or stamp) and one.snapshot_id not in audited
    ]


def changes_since_publish(table: Table) -> Iterator[Snapshot]:
    """Give the snapshots that no publish made on top of the newest one, newest first, without compactions.

    They are what someone has done to the table by hand.
    """
    for snapshot in lineage(table):
        if _is_publish(snapshot):
            return
        if snapshot.summary is None or snapshot.summary.operation is not Operation.REPLACE:
            yield snapshot


def snapshot_as_of(table: Table, as_of: datetime | str) -> int:
    """Give the snapshot that ``main`` was at for an instant, or that a run published, be it rolled back since, or that
    a release of several tables has tagged.

    An instant is looked up in Iceberg's log of ``main``, as Spark's ``TIMESTAMP AS OF`` does. Cost: metadata.

    Raises:
        TimeTravelError: The instant has no time zone or is older than what is kept, or nothing is kept of that run or
            release.
    """
    if isinstance(as_of, str):
        return _of_release(table, as_of) if as_of.startswith(RELEASE) else _of_run(table, as_of)
    if not isinstance(as_of, datetime):
        raise _error(table, as_of, "as_of is a datetime with a time zone, the id of a run, or release_…")
    if as_of.utcoffset() is None:
        raise _error(table, as_of, "the instant has no time zone; write datetime(…, tzinfo=UTC)")
    return _at(table, as_of)


def kept_runs(table: Table) -> str:
    """List the newest runs whose publishes are kept, for a message."""
    runs = [one.entry.run_id for one in publishes(table) if one.entry]
    more = ["…"] if len(runs) > _NAMED else []
    return ", ".join(runs[:_NAMED] + more) or "none"


def instant_of(timestamp_ms: int) -> datetime:
    """Give the instant of a snapshot, in UTC."""
    return _EPOCH + timedelta(milliseconds=timestamp_ms)


def _at(table: Table, instant: datetime) -> int:
    log = table.history()
    found = [one for one in log if instant_of(one.timestamp_ms) <= instant]
    kept = table.snapshot_by_id(found[-1].snapshot_id) if found else None
    if kept is not None:
        return kept.snapshot_id
    if not log:
        raise _error(table, instant, "nothing was written to it yet")
    oldest = table.snapshot_by_id(log[0].snapshot_id)
    begin = f"{instant_of(log[0].timestamp_ms):%Y-%m-%d %H:%M:%S.%f} UTC"
    if oldest is not None and oldest.parent_snapshot_id is None:
        raise _error(table, instant, f"it begins at {begin}")
    still = f"of runs there are still {kept_runs(table)}"
    raise _error(table, instant, f"snapshots from before {begin} have expired; {still}")


def _of_release(table: Table, tag: str) -> int:
    if tag in table.refs():
        return table.refs()[tag].snapshot_id
    tags = sorted((name for name in table.refs() if name.startswith(RELEASE)), reverse=True)
    kept = ", ".join(tags[:_NAMED]) or "none"
    raise _error(table, repr(tag), f"it is in no release of this name, or that has expired; there are still {kept}")


def _of_run(table: Table, run_id: str) -> int:
    for one in publishes(table):
        if one.entry and one.entry.run_id == run_id:
            return one.snapshot_id
    why = "no run of this id has published it, or its publish has expired"
    raise _error(table, repr(run_id), f"{why}; there are still {kept_runs(table)}. An instant is a datetime, not text")


def _is_publish(snapshot: Snapshot) -> bool:
    return LedgerEntry.from_snapshot(snapshot) is not None or BatchStamp.from_snapshot(snapshot) is not None


def _error(table: Table, as_of: object, why: str) -> TimeTravelError:
    return TimeTravelError(table=".".join(table.name()), as_of=as_of, why=why)
