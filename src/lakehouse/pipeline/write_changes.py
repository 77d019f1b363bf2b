"""The rows that a plan says have changed, made anew and written to an audit branch: the table is not read whole."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from functools import reduce

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from lakehouse.catalog.changes import Change, Method, open_change
from lakehouse.catalog.iceberg import Lake, good_data
from lakehouse.catalog.publish import Audit
from lakehouse.contract.conform import conform
from lakehouse.contract.follows import Keys, Rows
from lakehouse.contract.kafka_record import KafkaRecord
from lakehouse.contract.partitioning import quote_name
from lakehouse.contract.table import TableSpec, spec_of
from lakehouse.pipeline.build_call import Inputs, call
from lakehouse.pipeline.build_plan import BuildPlan, Strategy, made_of_all_changes
from lakehouse.pipeline.delete_values import delete_values
from lakehouse.pipeline.kept_rows import kept_rows
from lakehouse.pipeline.merge_newest import merge_newest
from lakehouse.pipeline.near_values import near_values, rows_of_values
from lakehouse.pipeline.persisted import FEW_ROWS, persisted
from lakehouse.quality import RuleSet, with_kept_quality


def write_changes(audit: Audit, plan: BuildPlan, inputs: Inputs, rules: RuleSet) -> None:
    """Write what changed to the branch of an audit, by the strategy of a plan.

    Cost: the changed files of the inputs are read; of a build that follows keys, the inputs' rows of those keys too.
    Rows that are replaced are found by their columns in the table, which are read, and written as position deletes.
    """
    count = sum(one.rows for one in plan.changes.values())
    few = count <= FEW_ROWS
    with _opened(audit.lake, plan) as changes:
        if not changes:
            return
        if plan.strategy is Strategy.REPLACE:
            with _replacement(audit, plan, inputs, changes, few=few) as (touched, rows):
                _replace(audit, touched, _scored(audit, kept_rows(audit.spec, rows), rules), few=few)
            return
        (parameter, change) = next(iter(changes.items()))
        rows = _scored(audit, call(plan.build, inputs, {parameter: change.added}), rules)
        if plan.strategy is Strategy.MERGE:
            merge_newest(audit, rows, count=count)
        else:
            audit.lake.append_rows(audit.spec, audit.branch, rows)
    audit.lake.refresh(audit.spec.name)


@contextmanager
def _opened(lake: Lake, plan: BuildPlan) -> Iterator[dict[str, Change]]:
    schemas = dict(plan.build.inputs)
    with ExitStack() as until_written:
        yield {
            name: _good(until_written.enter_context(open_change(lake, spec_of(schemas[name]), one)), plan, name)
            for name, one in plan.changes.items()
            if one.method is not Method.NOTHING
        }


def _good(change: Change, plan: BuildPlan, parameter: str) -> Change:
    """Leave dead letters out, as ``Lake.read`` does, and records that have expired: what was made of them stays."""
    schema = dict(plan.build.inputs)[parameter]
    gone = None if issubclass(schema, KafkaRecord) else change.removed
    return Change(added=good_data(change.added, schema), removed=good_data(gone, schema) if gone is not None else None)


@contextmanager
def _replacement(
    audit: Audit, plan: BuildPlan, inputs: Inputs, changes: Mapping[str, Change], *, few: bool
) -> Iterator[tuple[DataFrame, DataFrame]]:
    """Give the values whose rows are replaced, and the rows that take their place."""
    build = plan.build
    if isinstance(build.follows, Rows):
        (parameter, change) = next(iter(changes.items()))
        rows = call(build, inputs, {parameter: change.added})
        sides = [rows] if change.removed is None else [rows, call(build, inputs, {parameter: change.removed})]
        with persisted(_distinct([side.select(*audit.spec.key) for side in sides], few=few), few=few) as touched:
            of_all = made_of_all_changes(audit.spec)
            yield touched, _all_changes(audit.spec, touched, call(build, inputs)) if of_all else rows
        return
    assert isinstance(build.follows, Keys), "no other declaration is planned to be replaced in part"
    of = {name: build.follows.of_input(name, spec_of(schema).struct.names) for name, schema in build.inputs}
    sides = [
        side.select(*(F.expr(sql).alias(name) for name, sql in (of[parameter] or {}).items()))
        for parameter, change in changes.items()
        for side in (change.added, change.removed)
        if side is not None
    ]
    with persisted(_distinct(sides, few=few), few=few) as touched:
        only = {name: _only(inputs, name, touched, sql) for name, sql in of.items() if sql is not None}
        yield touched, call(build, inputs, only)


def _all_changes(spec: TableSpec, touched: DataFrame, made: DataFrame) -> DataFrame:
    """Give what a build makes for touched keys out of all of its input: the newest, or versions, are found among it."""
    of = {name: quote_name(name) for name in spec.key}
    return rows_of_values(made.where(near_values(touched, of)), touched, of)


def _replace(audit: Audit, touched: DataFrame, rows: DataFrame, *, few: bool) -> None:
    """Take the rows of the touched values from the branch, and append those that take their place."""
    near = near_values(touched, {name: quote_name(name) for name in touched.columns})
    delete_values(audit, touched, near=near, few=few)
    audit.lake.append_rows(audit.spec, audit.branch, rows)
    audit.lake.refresh(audit.spec.name)


def _scored(audit: Audit, rows: DataFrame, rules: RuleSet) -> DataFrame:
    made = conform(rows, audit.spec.schema)
    columns = [column.name for column in audit.spec.columns]
    return with_kept_quality(made, rules, audit.spec).select(*columns)


def _distinct(sides: list[DataFrame], *, few: bool) -> DataFrame:
    found = reduce(DataFrame.unionByName, sides).distinct()
    return F.broadcast(found) if few else found


def _only(inputs: Inputs, parameter: str, touched: DataFrame, of: Mapping[str, str]) -> DataFrame:
    """Read the rows of an input that have touched values."""
    near = inputs.read(parameter).where(near_values(touched, of))
    return rows_of_values(near, touched, of)
