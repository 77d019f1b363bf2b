"""Bring a release of several tables to its end: all of them are published, or none.

No catalog has one commit for several tables, so each is moved by its own, that asserts where it was, and the journal
(``release_journal``) says beforehand what is to be done. Whoever finds a release under way can go on with it: forward,
while every table is at its base or published already; back, when someone else has moved one of them. The tag that
readers ask for is set when all tables are published, and no way back takes it away again.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from pyiceberg.catalog import Catalog
from pyiceberg.table import Table
from pyiceberg.table.refs import SnapshotRefType
from pyiceberg.table.update import (
    AssertRefSnapshotId,
    AssertTableUUID,
    RemoveSnapshotRefUpdate,
    SetSnapshotRefUpdate,
    TableUpdate,
)

from lakehouse.catalog.conflicts import commit
from lakehouse.catalog.iceberg import load_table
from lakehouse.catalog.leasing import Leasing, hold
from lakehouse.catalog.ledger import LedgerEntry, ancestors
from lakehouse.catalog.publish import main_of, point_main_to
from lakehouse.catalog.release_journal import (
    JOURNAL,
    LakeRelease,
    Member,
    ReleaseState,
    note,
    releases,
    unfinished,
)
from lakehouse.catalog.retention import Retention, tag_updates
from lakehouse.catalog.time_travel import instant_of
from lakehouse.errors import LakehouseError, PublishConflictError

_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")


class LakeReleaseError(LakehouseError):
    """Tables were not released together; none of them was published by it."""

    def __init__(self, *, release: str, why: str) -> None:
        self.release = release
        super().__init__(f"release {release} was not made, and none of its tables was published by it: {why}")


def refuse_name(catalog: Catalog, name: str) -> None:
    """Make sure that a release of this name can be made: it is a name, and there is none of it yet.

    Raises:
        LakeReleaseError: It cannot.
    """
    if not _NAME.fullmatch(name):
        why = "a name is of lower case letters, digits and . _ -, at most 64 of them, such as 2026-11"
        raise LakeReleaseError(release=repr(name), why=why)
    found = next((one for one in releases(catalog) if one.name == name), None)
    if found is not None and found.state is not ReleaseState.ROLLED_BACK:
        why = f"there is one of this name already, {found.state} at {found.at:%Y-%m-%d %H:%M:%S} UTC"
        raise LakeReleaseError(release=name, why=f"{why}; take another name")


def settle(catalog: Catalog, release: LakeRelease, retention: Retention) -> LakeRelease:
    """Bring a release to its end, from wherever it is: forward where that can be, else back. Gives how it ended.

    It can be killed at any point and called again, also by several at once. Cost: one commit for each table that is
    published and one for each tag, two rows of the journal.
    """
    if release.state is ReleaseState.AUDITED:
        release = _next(catalog, release, _forward(catalog, release, retention))
        if release.state is ReleaseState.ROLLED_BACK:
            # By someone else, while some were still published here.
            _put_all_back(catalog, release)
    if release.state is ReleaseState.ROLLING_BACK:
        _put_all_back(catalog, release)
        release = _next(catalog, release, release.then(ReleaseState.ROLLED_BACK))
    if release.state is ReleaseState.PUBLISHED:
        older = [
            one.tag for one in releases(catalog) if one.state is ReleaseState.RELEASED and one.name != release.name
        ]
        for member in release.members:
            _tag(catalog, member, release.tag, retention, ends=older[retention.keep_count - 1 :])
        release = _next(catalog, release, release.then(ReleaseState.RELEASED))
    return release if release.state.is_over else settle(catalog, release, retention)


def settle_unfinished(catalog: Catalog, *, retention: Retention, leasing: Leasing | None = None) -> list[LakeRelease]:
    """Bring releases to their end whose run died, and give how each ended; one that is alive is waited for.

    Cost: metadata of the journal, where there is nothing to do; else as ``settle``.

    Raises:
        LeaseHeldError: A release was under way for longer than it was waited for.
    """
    if not unfinished(catalog):
        return []
    with hold(leasing, catalog, JOURNAL):
        return [settle(catalog, one, retention) for one in unfinished(catalog)]


def _next(catalog: Catalog, release: LakeRelease, then: LakeRelease) -> LakeRelease:
    """Write the next step; where someone else has written one meanwhile, that is the one to go on from."""
    if note(catalog, then, after=release.state):
        return then
    return next(one for one in releases(catalog) if one.name == release.name)


def _forward(catalog: Catalog, release: LakeRelease, retention: Retention) -> LakeRelease:
    changed = [one for one in release.members if one.branch]
    try:
        # All are looked at before the first is moved: as a rule nobody sees anything of a release that goes back.
        for member in changed:
            _refuse_moved(load_table(catalog, member.table), member)
        for member in changed:
            _publish(catalog, member, retention)
    except LakehouseError as error:
        return release.then(ReleaseState.ROLLING_BACK, note=str(error))
    return release.then(ReleaseState.PUBLISHED)


def _is_published(table: Table, member: Member) -> bool:
    return any(one.snapshot_id == member.snapshot for one in ancestors(table))


def _refuse_moved(table: Table, member: Member) -> None:
    if _is_published(table, member):
        return
    gone = table.snapshot_by_id(member.snapshot) is None
    if gone or main_of(table) != member.base:
        raise PublishConflictError(table=member.table, base=member.base, found=None if gone else main_of(table))


def _publish(catalog: Catalog, member: Member, retention: Retention) -> None:
    def move(table: Table) -> None:
        _refuse_moved(table, member)
        if _is_published(table, member):
            return
        sealed = table.snapshot_by_id(member.snapshot)
        entry = LedgerEntry.from_snapshot(sealed) if sealed else None
        updates: list[TableUpdate] = [point_main_to(table, member.snapshot)]
        updates += [RemoveSnapshotRefUpdate(ref_name=member.branch)] if member.branch in table.refs() else []
        updates += tag_updates(table, entry, member.snapshot, retention) if entry else ()
        _commit(catalog, table, member.base, updates)

    commit(catalog, member.table, move, made=lambda table: _is_published(table, member))


def _put_all_back(catalog: Catalog, release: LakeRelease) -> None:
    for member in reversed(release.members):
        _put_back(catalog, member)


def _put_back(catalog: Catalog, member: Member) -> None:
    """Move ``main`` back to the base if it is at the release's snapshot; what others did on top of that stays."""

    def move(table: Table) -> None:
        if not member.branch or main_of(table) != member.snapshot or table.snapshot_by_id(member.base) is None:
            return
        sealed = table.snapshot_by_id(member.snapshot)
        entry = LedgerEntry.from_snapshot(sealed) if sealed else None
        updates: list[TableUpdate] = [point_main_to(table, member.base)]
        if entry is not None and entry.tag in table.refs():
            updates.append(RemoveSnapshotRefUpdate(ref_name=entry.tag))
        _commit(catalog, table, member.snapshot, updates)

    commit(catalog, member.table, move, made=lambda table: main_of(table) == member.base)


def _tag(catalog: Catalog, member: Member, tag: str, retention: Retention, *, ends: Iterable[str]) -> None:
    def set_tag(table: Table) -> None:
        snapshot = table.snapshot_by_id(member.snapshot)
        if tag in table.refs() or snapshot is None:
            return
        # Iceberg counts the age of a tag from its snapshot, which of a table that is up to date may be an old one.
        age = max(datetime.now(UTC) - instant_of(snapshot.timestamp_ms), timedelta(0)) + retention.keep_for
        kept = SetSnapshotRefUpdate(
            ref_name=tag,
            type=SnapshotRefType.TAG,
            snapshot_id=member.snapshot,
            max_ref_age_ms=age // timedelta(milliseconds=1),
            max_snapshot_age_ms=None,
            min_snapshots_to_keep=None,
        )
        ended = [RemoveSnapshotRefUpdate(ref_name=one) for one in ends if one in table.refs()]
        table._do_commit(requirements=(AssertTableUUID(uuid=table.metadata.table_uuid),), updates=(kept, *ended))

    commit(catalog, member.table, set_tag, made=lambda table: tag in table.refs())


def _commit(catalog: Catalog, table: Table, base: int, updates: Iterable[TableUpdate]) -> None:
    # By hand, for the reasons that ``publish`` has.
    catalog.commit_table(
        table,
        requirements=(
            AssertTableUUID(uuid=table.metadata.table_uuid),
            AssertRefSnapshotId(ref="main", snapshot_id=base),
        ),
        updates=tuple(updates),
    )
