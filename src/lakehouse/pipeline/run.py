"""Run builds: read what changed in inputs, pinned; write to an audit branch; score; publish in one commit."""

from __future__ import annotations

import dataclasses
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum

from lakehouse.catalog import ledger
from lakehouse.catalog.conflicts import conflict_of
from lakehouse.catalog.environment import claim
from lakehouse.catalog.iceberg import Lake, Tables
from lakehouse.catalog.leasing import Held, Leasing, hold
from lakehouse.catalog.ledger import LedgerEntry
from lakehouse.catalog.publish import Audit, main_of, open_audit, publish
from lakehouse.catalog.quality_metrics import record
from lakehouse.catalog.retention import Retention
from lakehouse.contract.build import BuildSpec
from lakehouse.contract.engine import Engine
from lakehouse.errors import PublishConflictError, QualityGateError
from lakehouse.pipeline.build_call import Inputs, call, while_written
from lakehouse.pipeline.build_plan import BuildPlan, Strategy, plan_build
from lakehouse.pipeline.cost import COSTS, Costs
from lakehouse.pipeline.engine_check import require_engine
from lakehouse.pipeline.expired_rows import refuse_expired
from lakehouse.pipeline.kept_rows import changes_with_instants, kept_rows
from lakehouse.pipeline.quarantine import set_aside
from lakehouse.pipeline.scored_write import score_branch, segments_of, write_scored
from lakehouse.pipeline.source_fingerprint import source_fingerprint
from lakehouse.pipeline.write_changes import write_changes
from lakehouse.quality import Policy, Rule, RuleSet, TableScore, decide, rule_set

_TRIES = 4


class Status(StrEnum):
    """What happened to a table in a run."""

    PUBLISHED = "published"
    UP_TO_DATE = "up to date"


def new_run_id() -> str:
    """Give an id of a run: its instant (UTC) to the second, and six random characters."""
    return f"{datetime.now(UTC):%Y%m%dt%H%M%S}_{uuid.uuid4().hex[:6]}"


@dataclass(frozen=True, kw_only=True)
class Run:
    """One run of some builds: its id, its instant (UTC), the least score of a table by its name and what its contract
    declares, rules from files by table, which publishes are kept, whether to build whole, since when to make rows again
    (empty: only of what is new), whether to build of inputs that have lost rows, the costs to choose by, and how it
    waits for other runs; without ``leasing`` it does not.
    """

    minimum_score: Callable[[str, float | None], float]
    more_rules: Callable[[str], Sequence[tuple[str, Rule]]] = lambda _table: ()
    instant: datetime = field(default_factory=lambda: datetime.now(UTC))
    run_id: str = field(default_factory=new_run_id)
    full: bool = False
    since: str = ""
    accept_loss: bool = False
    retention: Retention = field(default_factory=Retention)
    costs: Costs = COSTS
    leasing: Leasing | None = None


@dataclass(frozen=True, kw_only=True)
class Built:
    """A table after a run: its rows on ``main``, its score (None where it has no rules), how it was brought up to date
    and why so, and the seconds it took."""

    table: str
    status: Status
    rows: int
    score: TableScore | None
    snapshot_id: int
    seconds: float
    strategy: Strategy = Strategy.WHOLE
    reason: str = ""


def run_build(lake: Lake, build: BuildSpec, run: Run) -> Built:
    """Bring one table up to date by what changed in its inputs; it is left alone when nothing did.

    Another run that is at work on the table is waited for. When someone publishes the table in between all the same, it
    is built again on top of that, some times.

    Cost: one job that reads what the plan says and writes it, and three catalog commits; see ``plan_build``.

    Raises:
        TableNotFoundError: An input does not exist yet.
        SchemaMismatchError: The build gives other columns than it declares.
        BuildError: The build raises, or Spark does while it makes its rows.
        QualityGateError: The rows are below what the table's gate demands; ``main`` is as it was.
        LeaseHeldError: Another run was at work on the table for longer than it was waited for.
        PublishConflictError: Other runs published the table each time; nothing of anyone is lost.
        EngineRefusedError: The session's engine is not known to make the rows that Spark makes.
        ExpiredInputError: It would have to be built of an input that no longer has all that it was built of.
        TimeTravelError: Nothing is known of what the run is told to make rows again ``since``.
    """
    started = time.monotonic()
    claim(lake.catalog, build.table.name)
    rules = rule_set(build.table, more=run.more_rules(build.table.name))
    plan = plan_run(lake.catalog, build, rules, run, engine=lake.engine)
    if plan.strategy is Strategy.NOTHING:
        return built_of(lake, plan, Status.UP_TO_DATE, started)
    require_engine(lake, build, rules, instant=run.instant)
    with hold(run.leasing, lake.catalog, plan.table) as held:
        for attempt in range(1, _TRIES + 1):
            if attempt > 1 or held.waited or (held.lease and has_moved(lake, plan)):
                plan = plan_run(lake.catalog, build, rules, run, engine=lake.engine)
            if plan.strategy is Strategy.NOTHING:
                return built_of(lake, plan, Status.UP_TO_DATE, started)
            if not run.accept_loss:
                refuse_expired(lake, plan.table, plan.newly_expired)
            try:
                _publish(lake, plan, rules, run, held, branch=run.run_id if attempt == 1 else f"{run.run_id}_{attempt}")
            except Exception as error:
                if attempt == _TRIES or conflict_of(error) is None:
                    raise
                continue
            return built_of(lake, plan, Status.PUBLISHED, started)
    raise AssertionError("the last try returns or raises")


def plan_run(
    catalog: Tables,
    build: BuildSpec,
    rules: RuleSet,
    run: Run,
    *,
    pinned: Mapping[str, int] | None = None,
    engine: Engine = Engine.SPARK,
) -> BuildPlan:
    """Decide as ``plan_build`` does, by what a run was told."""
    return plan_build(
        catalog,
        build,
        rules,
        instant=run.instant,
        full=run.full,
        since=run.since,
        costs=run.costs,
        pinned=pinned,
        engine=engine,
    )


def has_moved(lake: Lake, plan: BuildPlan) -> bool:
    """Tell whether someone has published the table since it was planned."""
    table = lake.find(plan.table)
    return table is not None and main_of(table) != plan.base


def _publish(lake: Lake, plan: BuildPlan, rules: RuleSet, run: Run, held: Held, *, branch: str) -> None:
    audit, entry = audit_build(lake, plan, rules, run, branch=branch)
    held.tell_if_overtaken()
    publish(audit, entry, run.retention)
    if entry.score:
        record(lake, plan.table)


def audit_build(lake: Lake, plan: BuildPlan, rules: RuleSet, run: Run, *, branch: str) -> tuple[Audit, LedgerEntry]:
    """Do what a plan says on an audit branch, score it and hold it against its gate. Gives what is to be published.

    Raises:
        QualityGateError: The rows are below what the table's gate demands; they stay on the branch.
        PublishConflictError: The table is not the one any more that was planned for.
    """
    started, spec = time.monotonic(), plan.build.table
    entry = LedgerEntry(
        run_id=run.run_id,
        published_at=run.instant,
        inputs=plan.inputs,
        code=plan.code,
        rules=rules.id,
        strategy=plan.strategy.value,
        bytes_read=plan.bytes_to_read,
        engine=lake.engine_version,
        sources=source_fingerprint(plan.build, lake.engine_version),
        expired=plan.expired,
    )
    audit = open_audit(lake, spec, run_id=branch)
    if plan.strategy is not Strategy.WHOLE and audit.base != plan.base:
        # What is left to do was decided of another table than this one: rows could come twice.
        raise PublishConflictError(table=spec.name, base=plan.base or 0, found=audit.base)
    with while_written(plan.build), changes_with_instants(spec):
        score = _write(audit, plan, rules, run)
    demand(audit, score, rules, run)
    if rules.gate.policy is Policy.QUARANTINE:
        set_aside(audit, rules, entry, failing=score.rows_failed if score else 0)
    entry = dataclasses.replace(entry, score=score.to_json() if score else "", seconds=time.monotonic() - started)
    return audit, entry


def _write(audit: Audit, plan: BuildPlan, rules: RuleSet, run: Run) -> TableScore | None:
    inputs = Inputs(lake=audit.lake, build=plan.build, pinned=plan.inputs, instant=run.instant)
    if plan.strategy is not Strategy.WHOLE:
        write_changes(audit, plan, inputs, rules)
        return score_branch(audit, rules, instant=run.instant)
    rows, spec = kept_rows(audit.spec, call(plan.build, inputs)), audit.spec
    # One row of each key was kept, so that nobody has to look for a second.
    unique = spec.key if spec.newest_by and not spec.history else ()
    return write_scored(audit, rows, rules, run_id=run.run_id, instant=run.instant, unique=unique)


def demand(audit: Audit, score: TableScore | None, rules: RuleSet, run: Run) -> None:
    """Hold a score against what the table's gate and the settings demand.

    Raises:
        QualityGateError: It is below.
    """
    if score is None:
        return
    gate = dataclasses.replace(rules.gate, minimum=run.minimum_score(audit.spec.name, rules.gate.minimum))
    decision = decide(score, gate, segments=segments_of(audit, rules))
    if not decision.passed:
        raise QualityGateError(table=audit.spec.name, broken=decision.broken, worst=decision.worst, branch=audit.branch)


def built_of(lake: Lake, plan: BuildPlan, status: Status, started: float) -> Built:
    """Give what became of a table, by its newest publish."""
    table = lake.table(plan.table)
    entry, head = ledger.latest(table), table.current_snapshot()
    return Built(
        table=plan.table,
        status=status,
        rows=ledger.row_count(table),
        score=entry.table_score if entry else None,
        snapshot_id=head.snapshot_id if head else 0,
        seconds=time.monotonic() - started,
        strategy=plan.strategy,
        reason=plan.reason,
    )
