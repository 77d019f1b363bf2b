"""The rows of one slice of a table, made anew of pinned inputs."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass

from pyspark.sql import DataFrame

from lakehouse.catalog.iceberg import Lake
from lakehouse.contract.build import BuildSpec
from lakehouse.contract.conform import conform
from lakehouse.contract.follows import Keys, Rows
from lakehouse.contract.partitioning import quote_name
from lakehouse.contract.table import spec_of
from lakehouse.errors import BackfillError
from lakehouse.pipeline.backfill_plan import BackfillPlan
from lakehouse.pipeline.build_call import Inputs, call
from lakehouse.pipeline.build_plan import made_of_all_changes
from lakehouse.pipeline.expired_rows import refuse_expired
from lakehouse.pipeline.kept_rows import kept_rows
from lakehouse.pipeline.run import Run
from lakehouse.pipeline.slices import Slice
from lakehouse.quality import RuleSet, with_kept_quality


@dataclass(frozen=True, kw_only=True)
class MadeSlice:
    """Rows as the table keeps them, the snapshots of which they are made, and the seconds that this took: next to none
    where Spark does not keep them, but makes them when they are written."""

    rows: DataFrame
    inputs: Mapping[str, int]
    seconds: float

    def forget(self) -> None:
        """Let Spark let them go."""
        self.rows.unpersist()


def make_slice(
    lake: Lake, plan: BackfillPlan, rules: RuleSet, run: Run, one: Slice, inputs: Mapping[str, int], *, keep: bool
) -> MadeSlice:
    """Call a build for the rows of a slice.

    Of an input that has the column, and is followed by it, only rows of the slice are read; of others Spark leaves out
    what it can by itself.

    Args:
        keep: Make them now, and let Spark keep them until they are forgotten.

    Raises:
        BackfillError: Rows have expired from its inputs, and the slice has some that would not be made any more.
    """
    started, build, spec = time.monotonic(), plan.build, plan.build.table
    read = Inputs(lake=lake, build=build, pinned=inputs, instant=run.instant)
    inside = one.sql(quote_name(plan.column.name), catalog=lake.name)
    made = conform(call(build, read, _only(lake, plan, read, one)), build.output).where(inside)
    rows = with_kept_quality(kept_rows(spec, made), rules, spec).select(*(column.name for column in spec.columns))
    if keep:
        rows = rows.persist()
        rows.count()
    if plan.newly_expired and not run.accept_loss:
        _refuse_lost(lake, plan, rows, one, inside)
    return MadeSlice(rows=rows, inputs=inputs, seconds=time.monotonic() - started)


def refuse_unseen_loss(lake: Lake, plan: BackfillPlan) -> None:
    """Refuse to make rows anew of inputs of which some is gone, where their loss could not be seen in the slices.

    Raises:
        ExpiredInputError: It says which offsets are gone.
    """
    if not _loss_is_seen(plan.build):
        refuse_expired(lake, plan.table, plan.newly_expired, verb="backfill")


def _loss_is_seen(build: BuildSpec) -> bool:
    """Tell whether a row that is not made any more is missed by its key: each is made of one record alone."""
    return isinstance(build.follows, Rows) and bool(build.table.key) and not made_of_all_changes(build.table)


def _only(lake: Lake, plan: BackfillPlan, read: Inputs, one: Slice) -> dict[str, DataFrame]:
    follows, found = plan.build.follows, dict[str, DataFrame]()
    if not isinstance(follows, Keys):
        return found
    for name, schema in plan.build.inputs:
        of = follows.of_input(name, spec_of(schema).struct.names)
        if of is not None:
            column = f"CAST({of[plan.column.name]} AS {plan.column.type.simpleString()})"
            found[name] = read.read(name).where(one.sql(column, catalog=lake.name))
    return found


def _refuse_lost(lake: Lake, plan: BackfillPlan, rows: DataFrame, one: Slice, inside: str) -> None:
    key = list(plan.build.table.key)
    lake.refresh(plan.table)
    there = lake.rows(plan.build.table).where(inside).select(*key)
    if lost := there.join(rows.select(*key), key, "left_anti").count():
        gone = ", ".join(f"{count:,} rows are gone from {name}" for name, count in plan.newly_expired.items())
        raise BackfillError(
            table=plan.table,
            why=f"{lost:,} rows of slice {one.text} would not be made any more, and {gone}",
            todo="Take a range that its inputs still hold, or go on without these rows: --accept-loss",
        )
