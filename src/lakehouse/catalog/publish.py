"""Publish: audit on a branch, then one commit that adds the ledger entry and moves ``main``, or nothing at all.

The base is fixed once, before anything is read. ``main`` moves only if it still is that base, so a run that was
overtaken loses nothing of anyone: it is told, and its rows stay on its branch until the branch expires.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Protocol, TypeGuard

from pyiceberg.table import Table, Transaction
from pyiceberg.table.refs import SnapshotRefType
from pyiceberg.table.update import (
    AssertRefSnapshotId,
    AssertTableUUID,
    RemoveSnapshotRefUpdate,
    SetSnapshotRefUpdate,
)

from lakehouse.catalog.conflicts import commit
from lakehouse.catalog.iceberg import Lake
from lakehouse.catalog.ledger import AUDIT, LedgerEntry, ancestors, lineage
from lakehouse.catalog.retention import Retention, tag_updates
from lakehouse.contract.table import TableSpec
from lakehouse.errors import PublishConflictError

BRANCH_KEPT_MS = 7 * 24 * 3600 * 1000


@dataclass(frozen=True, kw_only=True)
class Audit:
    """A branch that a run writes to, made at the base that the run fixed."""

    lake: Lake
    spec: TableSpec
    base: int
    branch: str

    @property
    def target(self) -> str:
        """The name under which Spark writes to the branch."""
        return f"{self.lake.target_name(self.spec.name)}.branch_{self.branch}"


def open_audit(lake: Lake, spec: TableSpec, *, run_id: str) -> Audit:
    """Create or evolve the table, fix the base snapshot and make the audit branch there.

    A table without any snapshot gets an empty one first: a branch has to point at something.
    """
    lake.ensure(spec)
    if lake.table(spec.name).current_snapshot() is None:
        commit(lake.catalog, spec.name, _add_empty_snapshot, made=lambda table: table.current_snapshot() is not None)
    base = lake.table(spec.name).current_snapshot()
    assert base is not None, "made above; the head of main is never expired"
    branch = f"{AUDIT}{run_id}"

    def make(table: Table) -> None:
        table.manage_snapshots().create_branch(base.snapshot_id, branch, max_ref_age_ms=BRANCH_KEPT_MS).commit()

    commit(lake.catalog, spec.name, make, made=lambda table: branch in table.refs())
    lake.refresh(spec.name)
    return Audit(lake=lake, spec=spec, base=base.snapshot_id, branch=branch)


class Entry(Protocol):
    """What is written about a publish: a ledger entry, or the stamp of a stream's batch."""

    def summary(self) -> dict[str, str]:
        """Give the snapshot properties that carry it."""


def publish(audit: Audit, entry: Entry, retention: Retention | None = None) -> int:
    """Add an empty snapshot with the entry on the branch and move ``main`` there, in one commit. Gives its id.

    The publish of a ledger entry is tagged in the same commit, unless it is a slice of a backfill that goes on, and the
    tags of the oldest publishes beyond those that ``retention`` keeps are removed; without it none is removed. Tags of
    others are left alone.

    Cost: one catalog commit, no data. The session sees the result when this returns.

    Raises:
        PublishConflictError: ``main`` is not at the base any more; nothing was changed.
    """
    tried: list[int] = []

    def move(table: Table) -> None:
        head = main_of(table)
        if head != audit.base:
            raise PublishConflictError(table=audit.spec.name, base=audit.base, found=head)
        _move_main(table, audit, entry, retention, tried)

    def published(table: Table) -> list[int]:
        return [one.snapshot_id for one in ancestors(table) if one.snapshot_id in tried]

    commit(audit.lake.catalog, audit.spec.name, move, made=lambda table: bool(published(table)))
    audit.lake.refresh(audit.spec.name)
    # Where a commit was tried again because the catalog did not say, the first may be the one that was made.
    return tried[-1] if len(tried) == 1 else published(audit.lake.table(audit.spec.name))[0]


def seal(audit: Audit, entry: LedgerEntry) -> int:
    """Add the empty snapshot with the entry on the branch and leave ``main``. Gives its id.

    It is what ``publish`` does but for the move of ``main``, which can be made later, by another process too, and then
    touches nothing else. Cost: one catalog commit, no data.
    """
    tried: list[int] = []

    def add(table: Table) -> None:
        transaction = _entry_on_branch(table, audit, entry, tried)
        table._do_commit(
            requirements=(
                AssertTableUUID(uuid=table.metadata.table_uuid),
                AssertRefSnapshotId(ref=audit.branch, snapshot_id=table.refs()[audit.branch].snapshot_id),
            ),
            updates=transaction._updates,
        )

    def sealed(table: Table) -> int:
        return table.refs()[audit.branch].snapshot_id

    commit(audit.lake.catalog, audit.spec.name, add, made=lambda table: sealed(table) in tried)
    audit.lake.refresh(audit.spec.name)
    return sealed(audit.lake.table(audit.spec.name))


def _entry_on_branch(table: Table, audit: Audit, entry: Entry, tried: list[int]) -> Transaction:
    if isinstance(entry, LedgerEntry):
        found = map(LedgerEntry.from_snapshot, lineage(table))
        # Slices of a backfill are left to expiry, which would break the chain.
        before = next((one.snapshot_id for one in found if one and not one.is_part), None)
        entry = dataclasses.replace(entry, previous=before)
    transaction = table.transaction()
    empty = table.schema().as_arrow().empty_table()
    transaction.append(empty, snapshot_properties=entry.summary(), branch=audit.branch)
    # Noted before the commit: the catalog may not say whether it made it.
    tried.append(transaction.table_metadata.refs[audit.branch].snapshot_id)
    return transaction


def _move_main(table: Table, audit: Audit, entry: Entry, retention: Retention | None, tried: list[int]) -> None:
    transaction = _entry_on_branch(table, audit, entry, tried)
    head = tried[-1]
    # Committed by us, not by the transaction: that one keeps a single assertion per type, which would drop the one on
    # main, and rebuilds its updates when it retries, which would drop the move of main.
    table.catalog.commit_table(
        table,
        requirements=(
            AssertTableUUID(uuid=table.metadata.table_uuid),
            AssertRefSnapshotId(ref="main", snapshot_id=audit.base),
            AssertRefSnapshotId(ref=audit.branch, snapshot_id=table.refs()[audit.branch].snapshot_id),
        ),
        updates=(
            *transaction._updates,
            point_main_to(table, head),
            RemoveSnapshotRefUpdate(ref_name=audit.branch),
            *(tag_updates(table, entry, head, retention) if _is_tagged(entry) else ()),
        ),
    )


def _is_tagged(entry: Entry) -> TypeGuard[LedgerEntry]:
    return isinstance(entry, LedgerEntry) and not entry.is_part


def point_main_to(table: Table, snapshot_id: int) -> SetSnapshotRefUpdate:
    """Move ``main`` to a snapshot; what it was told to keep of its past, it goes on to keep."""
    main = table.refs().get("main")
    return SetSnapshotRefUpdate(
        ref_name="main",
        type=SnapshotRefType.BRANCH,
        snapshot_id=snapshot_id,
        max_ref_age_ms=main.max_ref_age_ms if main else None,
        max_snapshot_age_ms=main.max_snapshot_age_ms if main else None,
        min_snapshots_to_keep=main.min_snapshots_to_keep if main else None,
    )


def _add_empty_snapshot(table: Table) -> None:
    if table.current_snapshot() is None:
        table.append(table.schema().as_arrow().empty_table())


def main_of(table: Table) -> int | None:
    """Give the snapshot that ``main`` is at; None for a table without any."""
    head = table.refs().get("main")
    return head.snapshot_id if head else None
