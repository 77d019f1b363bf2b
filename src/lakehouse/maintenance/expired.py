"""What Iceberg's ``expire_snapshots`` would take: its rules once more, so that a plan can be shown before it is run."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from pyiceberg.table import Table
from pyiceberg.table.refs import SnapshotRef, SnapshotRefType

from lakehouse.catalog.ledger import ancestors_of
from lakehouse.catalog.time_travel import instant_of


@dataclass(frozen=True, kw_only=True)
class Expired:
    """Snapshots, and tags and branches, that an expiry takes."""

    snapshots: tuple[int, ...]
    refs: tuple[str, ...]

    def __bool__(self) -> bool:
        return bool(self.snapshots or self.refs)


def expired(table: Table, *, older_than: datetime, keep: int, now: datetime) -> Expired:
    """Tell what an expiry with these arguments takes at an instant. Cost: the metadata file that is loaded already.

    Source: Iceberg 1.11, ``RemoveSnapshots``: tags and branches go by their own ages; of each branch that is left its
    newest snapshots stay, and those before as long as they are not older; of all others those that are not older.
    """
    refs = {name: ref for name, ref in table.refs().items() if name == "main" or not _is_past_age(table, ref, now)}
    kept = {ref.snapshot_id for ref in refs.values()}
    reached = set(kept)
    for ref in refs.values():
        if ref.snapshot_ref_type == SnapshotRefType.BRANCH:
            line = list(ancestors_of(table, ref.snapshot_id))
            reached |= {one.snapshot_id for one in line}
            age, least = ref.max_snapshot_age_ms, ref.min_snapshots_to_keep
            oldest = older_than if age is None else _before(now, age)
            for at, one in enumerate(line):
                if at >= (keep if least is None else least) and instant_of(one.timestamp_ms) < oldest:
                    break
                kept.add(one.snapshot_id)
    kept |= {
        one.snapshot_id
        for one in table.snapshots()
        if one.snapshot_id not in reached and instant_of(one.timestamp_ms) >= older_than
    }
    return Expired(
        snapshots=tuple(one.snapshot_id for one in table.snapshots() if one.snapshot_id not in kept),
        refs=tuple(name for name in table.refs() if name not in refs),
    )


def _is_past_age(table: Table, ref: SnapshotRef, now: datetime) -> bool:
    by_default = table.properties.get("history.expire.max-ref-age-ms")
    age = ref.max_ref_age_ms if ref.max_ref_age_ms is not None else int(by_default) if by_default else None
    snapshot = table.snapshot_by_id(ref.snapshot_id)
    return snapshot is None or (age is not None and instant_of(snapshot.timestamp_ms) < _before(now, age))


def _before(now: datetime, milliseconds: int) -> datetime:
    # An age may be that of for ever.
    return instant_of(max(0, round(now.timestamp() * 1000) - milliseconds))
