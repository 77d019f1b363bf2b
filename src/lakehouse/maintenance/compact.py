"""Data files and position deletes written anew: the same rows in fewer files."""

from __future__ import annotations

from lakehouse.catalog.conflicts import Conflict, conflict_of
from lakehouse.catalog.iceberg import Lake
from lakehouse.contract.ddl import quote
from lakehouse.maintenance.due import UpkeepPlan
from lakehouse.maintenance.procedures import call, options
from lakehouse.maintenance.table_files import ARRIVAL, arrival_of


class OvertakenError(Exception):
    """Someone published the table in between; nothing was changed. The next run looks at it again."""


def compact(lake: Lake, plan: UpkeepPlan) -> None:
    """Put small files together, and write files without the rows that are deleted, in one commit.

    Rows: the same. Cost: these files are read and written; where the contract sorts, a sort of them.

    Raises:
        OvertakenError: A row of these files was changed or taken away in between.
    """
    table = lake.table(plan.spec.name)
    chosen: dict[str, object] = {
        "target-file-size-bytes": plan.target_bytes,
        "min-file-size-bytes": plan.small_bytes,
        # By what is counted as small: two in a partition are put together.
        "min-input-files": 2,
        "delete-ratio-threshold": plan.spec.upkeep.delete_ratio,
        # All or nothing: a part of it would leave the table between two states if this dies.
        "partial-progress.enabled": "false",
    }
    if plan.too_many_deleted and plan.files.wide_deletes:
        # How many rows of which file they name is not in the metadata.
        chosen["delete-file-threshold"] = 1
    is_sorted = plan.spec.sorted_by and table.sort_order().fields
    more = {"strategy": quote("sort" if is_sorted else "binpack"), "options": options(chosen)}
    if plan.until is not None and arrival_of(table) is not None:
        more["where"] = quote(f"{ARRIVAL} < TIMESTAMP '{plan.until:%Y-%m-%d} 00:00:00+00:00'")
    _rewrite(lake, plan, "rewrite_data_files", more)


def rewrite_deletes(lake: Lake, plan: UpkeepPlan) -> None:
    """Put position deletes together, and leave out those of data files that are gone. Cost: all of them are read.

    Raises:
        OvertakenError: Someone changed them in between.
    """
    _rewrite(lake, plan, "rewrite_position_delete_files", {"options": options({"rewrite-all": "true"})})


def _rewrite(lake: Lake, plan: UpkeepPlan, procedure: str, arguments: dict[str, str]) -> None:
    try:
        call(lake, plan.spec, procedure, **arguments)
    except Exception as error:
        if conflict_of(error) in {Conflict.RETRY, Conflict.PLAN_AGAIN}:
            raise OvertakenError(plan.spec.name) from error
        raise
