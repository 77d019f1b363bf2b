"""What differs in the rows of a table between two of its states: counted by Spark, with a sample to look at."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

from pyiceberg.catalog import Catalog
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from lakehouse.catalog.changes import Change, ChangePlan, Method, open_change, plan_change
from lakehouse.catalog.environment import EnvironmentCatalog
from lakehouse.catalog.iceberg import Lake, TableNotFoundError, good_data, load_table
from lakehouse.contract.table import TableSpec
from lakehouse.pipeline.diff_sample import DiffRow, sample_rows
from lakehouse.pipeline.persisted import persisted
from lakehouse.pipeline.row_pairs import Kind, pair_rows
from lakehouse.pipeline.table_state import TableState, publish_before, state_named, state_now


@dataclass(frozen=True, kw_only=True)
class DiffPlan:
    """Two states of a table that are kept, and how what is between them is read; from metadata alone.

    ``against_production``: the state before is production's, the one after that of an environment.
    """

    spec: TableSpec
    before: TableState
    after: TableState
    change: ChangePlan
    against_production: bool = False


@dataclass(frozen=True, kw_only=True)
class TableDiff:
    """How the rows of a table differ between the states ``before`` and ``after``.

    A changed row has the same ``key`` at both states and another value somewhere. Where a table has no key, or several
    rows share one, a changed row is one removed and one added; ``shared_keys`` counts such keys. Rows are compared as
    multisets: one that was only written anew is no difference.

    Args:
        method: How the states were compared.
        reason: Why so.
        columns: Changed rows by column in which they differ, those with the most first.
        sample: Some of the rows.
    """

    table: str
    key: tuple[str, ...]
    before: TableState
    after: TableState
    method: Method
    reason: str
    added: int = 0
    removed: int = 0
    changed: int = 0
    shared_keys: int = 0
    columns: Mapping[str, int] = field(default_factory=dict)
    sample: tuple[DiffRow, ...] = ()

    @property
    def equal(self) -> bool:
        """Whether the rows are the same."""
        return not (self.added or self.removed or self.changed)


def plan_diff(catalog: Catalog, spec: TableSpec, *, since: str | None = None, until: str | None = None) -> DiffPlan:
    """Look the states up and choose how to compare them. Cost: metadata, and manifests where rows were taken away.

    Args:
        since: The state before, as ``state_named`` takes it; None is the publish before ``until``.
        until: The state after; None is ``main`` as it is. It may be the older one.

    Raises:
        TableNotFoundError: The table does not exist.
        TimeTravelError: There is no such state, or not any more.
    """
    table = load_table(catalog, spec.name)
    after = state_named(table, until) if until is not None else state_now(table)
    before = state_named(table, since) if since is not None else publish_before(table, after)
    change = plan_change(table, since=before.snapshot_id, until=after.snapshot_id)
    return DiffPlan(spec=spec, before=before, after=after, change=change)


def plan_against_production(catalog: EnvironmentCatalog, spec: TableSpec) -> DiffPlan:
    """Compare what an environment has built of a table with what production has. Cost: metadata.

    Raises:
        TableNotFoundError: One of the two does not exist.
        TimeTravelError: Nothing was written to one of the two yet.
    """
    name, environment = spec.name, catalog.environment
    if not catalog.is_own(name):
        todo = f"run `lakehouse run {name} --env {environment}`"
        raise TableNotFoundError(table=f"{name} of {environment}", todo=todo)
    own = load_table(catalog, name)
    after = state_now(own)
    before = state_now(load_table(catalog.production, name, todo="production has nothing to compare it with"))
    change = plan_change(own, since=None, until=after.snapshot_id)
    why = f"production's and {environment}'s are two tables"
    return DiffPlan(spec=spec, before=before, after=after, change=change.by(Method.WHOLE, why), against_production=True)


def diff_table(lake: Callable[[], Lake], plan: DiffPlan, *, sample: int = 5) -> TableDiff:
    """Count the rows that were added, removed and changed, and take a sample of each.

    Good rows are compared, by the columns of the contract as it is now; one that a state has not got yet is null there.
    Cost: a scan of what the plan's change counts, and, unless rows were only appended, one shuffle of it by key (of
    tables without one, by the whole row). One job counts, and one for each kind of difference takes its sample.

    Args:
        lake: Called only where rows have to be read.
        sample: So many rows of each kind at most, the first by key. Personal values are masked.

    Raises:
        SchemaMismatchError: A column has another type than the contract says, that cannot be widened to it.
    """
    if plan.change.method is Method.NOTHING:
        return _found(plan)
    spec, opened = plan.spec, lake()
    opened.refresh(spec.name)
    with (
        _opened(opened, plan) as change,
        persisted(pair_rows(change, spec), keep=sample > 0 and change.removed is not None) as pairs,
    ):
        counts = pairs.agg(*_counts(spec)).collect()[0].asDict()
        rows = sample_rows(pairs, spec, most=sample, kinds=[kind for kind in Kind if counts[kind]]) if sample else ()
    return _found(plan, counts, rows)


def _found(plan: DiffPlan, counts: Mapping[str, int] | None = None, sample: tuple[DiffRow, ...] = ()) -> TableDiff:
    counts = counts or {}
    columns = {c.name: counts.get(f"column_{at}", 0) for at, c in enumerate(plan.spec.columns)}
    most_first = sorted(columns.items(), key=lambda one: -one[1])
    return TableDiff(
        table=plan.spec.name,
        key=plan.spec.identity,
        before=plan.before,
        after=plan.after,
        method=plan.change.method,
        reason=plan.change.reason,
        added=counts.get(Kind.ADDED, 0),
        removed=counts.get(Kind.REMOVED, 0),
        changed=counts.get(Kind.CHANGED, 0),
        shared_keys=counts.get("shared", 0),
        columns={name: count for name, count in most_first if count},
        sample=sample,
    )


@contextmanager
def _opened(lake: Lake, plan: DiffPlan) -> Iterator[Change]:
    """Read the good rows that came and went, or all of both states where these cannot be told apart by files."""
    schema = plan.spec.schema
    if plan.change.method is Method.WHOLE:
        was = lake.production if plan.against_production else lake
        before = _whole(was, plan.spec, plan.before.snapshot_id)
        after = _whole(lake, plan.spec, plan.after.snapshot_id)
        yield Change(added=good_data(after, schema), removed=good_data(before, schema))
        return
    with open_change(lake, plan.spec, plan.change) as change:
        gone = change.removed
        yield Change(added=good_data(change.added, schema), removed=None if gone is None else good_data(gone, schema))


def _whole(lake: Lake, spec: TableSpec, snapshot_id: int) -> DataFrame:
    """Read a state with its columns called as they are now: a snapshot is read by the schema that it had."""
    table = lake.table(spec.name)
    rows, snapshot = lake.rows(spec, snapshot_id=snapshot_id), table.snapshot_by_id(snapshot_id)
    had = table.schemas().get(snapshot.schema_id) if snapshot and snapshot.schema_id is not None else None
    if had is None:
        return rows
    now = {one.field_id: one.name for one in table.schema().fields}
    kept = [F.col(f"`{one.name}`").alias(now[one.field_id]) for one in had.fields if one.field_id in now]
    return rows.select(*kept)


def _counts(spec: TableSpec) -> list[Column]:
    found = [F.coalesce(F.sum(kind), F.lit(0)).alias(kind) for kind in Kind]
    shared = (F.col(Kind.ADDED) > 0) & (F.col(Kind.REMOVED) > 0)
    found.append(F.count(F.when(shared, 1)).alias("shared"))
    for at, column in enumerate(spec.columns):
        was, now = (F.col(f"{side}.{column.name}") for side in ("before", "after"))
        differs = (F.col(Kind.CHANGED) > 0) & ~was.eqNullSafe(now)
        found.append(F.count(F.when(differs, 1)).alias(f"column_{at}"))
    return found
