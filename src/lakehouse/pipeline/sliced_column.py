"""By which column a table can be built anew in slices: one by which its rows can be told from their inputs."""

from __future__ import annotations

from lakehouse.contract.build import BuildSpec
from lakehouse.contract.columns import ColumnSpec
from lakehouse.contract.follows import Keys, Whole
from lakehouse.contract.table import TableSpec
from lakehouse.errors import BackfillError
from lakehouse.pipeline.build_plan import made_of_all_changes
from lakehouse.pipeline.slices import SLICED, By, by_partition, parse_by

PARTITION = "partition"


def sliced_column(build: BuildSpec, *, column: str, by: str) -> tuple[ColumnSpec, By]:
    """Choose the column of a table by whose values it is cut, and how.

    Of rows that follow single rows any column will do; of ones that are made of several, one that all of these share:
    of a group, or of the key where the newest or the versions of a key are kept.

    Args:
        column: Empty: that of the table's partitioning, else the first that will do.
        by: ``partition``, or what ``parse_by`` reads.

    Raises:
        BackfillError: There is none, or the one that is named will not do, or it cannot be cut so.
    """
    spec = build.table
    able = [one for one in _able(build) if isinstance(one.type, SLICED)]
    if not able:
        raise BackfillError(
            table=spec.name, why=_why_none(build), todo=f"Build it whole: lakehouse run {spec.name} --full"
        )
    partitions = {one.column: one for one in reversed(spec.partitioned_by)}
    names = [one.name for one in able]
    if column and column not in names:
        why = f"{column} is no column by which it can be cut; of these it can: {', '.join(names)}"
        raise BackfillError(table=spec.name, why=why)
    name = column or next((one.column for one in spec.partitioned_by if one.column in names), names[0])
    found = next(one for one in able if one.name == name)
    if by != PARTITION:
        try:
            return found, parse_by(by, found.type)
        except ValueError as error:
            raise BackfillError(table=spec.name, why=f"--by {by}: {name}: {error}") from error
    if name not in partitions:
        why = f"it is not partitioned by {name}, so say how that is cut"
        raise BackfillError(table=spec.name, why=why, todo="Give --by: day, month, a number, bucket(16) …")
    return found, by_partition(partitions[name], found.type)


def _able(build: BuildSpec) -> list[ColumnSpec]:
    spec, follows = build.table, build.follows
    if isinstance(follows, Whole):
        return []
    names = (
        set(follows.columns) if isinstance(follows, Keys) else {one.name for one in spec.columns if not one.generated}
    )
    if made_of_all_changes(spec):
        names &= set(spec.key)
    return [one for one in _partitions_first(spec) if one.name in names]


def _partitions_first(spec: TableSpec) -> list[ColumnSpec]:
    partitioned = [one.column for one in spec.partitioned_by]
    return sorted(spec.columns, key=lambda one: one.name not in partitioned)


def _why_none(build: BuildSpec) -> str:
    if isinstance(build.follows, Whole):
        return "its build follows no part of its inputs, so any row may come of any: @build(follows=…)"
    return "no column tells which of its rows come of which part of its inputs, or none of a type that can be cut"
