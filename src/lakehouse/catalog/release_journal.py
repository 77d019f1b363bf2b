"""``ops.releases``: the journal of releases, each of several tables that are published together.

A row is written before anything is done of what it says, only if the row before it is still the newest of its release,
so a release that died can be brought to its end by anyone, and two who try it agree. Rows are only added.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated, Any

from pyiceberg.catalog import Catalog
from pyiceberg.table import Table
from pyspark.sql.types import LongType, StringType, TimestampType

from lakehouse.catalog.conflicts import commit
from lakehouse.catalog.iceberg import find_table
from lakehouse.catalog.ledger import ancestors
from lakehouse.catalog.log_table import append_rows, find_or_create
from lakehouse.catalog.time_travel import RELEASE
from lakehouse.contract.marks import doc, required
from lakehouse.contract.schema import Column, Schema
from lakehouse.contract.table import spec_of, table

JOURNAL = "ops.releases"
_OPEN = "lakehouse.open-releases"


class ReleaseState(StrEnum):
    """How far a release is."""

    AUDITED = "audited"
    """All tables have passed their gates; none, some or all are published."""
    PUBLISHED = "published"
    """All tables are published; some may not have the release's tag yet."""
    RELEASED = "released"
    """All tables have the tag. It is over."""
    ROLLING_BACK = "rolling back"
    """A table was moved by someone else; those that were published are put back."""
    ROLLED_BACK = "rolled back"
    """No table is published by it. It is over."""

    @property
    def is_over(self) -> bool:
        """Whether nothing is left to do."""
        return self in {ReleaseState.RELEASED, ReleaseState.ROLLED_BACK}


@dataclass(frozen=True, kw_only=True)
class Member:
    """A table of a release: the snapshot that ``main`` was at (``base``), and the one that is released.

    ``branch`` is the audit branch that it waits on; empty for a table that is up to date: then the two are the same.
    """

    table: str
    base: int
    snapshot: int
    branch: str = ""


@dataclass(frozen=True, kw_only=True)
class LakeRelease:
    """A release: its name, how far it was at an instant, the run that made it, and its tables.

    ``note`` says why it is rolled back; empty where it is not.
    """

    name: str
    state: ReleaseState
    at: datetime
    run_id: str
    members: tuple[Member, ...]
    note: str = ""

    @property
    def tag(self) -> str:
        """The tag that each of its tables gets."""
        return f"{RELEASE}{self.name}"

    def then(self, state: ReleaseState, *, note: str = "") -> LakeRelease:
        """Give it as it is next, from now on."""
        return replace(self, state=state, at=datetime.now(UTC), note=note or self.note)


# Its order is what it is for: PyIceberg's own retries would add a row to others than were looked at.
@table(JOURNAL, external=True, properties={"commit.retry.num-retries": "0"})
class ReleaseJournal(Schema):
    """One row per step of a release; the newest says how far it is."""

    step: Annotated[Column[LongType], required, doc("Number of the row: clocks may differ, and go backwards")]
    release: Annotated[Column[StringType], required, doc("Name of the release")]
    state: Annotated[Column[StringType], required, doc("audited, published, released, rolling back or rolled back")]
    at: Annotated[Column[TimestampType], required, doc("Instant of the step", unit="UTC")]
    run_id: Annotated[Column[StringType], required, doc("Run that built its tables")]
    members: Annotated[Column[StringType], required, doc("Its tables, with base, snapshot and branch of each, as JSON")]
    note: Annotated[Column[StringType], doc("Why it is rolled back")]


def releases(catalog: Catalog) -> list[LakeRelease]:
    """Give all releases, each as far as it is, newest first. Cost: a scan of a small table; no session."""
    log = find_table(catalog, spec_of(ReleaseJournal).name)
    return _newest(_rows(log)) if log is not None else []


def unfinished(catalog: Catalog) -> list[LakeRelease]:
    """Give the releases that are under way, or were when whoever made them died, oldest first.

    Cost: where there are none, metadata alone.
    """
    log = find_table(catalog, spec_of(ReleaseJournal).name)
    if log is None or not _open_ones(log):
        return []
    return [one for one in reversed(_newest(_rows(log))) if not one.state.is_over]


def note(catalog: Catalog, release: LakeRelease, *, after: ReleaseState | None) -> bool:
    """Write the next step of a release, if the newest one is still ``after`` (None: it is not under way, or new).

    Gives whether it was written. Cost: a scan of a small table, and one small append.
    """
    spec, written = spec_of(ReleaseJournal), list[bool]()
    find_or_create(catalog, spec)

    def add(log: Table) -> None:
        rows = _rows(log)
        newest = {one.name: one for one in _newest(rows)}
        found = newest.get(release.name)
        if found == release:
            # It was written by a commit of which the catalog did not say so.
            written[:] = [True]
            return
        state = None if found is None or found.state is ReleaseState.ROLLED_BACK else found.state
        written[:] = [state is after]
        if written[0]:
            still = {name for name, one in (newest | {release.name: release}).items() if not one.state.is_over}
            step = rows[-1]["step"] + 1 if rows else 1
            append_rows(log, [{"step": step, **_row(release)}], {_OPEN: json.dumps(sorted(still))})

    commit(catalog, spec.name, add, made=lambda _log: False)
    return written[0]


def _rows(log: Table) -> list[dict[str, Any]]:
    return sorted(log.scan().to_arrow().to_pylist(), key=lambda one: one["step"])


def _newest(rows: Iterable[Mapping[str, Any]]) -> list[LakeRelease]:
    """Give each release as its newest row says, the one of the newest row first."""
    found: dict[str, LakeRelease] = {}
    for row in rows:
        found.pop(row["release"], None)
        found[row["release"]] = LakeRelease(
            name=row["release"],
            state=ReleaseState(row["state"]),
            at=row["at"].astimezone(UTC),
            run_id=row["run_id"],
            members=tuple(Member(**one) for one in json.loads(row["members"])),
            note=row["note"] or "",
        )
    return list(reversed(found.values()))


def _open_ones(log: Table) -> Sequence[str]:
    # A compaction's snapshot does not say it; that of the newest step does.
    for one in ancestors(log):
        found = one.summary.additional_properties.get(_OPEN) if one.summary else None
        if found is not None:
            names: list[str] = json.loads(found)
            return names
    return ()


def _row(release: LakeRelease) -> dict[str, object]:
    return {
        "release": release.name,
        "state": release.state.value,
        "at": release.at,
        "run_id": release.run_id,
        "members": json.dumps([asdict(one) for one in release.members]),
        "note": release.note,
    }
