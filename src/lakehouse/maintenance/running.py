"""Whether a build, or a stream that merges, may be at work on a table: it has a young audit branch then."""

from __future__ import annotations

from datetime import datetime, timedelta

from pyiceberg.table import Table

from lakehouse.catalog.ledger import AUDIT
from lakehouse.catalog.time_travel import instant_of

RUNNING = timedelta(hours=2)
"""A branch that nothing was done to for longer is what a run has left behind."""


def running(table: Table, *, now: datetime) -> dict[str, datetime]:
    """Give the audit branches that may still be written to, and the instant until which something was done to each.

    A branch does not say when it was made. It was made while ``main`` was at its base, so at the latest when ``main``
    left that; where it was written to, its own snapshot tells. Cost: the metadata file that is loaded already.
    """
    found = {name: _last_done(table, ref.snapshot_id) for name, ref in table.refs().items() if name.startswith(AUDIT)}
    return {name: instant for name, instant in found.items() if now - instant < RUNNING}


def left_at(table: Table, snapshot_id: int) -> datetime | None:
    """Give the instant at which ``main`` was moved on from a snapshot; None where it is there, or never was."""
    log = table.history()
    places = [at for at, one in enumerate(log) if one.snapshot_id == snapshot_id]
    return instant_of(log[places[-1] + 1].timestamp_ms) if places and places[-1] + 1 < len(log) else None


def _last_done(table: Table, head: int) -> datetime:
    if any(one.snapshot_id == head for one in table.history()):
        # Nothing was written to it yet.
        return left_at(table, head) or instant_of(table.metadata.last_updated_ms)
    snapshot = table.snapshot_by_id(head)
    assert snapshot is not None, "Iceberg keeps what a branch points at"
    return instant_of(snapshot.timestamp_ms)
