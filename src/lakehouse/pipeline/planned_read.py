"""What a plan has its build read: rows, bytes and partitions, as Iceberg's metadata count them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from pyiceberg.table import Table

from lakehouse.catalog.changes import ChangePlan, Method
from lakehouse.catalog.ledger import is_append, only_added_since, summed
from lakehouse.catalog.live_files import FileChange, partition_of
from lakehouse.contract.follows import Keys
from lakehouse.pipeline.build_plan import BuildPlan, Strategy


@dataclass(frozen=True, kw_only=True)
class PlannedRead:
    """What is read of the inputs, at most. Rows are those of files, dead letters and deleted ones among them.

    ``partitions`` are those of the inputs in which something changed; None where inputs are read whole, or have none.
    """

    rows: int
    bytes: int
    partitions: int | None = None


def planned_read(plan: BuildPlan, find: Callable[[str], Table | None]) -> PlannedRead:
    """Count what a build reads. Cost: none beyond the metadata that ``find`` loads.

    Args:
        find: Gives an input by its name.
    """
    changes = plan.changes.values()
    total = sum(one.total_rows for one in changes)
    rows = total if plan.strategy is Strategy.WHOLE else sum(one.rows for one in changes)
    # As the bytes are counted: rows of the same key are looked for in all files.
    if isinstance(plan.build.follows, Keys) and plan.strategy is Strategy.REPLACE:
        rows += total
    return PlannedRead(rows=rows, bytes=plan.bytes_to_read, partitions=_partitions(plan, find))


def _partitions(plan: BuildPlan, find: Callable[[str], Table | None]) -> int | None:
    if plan.strategy is Strategy.NOTHING:
        return 0
    changed = [one for one in plan.changes.values() if one.method is not Method.NOTHING]
    found = [_changed_partitions(one, find(one.table)) for one in changed]
    if plan.strategy is Strategy.WHOLE or None in found:
        return None
    return sum(one for one in found if one is not None)


def _changed_partitions(change: ChangePlan, table: Table | None) -> int | None:
    if table is None or table.spec().is_unpartitioned() or change.start is None or change.end is None:
        return None
    if change.files is not None:
        return _partitions_of(change.files)
    found = 0
    for snapshot in only_added_since(table, change.end.snapshot_id):
        if snapshot.snapshot_id == change.start.snapshot_id:
            break
        # A compaction changes partitions too, and none of their rows.
        if is_append(snapshot):
            found += summed(snapshot, "changed-partition-count")
    return found


def _partitions_of(files: FileChange) -> int:
    entries = (entry for which in (files.added, files.removed, files.touched) for entry in which.values())
    return len({partition_of(one.data_file) for one in entries})
