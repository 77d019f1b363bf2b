"""Old snapshots expire, but for those that someone needs; what they said of publishes is copied first."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice

from pyiceberg.table import Table

from lakehouse.catalog.iceberg import Lake
from lakehouse.catalog.ledger import ancestors
from lakehouse.catalog.publishes import keep_publishes
from lakehouse.catalog.time_travel import instant_of
from lakehouse.contract.table import TableSpec
from lakehouse.contract.upkeep import Upkeep
from lakehouse.maintenance.expired import Expired, expired
from lakehouse.maintenance.holds import Hold, holds_of
from lakehouse.maintenance.procedures import call
from lakehouse.maintenance.running import running

PATIENCE = 4
"""So many times ``keep_days`` are snapshots kept for a build or a reader that has not read on."""


@dataclass(frozen=True, kw_only=True)
class ExpiryPlan:
    """What expires and why, what is kept longer than by its age (``held``), and what is not any more (``given_up``).

    ``postponed`` says why nothing may be done now; empty where it may.
    """

    older_than: datetime
    keep: int
    gone: Expired
    why: str = ""
    held: tuple[str, ...] = ()
    given_up: tuple[str, ...] = ()
    postponed: str = ""


def plan_expiry(table: Table, upkeep: Upkeep, *, reads: Mapping[str, int], now: datetime) -> ExpiryPlan:
    """Tell which snapshots of a table can go. Cost: the metadata file that is loaded already.

    Args:
        reads: As ``holds_of`` takes it.
        upkeep: What the contract says.
        now: The instant.
    """
    wanted = max(now - timedelta(days=upkeep.keep_days), _by_count(table, upkeep))
    holds = holds_of(table, reads=reads, now=now)
    patience = now - timedelta(days=PATIENCE * upkeep.keep_days)
    given_up = [one for one in holds if one.waits_since is not None and one.waits_since < patience]
    honoured = [one for one in holds if one not in given_up]
    older_than = min([wanted, *(one.oldest for one in honoured)])
    old, gone = (expired(table, older_than=at, keep=upkeep.keep_snapshots, now=now) for at in (wanted, older_than))
    longer = [one for one in honoured if old != gone and one.oldest < wanted]
    return ExpiryPlan(
        older_than=older_than,
        keep=upkeep.keep_snapshots,
        gone=gone,
        why=_why(table, upkeep, gone),
        held=tuple(f"kept from snapshot {one.snapshot_id} on: {one.why}" for one in longer),
        given_up=tuple(_given_up(one, now) for one in given_up if one.snapshot_id in gone.snapshots),
        postponed=next(_obstacles(table, gone, honoured, now), ""),
    )


def expire(lake: Lake, spec: TableSpec, plan: ExpiryPlan) -> None:
    """Let the snapshots of a plan go, with the files that only they have, after their publishes were copied.

    Cost: a small append to ``ops.publishes``, one commit, and a job that compares the files of the snapshots before and
    after; each file that goes is one request to the store.
    """
    keep_publishes(lake, spec.name)
    call(
        lake,
        spec,
        "expire_snapshots",
        older_than=f"TIMESTAMP '{plan.older_than:%Y-%m-%d %H:%M:%S.%f}+00:00'",
        retain_last=str(plan.keep),
        # The list of files would else be in the driver's memory as a whole.
        stream_results="true",
    )


def _by_count(table: Table, upkeep: Upkeep) -> datetime:
    """Give the instant of the oldest snapshot that may stay for its number; where all may, one before all."""
    newest = islice(ancestors(table), upkeep.max_snapshots - 1, None)
    oldest, more = next(newest, None), next(newest, None)
    return instant_of(oldest.timestamp_ms if oldest and more else 0)


def _why(table: Table, upkeep: Upkeep, gone: Expired) -> str:
    reasons = []
    if gone.snapshots:
        count, whole = len(gone.snapshots), len(table.snapshots())
        limit = f"older than {upkeep.keep_days} days and not among the newest {upkeep.keep_snapshots}"
        if whole > upkeep.max_snapshots:
            limit += f", or not among the newest {upkeep.max_snapshots:,}"
        reasons.append(f"{count:,} of {whole:,} snapshots are {limit}")
    if gone.refs:
        reasons.append(f"{len(gone.refs)} tags or branches are past their age")
    return ", and ".join(reasons)


def _given_up(hold: Hold, now: datetime) -> str:
    assert hold.waits_since is not None, "only who waits is given up"
    days = (now - hold.waits_since).days
    return f"not kept any longer: snapshot {hold.snapshot_id}; {hold.why}, and not on for {days} days"


def _obstacles(table: Table, gone: Expired, honoured: list[Hold], now: datetime) -> Iterator[str]:
    if table.properties.get("gc.enabled", "true").lower() != "true":
        yield "the table's property gc.enabled is false"
    # Iceberg counts the age of a branch from its snapshot, which may be an old one.
    if at_work := sorted(set(gone.refs) & running(table, now=now).keys()):
        yield f"branch {at_work[0]} would go by its age, and a build may be at work on it"
    if needed := [one for one in honoured if one.snapshot_id in gone.snapshots]:
        yield (
            f"by the max_snapshot_age_ms of the branch main itself, snapshot {needed[0].snapshot_id} would go, and "
            f"{needed[0].why}"
        )
