"""A state of a table as a person names it: by run, snapshot, branch, tag or instant; and the publish before it."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import dropwhile

from pyiceberg.table import Table
from pyiceberg.table.snapshots import Operation, Snapshot

from lakehouse.catalog.batch_stamp import BatchStamp
from lakehouse.catalog.ledger import LedgerEntry, ancestors_of, lineage, rows_at
from lakehouse.catalog.time_travel import TimeTravelError, instant_of, kept_runs, publishes, snapshot_as_of


@dataclass(frozen=True, kw_only=True)
class TableState:
    """What a table is at a snapshot. A run (``run_id``) or a batch of a stream has published it, or nobody has.

    ``at`` is the instant of its commit; ``rows`` are those of its metadata, dead letters and tombstones among them.
    """

    snapshot_id: int
    at: datetime
    rows: int
    run_id: str | None = None
    batch_id: int | None = None


def state_now(table: Table) -> TableState:
    """Give the state of ``main``.

    Raises:
        TimeTravelError: Nothing was written to the table yet.
    """
    snapshot = table.current_snapshot()
    if snapshot is None:
        raise _error(table, "main", "nothing was written to it yet")
    return _state(snapshot)


def state_named(table: Table, name: str) -> TableState:
    """Give a state by the id of a run, the id of a snapshot, a branch or tag, or an instant. Cost: metadata.

    An instant is text of ISO 8601, in UTC where it has no time zone, and means what ``main`` was at then.

    Raises:
        TimeTravelError: It is none of these, or what it names is not kept any more.
    """
    runs = {one.entry.run_id: one.snapshot_id for one in reversed(publishes(table)) if one.entry}
    snapshot_id = int(name) if name.isdecimal() else None
    if name in runs:
        snapshot_id = runs[name]
    elif name in table.refs():
        snapshot_id = table.refs()[name].snapshot_id
    elif snapshot_id is None:
        instant = instant_named(name)
        if instant is None:
            what = "it is no run, snapshot, branch or tag that is kept, and no instant such as 2026-11-21T06:00"
            raise _error(table, name, f"{what}; {_there_are(table)}")
        snapshot_id = snapshot_as_of(table, instant)
    snapshot = table.snapshot_by_id(snapshot_id)
    if snapshot is None:
        raise _error(table, name, f"it has no snapshot of this id, or not any more; {_there_are(table)}")
    return _state(snapshot)


def instant_named(text: str) -> datetime | None:
    """Read an instant of ISO 8601, in UTC where it has no time zone; None where the text is none."""
    with suppress(ValueError):
        # A number is the id of a snapshot, be it eight digits long.
        found = None if text.isdecimal() else datetime.fromisoformat(text)
        return found.replace(tzinfo=UTC) if found is not None and found.utcoffset() is None else found
    return None


def publish_before(table: Table, state: TableState) -> TableState:
    """Give the publish, or the batch of a stream, that a state was made on top of; compactions do not count.

    Of a table that was changed by hand since its newest publish, it is that one: as with a rollback. Cost: metadata.

    Raises:
        TimeTravelError: There is none, or it has expired.
    """
    line = list(dropwhile(lambda one: one.snapshot_id != state.snapshot_id, lineage(table)))
    line = line or list(ancestors_of(table, state.snapshot_id))
    published = {one.snapshot_id for one in publishes(table)}
    for snapshot in [*dropwhile(_is_compaction, line)][1:]:
        if snapshot.snapshot_id in published:
            return _state(snapshot)
    expired = line[-1].parent_snapshot_id is not None
    why = "that has expired" if expired else "nothing was published before"
    before = f"the publish before snapshot {state.snapshot_id}"
    raise _error(table, before, f"{why}; name another state to compare with, {_there_are(table)}")


def _state(snapshot: Snapshot) -> TableState:
    entry, stamp = LedgerEntry.from_snapshot(snapshot), BatchStamp.from_snapshot(snapshot)
    return TableState(
        snapshot_id=snapshot.snapshot_id,
        at=instant_of(snapshot.timestamp_ms),
        rows=rows_at(snapshot),
        run_id=entry.run_id if entry else None,
        batch_id=stamp.batch_id if stamp else None,
    )


def _is_compaction(snapshot: Snapshot) -> bool:
    return snapshot.summary is not None and snapshot.summary.operation is Operation.REPLACE


def _there_are(table: Table) -> str:
    return f"of runs there are {kept_runs(table)}"


def _error(table: Table, name: str, why: str) -> TimeTravelError:
    return TimeTravelError(table=".".join(table.name()), as_of=name, why=why)
