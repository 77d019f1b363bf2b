"""Which publishes outlive expiry: a tag for each of them, with an age at which it ends, and so many at most."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

from pyiceberg.table import Table
from pyiceberg.table.refs import SnapshotRefType
from pyiceberg.table.update import RemoveSnapshotRefUpdate, SetSnapshotRefUpdate

from lakehouse.catalog.ledger import LedgerEntry


@dataclass(frozen=True, kw_only=True)
class Retention:
    """How long the tag of a publish keeps it from expiry, and how many publishes of a table have one."""

    keep_for: timedelta = timedelta(days=30)
    keep_count: int = 20

    def __post_init__(self) -> None:
        # Iceberg refuses to read a table with a tag of no age.
        if self.keep_for < timedelta(milliseconds=1) or self.keep_count < 1:
            raise ValueError(f"publishes are kept for a millisecond at least, and one of them at least: {self}")


def tag_updates(
    table: Table, entry: LedgerEntry, head: int, retention: Retention | None
) -> Iterator[SetSnapshotRefUpdate | RemoveSnapshotRefUpdate]:
    """Give the updates of a commit that publishes ``entry`` at ``head``: its tag, and the end of tags beyond the count.

    Without ``retention`` no tag ends. Tags that no publish has set are not counted and not touched.
    """
    yield tag_of(entry, head, keep_for=(retention or Retention()).keep_for)
    if retention is not None:
        others = [tag for tag in _oldest_first(table) if tag != entry.tag]
        for tag in others[: max(0, len(others) + 1 - retention.keep_count)]:
            yield RemoveSnapshotRefUpdate(ref_name=tag)


def tag_of(entry: LedgerEntry, snapshot_id: int, *, keep_for: timedelta) -> SetSnapshotRefUpdate:
    """Give the update that tags a publish. Iceberg counts ``keep_for`` from the instant of the snapshot."""
    return SetSnapshotRefUpdate(
        ref_name=entry.tag,
        type=SnapshotRefType.TAG,
        snapshot_id=snapshot_id,
        max_ref_age_ms=keep_for // timedelta(milliseconds=1),
        max_snapshot_age_ms=None,
        min_snapshots_to_keep=None,
    )


def publish_tags(table: Table) -> dict[int, str]:
    """Give the tags that publishes set, by their snapshots."""
    entries = {one.snapshot_id: LedgerEntry.from_snapshot(one) for one in table.snapshots()}
    return {
        ref.snapshot_id: name
        for name, ref in table.refs().items()
        if (entry := entries.get(ref.snapshot_id)) is not None and name == entry.tag
    }


def _oldest_first(table: Table) -> list[str]:
    """Give the tags of publishes by the instant at which ``main`` came there last: a rollback makes one new again."""
    last = {one.snapshot_id: one.timestamp_ms for one in table.snapshots()}
    last |= {one.snapshot_id: one.timestamp_ms for one in table.history()}
    tags = publish_tags(table)
    return [tags[snapshot_id] for snapshot_id in sorted(tags, key=lambda one: last[one])]
