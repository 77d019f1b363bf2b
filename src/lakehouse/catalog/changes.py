"""What changed in a table between two snapshots: rows that came and rows that went, by the cheapest way there is."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import reduce

from pyiceberg.table import Table
from pyiceberg.table.snapshots import Snapshot
from pyiceberg.types import MapType
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from lakehouse.catalog.file_subset import file_subset
from lakehouse.catalog.iceberg import Lake
from lakehouse.catalog.ledger import is_append, only_added_since, summed
from lakehouse.catalog.live_files import Entries, FileChange, compare_files
from lakehouse.contract.kafka_record import PLACE
from lakehouse.contract.table import TableSpec

_ROW_PLACE = ["_file", "_pos"]
_BROADCAST = 1_000_000
"""Places of rows that are sent to every task at most."""


class Method(StrEnum):
    """How a change is read."""

    NOTHING = "nothing changed"
    APPENDED = "appended rows"
    FILES = "difference of files"
    WHOLE = "the whole table"


@dataclass(frozen=True, kw_only=True)
class ChangePlan:
    """How to read what changed between two snapshots, and why so; from metadata alone.

    ``bytes`` are those of the data files to be read, ``rows`` the rows that came and went, at most; ``total_bytes`` and
    ``total_rows`` are those of the table at the end.
    """

    table: str
    start: Snapshot | None
    end: Snapshot | None
    total_bytes: int
    total_rows: int
    method: Method = Method.WHOLE
    reason: str = ""
    bytes: int = 0
    rows: int = 0
    files: FileChange | None = None

    def by(self, method: Method, reason: str, *, size: int = 0, rows: int = 0) -> ChangePlan:
        """Give the plan with its method, the reason for it, and what it reads."""
        if method is Method.WHOLE:
            size, rows = self.total_bytes, self.total_rows
        return replace(self, method=method, reason=reason, bytes=size, rows=rows)


@dataclass(frozen=True, kw_only=True)
class Change:
    """Rows that came (``added``) and went (``removed``): those at the start, less these, with those, are those at the
    end. A row that was rewritten as it was may be in both."""

    added: DataFrame
    removed: DataFrame | None = None


def plan_change(table: Table, *, since: int | None, until: int | None) -> ChangePlan:
    """Choose how to read what changed after snapshot ``since``, up to and with snapshot ``until``.

    Cost: metadata; manifests where rows were changed or taken away.
    """
    start, end = (table.snapshot_by_id(one) if one is not None else None for one in (since, until))
    plan = ChangePlan(
        table=".".join(table.name()),
        start=start,
        end=end,
        total_bytes=summed(end, "total-files-size"),
        total_rows=summed(end, "total-records"),
    )
    if since == until or end is None:
        return plan.by(Method.NOTHING, "its snapshot is the same")
    if start is None:
        why = "it was never read" if since is None else f"snapshot {since} has expired, or is of an earlier table"
        return plan.by(Method.WHOLE, why)
    between = _only_added(table, start, end)
    return _by_commits(plan, between) if between is not None else _by_files(plan, table, start, end)


def _by_commits(plan: ChangePlan, between: list[Snapshot]) -> ChangePlan:
    appends = [one for one in between if is_append(one)]
    size, rows = (sum(summed(one, what) for one in appends) for what in ("added-files-size", "added-records"))
    if not rows:
        return plan.by(Method.NOTHING, "it was only compacted, or got commits without rows")
    return plan.by(Method.APPENDED, "rows were only appended", size=size, rows=rows)


def _by_files(plan: ChangePlan, table: Table, start: Snapshot, end: Snapshot) -> ChangePlan:
    if table.format_version != 2:
        return plan.by(Method.WHOLE, f"its format is v{table.format_version}, and files are compared in v2")
    files = compare_files(table, start, end)
    if not (files.added or files.removed or files.touched):
        return plan.by(Method.NOTHING, "its files are the same")
    if files.added and files.removed and _has_maps(table) and not _is_of_records(table):
        return plan.by(Method.WHOLE, "files were rewritten, and rows with maps cannot be compared")
    found = plan.by(Method.FILES, "rows were changed or taken away", size=files.bytes, rows=files.rows)
    return replace(found, files=files)


@contextmanager
def open_change(lake: Lake, spec: TableSpec, plan: ChangePlan) -> Iterator[Change]:
    """Read what a plan says changed; the frames can be used until the block ends.

    Rows: as ``Change`` says. Columns: those of the table as it is now. Cost: a scan of the files that the plan counts;
    where files were rewritten, a shuffle of their rows.

    Raises:
        ValueError: The plan's method is to read the whole table, or nothing.
    """
    start, end = plan.start, plan.end
    if start is None or end is None or plan.method in {Method.NOTHING, Method.WHOLE}:
        raise ValueError(f"{spec.name}: {plan.method} is no change to be read")
    if plan.files is None:
        yield Change(added=lake.appended(spec, since=start.snapshot_id, until=end.snapshot_id))
        return
    with ExitStack() as until_done:
        opened = _Opened(lake, lake.table(spec.name), until_done)
        came, gone = _of_whole_files(opened, plan.files, start, end)
        restored, taken = _of_touched_files(opened, plan.files, start, end)
        nothing = lake.rows(spec, snapshot_id=end.snapshot_id).limit(0)
        yield Change(added=_together(came, restored, nothing), removed=_together(gone, taken, nothing))


@contextmanager
def open_added(lake: Lake, spec: TableSpec, plan: ChangePlan) -> Iterator[DataFrame | None]:
    """Read rows among which are all that came, for less than ``open_change``; None where a plan has no such way.

    Cost: a scan of the files that came.
    """
    files = plan.files
    if plan.method is Method.APPENDED:
        with open_change(lake, spec, plan) as change:
            yield change.added
    elif files is None or plan.end is None or (files.touched and not files.only_position_deletes_added):
        yield None
    else:
        with ExitStack() as until_done:
            yield _Opened(lake, lake.table(spec.name), until_done).rows(plan.end, files.added, {})


@dataclass(frozen=True)
class _Opened:
    """Reads files of a table until the stack is left."""

    lake: Lake
    table: Table
    until_done: ExitStack

    def name(self, snapshot: Snapshot, data: Entries, deletes: Entries) -> str:
        subset = file_subset(
            self.lake.catalog, self.table, snapshot, data=[*data.values()], deletes=[*deletes.values()]
        )
        return self.lake.sql_name(self.until_done.enter_context(subset))

    def rows(self, snapshot: Snapshot, data: Entries, deletes: Entries) -> DataFrame | None:
        return self.lake.spark.table(self.name(snapshot, data, deletes)) if data else None


Frames = tuple[DataFrame | None, DataFrame | None]


def _of_whole_files(opened: _Opened, files: FileChange, start: Snapshot, end: Snapshot) -> Frames:
    """Give rows that came with files and that went with files; those that only moved to another file are neither."""
    came = opened.rows(end, files.added, files.deletes_after)
    gone = opened.rows(start, files.removed, files.deletes_before)
    if came is None or gone is None:
        return came, gone
    if _is_of_records(opened.table):
        return _other_records(came, gone), _other_records(gone, came)
    return came.exceptAll(gone), gone.exceptAll(came)


def _other_records(rows: DataFrame, others: DataFrame) -> DataFrame:
    """Leave out the Kafka records that others have: told by their place, and a dead letter from its replay."""
    dead = F.col("dead_letter.reason").isNotNull()
    kept = rows.withColumn("_dead", dead).join(others.select(*PLACE, dead.alias("_dead")), [*PLACE, "_dead"], "anti")
    return kept.select(*rows.columns)


def _of_touched_files(opened: _Opened, files: FileChange, start: Snapshot, end: Snapshot) -> Frames:
    """Give rows that came back, and that were taken, of files that are still there: a place in a file is one row."""
    old = opened.rows(start, files.touched, files.deletes_before)
    if old is None:
        return None, None
    if files.only_position_deletes_added:
        name = opened.name(end, {}, files.deletes_added)
        named = opened.lake.spark.table(f"{name}.position_deletes").select(
            F.col("file_path").alias(_ROW_PLACE[0]), F.col("pos").alias(_ROW_PLACE[1])
        )
        few = sum(one.data_file.record_count for one in files.deletes_added.values()) <= _BROADCAST
        return None, _joined(old, F.broadcast(named) if few else named, "left_semi")
    new = opened.rows(end, files.touched, files.deletes_after)
    assert new is not None, "the same files"
    return _joined(new, old.select(*_ROW_PLACE), "left_anti"), _joined(old, new.select(*_ROW_PLACE), "left_anti")


def _joined(rows: DataFrame, places: DataFrame, how: str) -> DataFrame:
    return rows.select("*", *_ROW_PLACE).join(places, _ROW_PLACE, how).drop(*_ROW_PLACE)


def _together(one: DataFrame | None, other: DataFrame | None, nothing: DataFrame) -> DataFrame:
    return reduce(DataFrame.unionByName, [frame for frame in (one, other) if frame is not None] or [nothing])


def _only_added(table: Table, start: Snapshot, end: Snapshot) -> list[Snapshot] | None:
    """Give the commits in between, where all of them only appended or compacted."""
    between: list[Snapshot] = []
    for snapshot in only_added_since(table, end.snapshot_id):
        if snapshot.snapshot_id == start.snapshot_id:
            return between
        between.append(snapshot)
    return None


def _is_of_records(table: Table) -> bool:
    return {*PLACE, "dead_letter.reason"} <= set(table.schema().column_names)


def _has_maps(table: Table) -> bool:
    schema = table.schema()
    return any(isinstance(schema.find_type(name), MapType) for name in schema.column_names)
