"""What a run would do, table by table, and why: from contracts, the ledger and Iceberg's metadata. No data is read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace

from pyiceberg.catalog import Catalog
from pyiceberg.table import Table

from lakehouse.catalog import ledger
from lakehouse.catalog.environment import claim
from lakehouse.catalog.iceberg import Lake, Tables, find_table
from lakehouse.catalog.live_table import live_table
from lakehouse.catalog.time_travel import TimeTravelError
from lakehouse.contract.build import BuildSpec
from lakehouse.contract.engine import Engine
from lakehouse.contract.evolution import LiveTable
from lakehouse.contract.table import TableSpec
from lakehouse.errors import ContractError
from lakehouse.pipeline.build_plan import Strategy, strategy_on
from lakehouse.pipeline.engine_check import refused
from lakehouse.pipeline.graph import FilledBy, Graph, reads_of
from lakehouse.pipeline.past_runs import past_runs
from lakehouse.pipeline.planned_read import planned_read
from lakehouse.pipeline.run import Run, plan_run
from lakehouse.pipeline.schema_plan import SchemaPlan, plan_input, plan_schema
from lakehouse.pipeline.source_fingerprint import source_fingerprint
from lakehouse.pipeline.staleness import Cause, Kind, input_causes, own_causes
from lakehouse.pipeline.table_plan import TablePlan, Verdict
from lakehouse.pipeline.type_check import EmptyTables, check_build
from lakehouse.pipeline.upstream import strategy_after
from lakehouse.quality import RuleSet, rule_set

_AT_ONCE = 4
"""Builds that are checked at the same time: Spark's analyser takes a core for each."""


@dataclass(frozen=True, kw_only=True)
class LakePlan:
    """What a run would do: its tables, in the order in which they are built, and what it finds of other inputs."""

    tables: tuple[TablePlan, ...]
    inputs: tuple[SchemaPlan, ...] = ()

    @property
    def schemas(self) -> tuple[SchemaPlan, ...]:
        """Contract against table: of the inputs that it does not make, then of its tables."""
        return (*self.inputs, *(one.schema for one in self.tables))

    @property
    def errors(self) -> int:
        """How many builds do not pass their check, and how many tables do not fit and are not changed."""
        return sum(bool(one.problems) for one in self.tables) + sum(bool(one.refused) for one in self.schemas)

    @property
    def published(self) -> tuple[TablePlan, ...]:
        """The tables that a run would publish."""
        return tuple(one for one in self.tables if one.is_published)

    @property
    def seconds(self) -> float | None:
        """How long the tables take together of which that can be estimated; None where it can be of none."""
        known = [one.seconds for one in self.published if one.seconds is not None]
        return sum(known) if known else None

    def count(self, verdict: Verdict) -> int:
        """Count the tables of which a run would make that."""
        return sum(one.verdict is verdict for one in self.tables)


def plan_lake(
    lake: Lake, graph: Graph, builds: Sequence[BuildSpec], run: Run, *, since: Mapping[str, str] | None = None
) -> LakePlan:
    """Tell what a run of some builds would do. What is wrong is collected, not raised; nothing is changed.

    Cost: Spark analyses each build on empty inputs; metadata of the tables and of what they read. No job.

    Args:
        builds: In the order in which a run takes them, as ``Graph.select`` gives them.
        since: Of some tables, since when their rows are made again, as a run is told of each.
    """
    claim(lake.catalog, *(build.table.name for build in builds))
    tables, empty, before = _Loaded(lake.catalog), EmptyTables(lake.spark), dict[str, TablePlan]()
    with ThreadPoolExecutor(max_workers=_AT_ONCE) as pool:
        found = pool.map(lambda build: _check(lake, build, run, tables, empty), builds)
        schemas = _schemas(tables, graph, builds, catalog=lake.name)
        checks = {build.table.name: check for build, check in zip(builds, found, strict=True)}
    for build in builds:
        name = build.table.name
        told = replace(run, since=(since or {}).get(name, ""))
        planner = _Planner(tables=tables, engine=lake.engine, run=told, schemas=schemas, before=before)
        before[name] = planner.plan(build, *checks[name])
    return LakePlan(
        tables=tuple(before.values()), inputs=tuple(schemas[name] for name in schemas if name not in before)
    )


def _schemas(tables: _Loaded, graph: Graph, builds: Sequence[BuildSpec], *, catalog: str) -> dict[str, SchemaPlan]:
    """Hold the contracts of what builds make, and of what else they read, against the live tables."""
    made = {one.table.name: plan_schema(tables.live(one.table), one.table, catalog=catalog) for one in builds}
    inputs = dict.fromkeys(name for build in builds for name in reads_of(build) if name not in made)
    read = {
        spec.name: plan_input(tables.live(spec), spec, catalog=catalog, filled_by=graph.filled_by(spec.name))
        for spec in map(graph.table, inputs)
    }
    return read | made


def _check(
    lake: Lake, build: BuildSpec, run: Run, tables: _Loaded, empty: EmptyTables
) -> tuple[RuleSet | None, tuple[str, ...]]:
    """Give the rules of a build's table, None where they contradict each other, and what is wrong with the build."""
    try:
        rules = rule_set(build.table, more=run.more_rules(build.table.name))
    except ContractError as error:
        return None, (str(error),)
    target = find_table(tables, build.table.name)
    newest = ledger.latest(target) if target else None
    sources = newest.sources if newest and newest.rules == rules.id else ""
    published = sources != "" and sources == source_fingerprint(build, lake.engine_version)
    wrong = check_build(build, rules, instant=run.instant, empty=empty, published=published)
    if wrong or lake.engine is Engine.SPARK:
        return rules, wrong
    return rules, tuple(f"{lake.engine}: {what}" for what in refused(lake, build, rules, instant=run.instant))


@dataclass(frozen=True)
class _Loaded:
    """A catalog each of whose tables is loaded once: a plan is of one instant, and many builds read one table."""

    catalog: Catalog
    tables: dict[str, Table] = field(default_factory=dict)

    def load_table(self, identifier: str) -> Table:
        if identifier not in self.tables:
            # Of two threads that ask at once, both get what came first.
            self.tables.setdefault(identifier, self.catalog.load_table(identifier))
        return self.tables[identifier]

    def live(self, spec: TableSpec) -> LiveTable | None:
        table = find_table(self, spec.name)
        return live_table(table) if table else None


@dataclass(frozen=True, kw_only=True)
class _Planner:
    """Plans builds one after the other; ``before`` are those that were planned already."""

    tables: Tables
    engine: Engine
    run: Run
    schemas: Mapping[str, SchemaPlan]
    before: Mapping[str, TablePlan]

    def find(self, name: str) -> Table | None:
        return find_table(self.tables, name)

    def plan(self, build: BuildSpec, rules: RuleSet | None, problems: tuple[str, ...]) -> TablePlan:
        schema = self.schemas[build.table.name]
        plan = TablePlan(build=build, verdict=Verdict.FAILS, schema=schema, problems=problems)
        if absent := tuple(self._absent(build)):
            return replace(plan, verdict=Verdict.WAITS, causes=absent)
        if rules is None:
            return plan
        plan = self._planned(plan, rules)
        if plan.strategy is Strategy.NOTHING:
            return replace(plan, verdict=Verdict.UP_TO_DATE)
        if plan.problems or schema.refused or not all(self.schemas[name].readable for name in reads_of(build)):
            return plan
        follows = all(one.kind is Kind.UPSTREAM for one in plan.causes)
        return replace(plan, verdict=Verdict.FOLLOW if follows else Verdict.BUILD)

    def _absent(self, build: BuildSpec) -> Iterator[Cause]:
        """Give the inputs that will not be there when the build is run."""
        for name in reads_of(build):
            upstream = self.before.get(name)
            if upstream and upstream.verdict in _NOT_THERE:
                yield Cause(kind=Kind.ABSENT, table=name, text=_NOT_THERE[upstream.verdict])
            elif not upstream and self.find(name) is None:
                yield Cause(kind=Kind.ABSENT, table=name, text=_TO_FILL[self.schemas[name].filled_by].format(name))

    def _planned(self, plan: TablePlan, rules: RuleSet) -> TablePlan:
        """Fill in why a table is stale, by what strategy it is built, and what that reads."""
        build, run = plan.build, self.run
        target = self.find(plan.table)
        newest = ledger.latest(target) if target else None
        own = tuple(own_causes(build, rules, newest, run))
        coming = {one.table: one.strategy for one in self._published(build) if one.strategy}
        upstream = tuple(Cause(kind=Kind.UPSTREAM, table=name, text="it will be published first") for name in coming)
        plan = replace(plan, causes=(*own, *upstream), past=past_runs(target) if target else ())
        if any(self.find(name) is None for name in coming):
            return replace(plan, strategy=Strategy.WHOLE, reason=own[0].text if own else "its input is made anew")
        try:
            known = plan_run(self.tables, build, rules, run, engine=self.engine)
        except TimeTravelError as error:
            return replace(plan, problems=(*plan.problems, str(error)))
        causes = (*own, *input_causes(known, newest, run), *upstream)
        lost = () if run.accept_loss else (_lost(name, count) for name, count in known.newly_expired.items())
        problems = (*plan.problems, *lost)
        plan = replace(plan, causes=causes, strategy=known.strategy, reason=known.reason, problems=problems)
        if not coming:
            return replace(plan, reads=planned_read(known, self.find))
        if own:
            return plan
        size = ledger.summed(target.current_snapshot(), "total-files-size") if target else 0
        after = strategy_after(known, rules, coming, target_bytes=size, costs=run.costs, again=bool(run.since))
        strategy, reason = strategy_on(self.engine, known.changes, *after)
        return replace(plan, strategy=strategy, reason=reason)

    def _published(self, build: BuildSpec) -> list[TablePlan]:
        before = (self.before.get(name) for name in reads_of(build))
        return [one for one in before if one is not None and one.is_published]


def _lost(name: str, rows: int) -> str:
    return f"rows gone from {name}: {rows:,}; what was made of them would be lost, unless told --accept-loss"


_NOT_THERE = {Verdict.WAITS: "it waits itself", Verdict.FAILS: "it fails"}
_TO_FILL = {
    FilledBy.STREAM: "run `lakehouse stream {}`",
    FilledBy.SOURCE: "run `lakehouse ingest PATH --into {}`",
    FilledBy.BUILD: "run `lakehouse run {}`, or plan it too",
    FilledBy.EXTERNAL: "something outside of this lake fills it",
    FilledBy.NOTHING: "nothing fills it",
}
