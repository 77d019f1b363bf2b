"""``ops.leases``: who is at work on which table, so that two runs do not build the same twice. It is advice.

A lease has a time to live and a fencing token: the number of leases that were ever given. Whoever does not renew it
loses it to the next one who asks, who gets a greater token. No publish rests on it: that asserts where ``main`` is.

Who holds what is in the summary of the newest snapshot, so taking a lease is a commit of metadata alone, and only if
``main`` is at the snapshot that was read. Snapshots before the newest few are removed in the same commit.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

from pyiceberg.catalog import Catalog
from pyiceberg.table import Table
from pyiceberg.table.update import AssertRefSnapshotId, AssertTableUUID, RemoveSnapshotsUpdate
from pyspark.sql.types import StringType

from lakehouse.catalog.conflicts import commit
from lakehouse.catalog.iceberg import TableNotFoundError, find_table
from lakehouse.catalog.log_table import find_or_create
from lakehouse.catalog.publish import main_of
from lakehouse.contract.marks import doc
from lakehouse.contract.schema import Column, Schema
from lakehouse.contract.table import spec_of, table
from lakehouse.errors import LakehouseError

_LEASES, _TOKEN = "lakehouse.leases", "lakehouse.lease-token"
_SNAPSHOTS = 5
_SHOWN = timedelta(days=1)
"""How long a lease that has ended, and that nobody has given back, is still shown."""
_TRIES = 20


# The pauses between tries are ours: PyIceberg's would add a snapshot to a head that was not read.
@table(
    "ops.leases",
    external=True,
    properties={"write.metadata.previous-versions-max": "5", "commit.retry.num-retries": "0"},
)
class LeaseTable(Schema):
    """No rows: who holds which table is in the summary of the newest snapshot, as ``lakehouse leases`` shows it."""

    table_name: Annotated[Column[StringType], doc("Not used: leases are in the summaries of snapshots")]


@dataclass(frozen=True, kw_only=True)
class Holder:
    """Who holds a lease: a run, and the process that it is in. ``command`` is what a person knows it by."""

    run_id: str
    host: str
    pid: int
    command: str

    def __str__(self) -> str:
        return f"run {self.run_id} ({self.command}, process {self.pid} on {self.host})"


@dataclass(frozen=True, kw_only=True)
class Lease:
    """A table is someone's from ``since`` until ``until`` (UTC); a later holder of it has a greater ``token``."""

    table: str
    token: int
    holder: Holder
    since: datetime
    until: datetime

    def has_ended(self, now: datetime) -> bool:
        """Tell whether its holder has let it end: killed, cut off from the catalog, or stopped for too long."""
        return now >= self.until


class LeaseHeldError(LakehouseError):
    """Another run is at work on a table, and was not done in the time that it was waited for."""

    def __init__(self, *, lease: Lease, waited: timedelta) -> None:
        self.lease, self.table = lease, lease.table
        super().__init__(
            f"another run is at work on {lease.table} and holds its lease, after {waited.total_seconds():,.0f} s of "
            f"waiting:\n"
            f"  run      {lease.holder.run_id}\n"
            f"  command  {lease.holder.command}\n"
            f"  process  {lease.holder.pid} on {lease.holder.host}\n"
            f"  since    {lease.since:%Y-%m-%d %H:%M:%S} UTC\n"
            f"  until    {lease.until:%Y-%m-%d %H:%M:%S} UTC, unless it is renewed\n"
            f"Wait longer with --wait SECONDS. If that process is gone, its lease ends by itself then; "
            f"`lakehouse leases release {lease.table}` ends it now."
        )


def leases(catalog: Catalog) -> tuple[Lease, ...]:
    """Give the leases that are held, and those that have ended in the last day and were not given back.

    Cost: the metadata of ``ops.leases``; no session.
    """
    log = find_table(catalog, spec_of(LeaseTable).name)
    return _State.of(log).leases if log is not None else ()


def take(catalog: Catalog, name: str, holder: Holder, *, now: datetime, ttl: timedelta) -> Lease:
    """Take the lease of a table, if nobody has it or it has ended. Gives the lease that stands then, be it another's.

    Cost: one commit of metadata; none where another has it.

    Raises:
        CommitFailedException: Leases of other tables were taken and given back without a pause.
    """
    stands: list[Lease] = []

    def change(state: _State) -> _State | None:
        other = state.find(name)
        if other is not None and not other.has_ended(now) and other.holder != holder:
            stands[:] = [other]
            return None
        stands[:] = [Lease(table=name, token=state.token + 1, holder=holder, since=now, until=now + ttl)]
        return state.without(name).plus(stands[0])

    _change(catalog, change, now=now)
    return stands[0]


def renew(catalog: Catalog, lease: Lease, *, now: datetime, ttl: timedelta) -> Lease | None:
    """Let a lease end later; None where it is not the holder's any more. Cost: as ``take``."""
    stands: list[Lease] = []

    def change(state: _State) -> _State | None:
        stands.clear()
        if not state.has(lease):
            return None
        stands.append(replace(lease, until=now + ttl))
        return state.without(lease.table).plus(stands[0])

    _change(catalog, change, now=now)
    return stands[0] if stands else None


def give_back(catalog: Catalog, lease: Lease, *, now: datetime) -> None:
    """End a lease; nothing where it is not the holder's any more. Cost: as ``take``."""
    _change(catalog, lambda state: state.without(lease.table) if state.has(lease) else None, now=now)


def overtaken_by(catalog: Catalog, lease: Lease) -> Lease | None:
    """Give the lease of someone else who has got the table since; None where nobody has. Cost: metadata."""
    found = next((one for one in leases(catalog) if one.table == lease.table), None)
    return found if found is not None and found.token != lease.token else None


@dataclass(frozen=True, kw_only=True)
class _State:
    """What ``ops.leases`` says: the leases, and the newest token that was given."""

    leases: tuple[Lease, ...] = ()
    token: int = 0

    @staticmethod
    def of(log: Table) -> _State:
        head = log.current_snapshot()
        summary = head.summary.additional_properties if head and head.summary else {}
        found = (_from_json(one) for one in json.loads(summary.get(_LEASES, "[]")))
        return _State(leases=tuple(found), token=int(summary.get(_TOKEN, 0)))

    def find(self, name: str) -> Lease | None:
        return next((one for one in self.leases if one.table == name), None)

    def has(self, lease: Lease) -> bool:
        return any((one.table, one.token) == (lease.table, lease.token) for one in self.leases)

    def without(self, name: str) -> _State:
        return replace(self, leases=tuple(one for one in self.leases if one.table != name))

    def plus(self, lease: Lease) -> _State:
        return _State(leases=(*self.leases, lease), token=max(self.token, lease.token))

    def summary(self, now: datetime) -> dict[str, str]:
        shown = [_to_json(one) for one in self.leases if now - one.until < _SHOWN]
        return {_LEASES: json.dumps(shown, ensure_ascii=False), _TOKEN: str(self.token)}


def _change(catalog: Catalog, change: Callable[[_State], _State | None], *, now: datetime) -> None:
    spec = spec_of(LeaseTable)

    def write(log: Table) -> None:
        after = change(_State.of(log))
        if after is not None:
            _write(log, after.summary(now))

    for _ in range(2):
        try:
            # Made twice, when the catalog did not say, it is as made once: the holder has the lease.
            commit(catalog, spec.name, write, made=lambda _log: False, tries=_TRIES)
            return
        except TableNotFoundError:
            # The first lease of all; to look for the table beforehand would cost each of them.
            find_or_create(catalog, spec)


def _write(log: Table, summary: dict[str, str]) -> None:
    transaction = log.transaction()
    transaction.append(log.schema().as_arrow().empty_table(), snapshot_properties=summary)
    old = sorted(log.snapshots(), key=lambda one: one.sequence_number or 0)[: 1 - _SNAPSHOTS]
    removal = [RemoveSnapshotsUpdate(snapshot_ids=[one.snapshot_id for one in old])] if old else []
    # As the transaction itself would, but for its retries: these would not look at who holds what.
    log._do_commit(
        requirements=(
            AssertTableUUID(uuid=log.metadata.table_uuid),
            AssertRefSnapshotId(ref="main", snapshot_id=main_of(log)),
        ),
        updates=(*transaction._updates, *removal),
    )
    for one in old:
        # Nobody else's: a snapshot without files has a list of nothing.
        with suppress(OSError):
            log.io.delete(one.manifest_list)


def _to_json(lease: Lease) -> dict[str, Any]:
    return asdict(lease) | {"since": lease.since.isoformat(), "until": lease.until.isoformat()}


def _from_json(found: dict[str, Any]) -> Lease:
    since, until = (datetime.fromisoformat(found[name]).astimezone(UTC) for name in ("since", "until"))
    return Lease(**found | {"holder": Holder(**found["holder"]), "since": since, "until": until})
