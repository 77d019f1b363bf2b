"""Put ``main`` back to a publish, or forward again: one catalog commit, and no data is touched."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from pyiceberg.catalog import Catalog
from pyiceberg.table import Table
from pyiceberg.table.snapshots import Snapshot
from pyiceberg.table.update import AssertRefSnapshotId, AssertTableUUID

from lakehouse.catalog.conflicts import commit
from lakehouse.catalog.iceberg import load_table
from lakehouse.catalog.ledger import LedgerEntry, lineage, row_count
from lakehouse.catalog.publish import main_of, point_main_to
from lakehouse.catalog.quality_metrics import past_scores
from lakehouse.catalog.retention import Retention, tag_of
from lakehouse.catalog.time_travel import Publish, State, changes_since_publish, instant_of, kept_runs, publishes
from lakehouse.contract.kafka_record import KafkaRecord
from lakehouse.contract.table import TableSpec
from lakehouse.errors import LakehouseError


class RollbackError(LakehouseError):
    """A table is not put back; nothing was changed."""

    def __init__(self, *, table: str, why: str) -> None:
        self.table = table
        super().__init__(f"{table} was not rolled back: {why}")


@dataclass(frozen=True, kw_only=True)
class Rollback:
    """A move of ``main`` that was looked at and can be made.

    ``head`` is the snapshot that ``main`` is at, with ``rows``; ``before`` the publish that it holds, None where that
    has expired, and ``by_hand`` tells whether the table was changed since. ``after`` is the publish to go to.
    """

    table: str
    head: int
    rows: int
    before: Publish | None
    by_hand: bool
    after: Publish


def plan_rollback(catalog: Catalog, spec: TableSpec, *, to: str | None = None) -> Rollback:
    """Look at what a rollback would do. Changes nothing. Cost: metadata.

    Args:
        to: A run or a snapshot that has published the table; it may be one that was rolled back. None takes the
            publish before the current one; where the table was changed by hand since, the current one.

    Raises:
        RollbackError: A stream fills the table, it is there already, or there is no such publish, or not any more.
        TableNotFoundError: The table does not exist.
    """
    table = load_table(catalog, spec.name)
    found = publishes(table)
    _refuse_stream(spec, found)
    current = next((one for one in found if one.state is State.CURRENT), None)
    by_hand = any(changes_since_publish(table))
    after = _before(table, found, by_hand=by_hand) if to is None else _named(catalog, table, found, to)
    if after is current and not by_hand:
        raise RollbackError(table=spec.name, why=f"it is at {_called(after)} already")
    return Rollback(
        table=spec.name,
        head=main_of(table) or 0,
        rows=row_count(table),
        before=current,
        by_hand=by_hand,
        after=after,
    )


def roll_back(catalog: Catalog, plan: Rollback, retention: Retention | None = None) -> None:
    """Move ``main`` as planned, if it is still where it was when that was looked at.

    The publish that it leaves gets its tag anew, so that for as long as ``retention`` says from now on it can be rolled
    forward again. Cost: one catalog commit.

    Raises:
        RollbackError: ``main`` was moved in between, or the publish to go to has expired.
    """
    keep_for = (retention or Retention()).keep_for

    def move(table: Table) -> None:
        head = main_of(table)
        if head != plan.head:
            why = f"main was at {plan.head} when it was looked at and is at {head} now; look at it once more"
            raise RollbackError(table=plan.table, why=why)
        if table.snapshot_by_id(plan.after.snapshot_id) is None:
            raise RollbackError(table=plan.table, why=f"{_called(plan.after)} has expired in the meantime")
        updates = [point_main_to(table, plan.after.snapshot_id)]
        if plan.before and plan.before.entry:
            # Iceberg counts the age of a tag from its snapshot, which may be an old one.
            age = max(datetime.now(UTC) - plan.before.at, timedelta(0))
            updates.append(tag_of(plan.before.entry, plan.before.snapshot_id, keep_for=age + keep_for))
        # By hand, for the reasons that ``publish`` has.
        catalog.commit_table(
            table,
            requirements=(
                AssertTableUUID(uuid=table.metadata.table_uuid),
                AssertRefSnapshotId(ref="main", snapshot_id=plan.head),
            ),
            updates=tuple(updates),
        )

    commit(catalog, plan.table, move, made=lambda table: main_of(table) == plan.after.snapshot_id)


def _refuse_stream(spec: TableSpec, found: list[Publish]) -> None:
    by_contract = issubclass(spec.schema, KafkaRecord)
    if by_contract or any(one.stamp for one in found):
        raise RollbackError(
            table=spec.name,
            why="a stream fills it, and would lose records or write them twice if the table was put back alone. Where "
            f"the stream goes on is said with `lakehouse stream {spec.name if by_contract else 'TABLE'} --recover`",
        )


def _before(table: Table, found: list[Publish], *, by_hand: bool) -> Publish:
    by_id = {one.snapshot_id: one for one in found}
    line = [by_id[one.snapshot_id] for one in lineage(table) if one.snapshot_id in by_id]
    # A backfill is undone as one: between its slices a table is made by two codes.
    line = line[:1] + [one for one in line[1:] if one.entry is None or not one.entry.is_part]
    if len(line) > (0 if by_hand else 1):
        return line[0 if by_hand else 1]
    if not line:
        why = "what main is at was published by no run"
    elif line[0].entry and line[0].entry.previous is not None:
        why = f"the publish before {_called(line[0])} has expired"
    else:
        why = f"nothing was published before {_called(line[0])}"
    raise RollbackError(
        table=".".join(table.name()), why=f"{why}; publishes that can be named with --to: {kept_runs(table)}"
    )


def _named(catalog: Catalog, table: Table, found: list[Publish], to: str) -> Publish:
    for one in found:
        if to in (one.entry.run_id if one.entry else None, str(one.snapshot_id)):
            return one
    name = ".".join(table.name())
    snapshot = table.snapshot_by_id(int(to)) if to.isdecimal() else None
    if snapshot is not None:
        raise RollbackError(table=name, why=f"{_unpublished(snapshot)}; these runs did: {kept_runs(table)}")
    expired = {one for score in past_scores(catalog, name) for one in (score.run_id, str(score.snapshot_id))}
    expired |= {str(one.parent_snapshot_id) for one in table.snapshots()} | {str(e.previous) for e in _entries(found)}
    what = "has expired" if to in expired else "is no run and no snapshot of it"
    raise RollbackError(table=name, why=f"{to} {what}; of runs there are {kept_runs(table)}")


def _entries(found: list[Publish]) -> list[LedgerEntry]:
    return [one.entry for one in found if one.entry]


def _unpublished(snapshot: Snapshot) -> str:
    instant = f"{instant_of(snapshot.timestamp_ms):%Y-%m-%d %H:%M:%S} UTC"
    return f"snapshot {snapshot.snapshot_id} of {instant} was published by no run"


def _called(one: Publish) -> str:
    return f"run {one.entry.run_id}, snapshot {one.snapshot_id}" if one.entry else f"snapshot {one.snapshot_id}"
