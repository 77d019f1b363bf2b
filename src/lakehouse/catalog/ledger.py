"""What a publish writes about itself: the ledger entry in the summary of the snapshot that it moves ``main`` to.

There is no other state store. Summaries roll back with ``main``; table properties would not.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from pyiceberg.table import Table
from pyiceberg.table.snapshots import Operation, Snapshot

from lakehouse.catalog.backfill_mark import BackfillMark
from lakehouse.quality.table_score import TableScore

_PREFIX = "lakehouse."
_TAG_PREFIX = "publish_"
AUDIT = "audit_"
"""How the branches begin that runs write to before they publish."""
_SAME_ROWS = {Operation.APPEND, Operation.REPLACE}


@dataclass(frozen=True, kw_only=True)
class LedgerEntry:
    """One publish: who wrote what from what, and how good it was.

    ``inputs`` maps input table → the snapshot that was read; ``code``, ``rules`` and ``sources`` are fingerprints,
    the last of all code that the build could reach; ``score`` is the JSON of a ``TableScore``, or empty where a table
    has no rules. ``previous`` is the publish that this one was made on top of, which ``publish`` fills in.
    ``strategy`` is how its rows were written, ``bytes_read`` the size of the input files that were read, at most,
    ``seconds`` what it took until the publish, and ``engine`` what computed its rows, with its version. ``expired`` are
    the rows, by input, that were gone from it when the table was last made of all of it. ``backfill`` is filled in by a
    backfill.
    """

    run_id: str
    published_at: datetime
    inputs: Mapping[str, int] = field(default_factory=dict)
    code: str = ""
    rules: str = ""
    score: str = ""
    strategy: str = ""
    bytes_read: int = 0
    seconds: float = 0.0
    engine: str = ""
    sources: str = ""
    expired: Mapping[str, int] = field(default_factory=dict)
    backfill: BackfillMark | None = None
    previous: int | None = None
    snapshot_id: int | None = None

    @property
    def tag(self) -> str:
        """The tag that keeps the publish from expiry."""
        return f"{_TAG_PREFIX}{self.run_id}"

    @property
    def is_part(self) -> bool:
        """Whether it is a slice of a backfill that goes on: no state to come back to, so neither tagged nor counted."""
        return self.backfill is not None and not self.backfill.complete

    @property
    def table_score(self) -> TableScore | None:
        """The score that it was published with; None where the table has no rules."""
        return TableScore.from_json(self.score) if self.score else None

    def summary(self) -> dict[str, str]:
        """Give the snapshot properties that carry this entry."""
        found = {
            f"{_PREFIX}run-id": self.run_id,
            f"{_PREFIX}published-at": self.published_at.isoformat(),
            f"{_PREFIX}inputs": json.dumps(dict(self.inputs), sort_keys=True),
            f"{_PREFIX}code": self.code,
            f"{_PREFIX}rules": self.rules,
            f"{_PREFIX}score": self.score,
        }
        if self.strategy:
            took = {"strategy": self.strategy, "bytes-read": str(self.bytes_read), "seconds": f"{self.seconds:.3f}"}
            found |= {f"{_PREFIX}{name}": value for name, value in took.items()}
        by = {"engine": self.engine, "sources": self.sources}
        found |= {f"{_PREFIX}{name}": value for name, value in by.items() if value}
        if self.expired:
            found[f"{_PREFIX}expired"] = json.dumps(dict(self.expired), sort_keys=True)
        if self.backfill:
            found[f"{_PREFIX}backfill"] = self.backfill.to_json()
        return found if self.previous is None else found | {f"{_PREFIX}previous": str(self.previous)}

    @staticmethod
    def from_snapshot(snapshot: Snapshot) -> LedgerEntry | None:
        """Read the entry of a snapshot; None when no publish made it."""
        summary = snapshot.summary.additional_properties if snapshot.summary else {}
        if f"{_PREFIX}published-at" not in summary:
            return None
        return LedgerEntry(
            run_id=summary[f"{_PREFIX}run-id"],
            published_at=datetime.fromisoformat(summary[f"{_PREFIX}published-at"]),
            inputs=json.loads(summary[f"{_PREFIX}inputs"]),
            code=summary[f"{_PREFIX}code"],
            rules=summary[f"{_PREFIX}rules"],
            score=summary[f"{_PREFIX}score"],
            strategy=summary.get(f"{_PREFIX}strategy", ""),
            bytes_read=int(summary.get(f"{_PREFIX}bytes-read", 0)),
            seconds=float(summary.get(f"{_PREFIX}seconds", 0)),
            engine=summary.get(f"{_PREFIX}engine", ""),
            sources=summary.get(f"{_PREFIX}sources", ""),
            expired=json.loads(summary.get(f"{_PREFIX}expired", "{}")),
            backfill=BackfillMark.from_json(mark) if (mark := summary.get(f"{_PREFIX}backfill")) else None,
            previous=int(previous) if (previous := summary.get(f"{_PREFIX}previous")) else None,
            snapshot_id=snapshot.snapshot_id,
        )


def ancestors(table: Table, ref: str = "main") -> Iterator[Snapshot]:
    """Give the snapshots from the head of a branch back to the oldest that is kept, from metadata alone."""
    head = table.refs().get(ref)
    return ancestors_of(table, head.snapshot_id) if head else iter(())


def ancestors_of(table: Table, snapshot_id: int) -> Iterator[Snapshot]:
    """Give a snapshot and those before it, back to the oldest that is kept."""
    by_id = {s.snapshot_id: s for s in table.snapshots()}
    snapshot = by_id.get(snapshot_id)
    while snapshot is not None:
        yield snapshot
        snapshot = by_id.get(snapshot.parent_snapshot_id) if snapshot.parent_snapshot_id is not None else None


def lineage(table: Table) -> Iterator[Snapshot]:
    """Give what ``main`` was made of, newest first, as far as it is kept.

    Unlike ``ancestors`` it goes on to the publish before, where the snapshots between two publishes have expired.
    """
    by_id: dict[int | None, Snapshot] = {s.snapshot_id: s for s in table.snapshots()}
    snapshot, previous = table.current_snapshot(), None
    while snapshot is not None:
        yield snapshot
        entry = LedgerEntry.from_snapshot(snapshot)
        previous = entry.previous if entry else previous
        snapshot = by_id.get(snapshot.parent_snapshot_id) or by_id.get(previous)


def only_added_since(table: Table, head: int | None = None) -> Iterator[Snapshot]:
    """Give the snapshots, from ``head`` or that of ``main`` backwards, as long as all their rows are there still.

    That is, as long as all later ones only appended rows, or rewrote the same ones (a compaction).
    """
    for snapshot in ancestors(table) if head is None else ancestors_of(table, head):
        yield snapshot
        if snapshot.summary is None or snapshot.summary.operation not in _SAME_ROWS:
            return


def waiting(table: Table) -> set[int]:
    """Give the snapshots at the heads of audit branches: what they say of themselves is not published yet."""
    return {ref.snapshot_id for name, ref in table.refs().items() if name.startswith(AUDIT)}


def history(table: Table) -> Iterator[LedgerEntry]:
    """Give the publishes of a table, newest first."""
    for snapshot in ancestors(table):
        entry = LedgerEntry.from_snapshot(snapshot)
        if entry is not None:
            yield entry


def latest(table: Table) -> LedgerEntry | None:
    """Give the newest publish of a table, or None when nothing was published yet."""
    return next(history(table), None)


def row_count(table: Table) -> int:
    """Give the rows on ``main`` from the head's summary, without reading data; position deletes are subtracted."""
    head = next(ancestors(table), None)
    return rows_at(head) if head else 0


def rows_at(snapshot: Snapshot) -> int:
    """Give the rows of a snapshot from its summary; position deletes are subtracted."""
    return summed(snapshot, "total-records") - summed(snapshot, "total-position-deletes")


def summed(snapshot: Snapshot | None, what: str) -> int:
    """Give a figure of a snapshot's summary, such as ``total-records``; 0 where it has none."""
    return int(snapshot.summary.additional_properties.get(what, 0)) if snapshot and snapshot.summary else 0


def is_append(snapshot: Snapshot) -> bool:
    """Tell whether a snapshot only added rows; a compaction, which writes rows that were there, is none."""
    return snapshot.summary is not None and snapshot.summary.operation is Operation.APPEND
