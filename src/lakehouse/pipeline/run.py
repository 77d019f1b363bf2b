"""Run builds: read inputs pinned, write to an audit branch, score while writing, publish in one commit."""

from __future__ import annotations

import dataclasses
import hashlib
import inspect
import time
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum

from pyspark.sql import DataFrame

from lakehouse.catalog import ledger
from lakehouse.catalog.iceberg import Lake
from lakehouse.catalog.ledger import LedgerEntry
from lakehouse.catalog.publish import Audit, open_audit, publish
from lakehouse.catalog.quality_metrics import record
from lakehouse.contract.build import BuildSpec
from lakehouse.contract.conform import conform
from lakehouse.contract.ddl import create_table_sql
from lakehouse.contract.table import TableSpec, spec_of
from lakehouse.errors import QualityGateError
from lakehouse.pipeline.quarantine import set_aside
from lakehouse.pipeline.scored_write import segments_of, write_scored
from lakehouse.quality import Policy, Rule, RuleSet, TableScore, decide, rule_set


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
    declares, rules from files by table, and whether to build regardless."""

    minimum_score: Callable[[str, float | None], float]
    more_rules: Callable[[str], Sequence[tuple[str, Rule]]] = lambda _table: ()
    instant: datetime = field(default_factory=lambda: datetime.now(UTC))
    run_id: str = field(default_factory=new_run_id)
    full: bool = False


@dataclass(frozen=True, kw_only=True)
class Built:
    """A table after a run: its rows on ``main``, its score (None where it has no rules), and the seconds it took."""

    table: str
    status: Status
    rows: int
    score: TableScore | None
    snapshot_id: int
    seconds: float


def run_build(lake: Lake, build: BuildSpec, run: Run) -> Built:
    """Bring one table up to date; it is left alone when its inputs, code and rules are as at its last publish.

    Cost: one job that reads the inputs and writes the table whole, and three catalog commits.

    Raises:
        TableNotFoundError: An input does not exist yet.
        SchemaMismatchError: The build gives other columns than it declares.
        QualityGateError: The rows are below what the table's gate demands; ``main`` is as it was.
        PublishConflictError: Another run published the table in between; nothing of either is lost.
    """
    started, spec = time.monotonic(), build.table
    inputs = {spec_of(schema).name: _head(lake, spec_of(schema)) for _, schema in build.inputs}
    rules = rule_set(spec, more=run.more_rules(spec.name))
    entry = LedgerEntry(
        run_id=run.run_id, published_at=run.instant, inputs=inputs, code=_fingerprint(build, run), rules=rules.id
    )
    current = lake.find(spec.name)
    newest = ledger.latest(current) if current else None
    if newest and not run.full and (newest.inputs, newest.code, newest.rules) == (inputs, entry.code, entry.rules):
        return _built(lake, spec, newest, Status.UP_TO_DATE, started)
    audit = open_audit(lake, spec, run_id=run.run_id)
    rows = _call(lake, build, run, inputs)
    score = write_scored(audit, conform(rows, spec.schema), rules, run_id=run.run_id, instant=run.instant)
    _demand(audit, score, rules, run)
    if rules.gate.policy is Policy.QUARANTINE:
        set_aside(audit, rules, entry)
    entry = _with_score(entry, score)
    publish(audit, entry)
    if score is not None:
        record(lake, spec.name)
    return _built(lake, spec, entry, Status.PUBLISHED, started)


def _head(lake: Lake, spec: TableSpec) -> int:
    snapshot = lake.table(spec.name, todo=f"run `lakehouse stream {spec.name}` or `lakehouse run {spec.name}` first")
    head = snapshot.current_snapshot()
    return head.snapshot_id if head else 0


def _call(lake: Lake, build: BuildSpec, run: Run, pinned: dict[str, int]) -> DataFrame:
    arguments: dict[str, object] = {
        name: lake.read(schema, snapshot_id=pinned[spec_of(schema).name] or None) for name, schema in build.inputs
    }
    if build.instant:
        arguments[build.instant] = run.instant
    return build.function(**arguments)


def _demand(audit: Audit, score: TableScore | None, rules: RuleSet, run: Run) -> None:
    if score is None:
        return
    gate = dataclasses.replace(rules.gate, minimum=run.minimum_score(audit.spec.name, rules.gate.minimum))
    decision = decide(score, gate, segments=segments_of(audit, rules))
    if not decision.passed:
        raise QualityGateError(table=audit.spec.name, broken=decision.broken, worst=decision.worst, branch=audit.branch)


def _fingerprint(build: BuildSpec, run: Run) -> str:
    """Hash what decides a build's result beside its inputs: its code, the contract, and the day of its instant."""
    day = f"{run.instant:%Y-%m-%d}" if build.instant else ""
    text = inspect.getsource(build.function) + create_table_sql(build.table, catalog="") + day
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def _with_score(entry: LedgerEntry, score: TableScore | None) -> LedgerEntry:
    return dataclasses.replace(entry, score=score.to_json() if score else "")


def _built(lake: Lake, spec: TableSpec, entry: LedgerEntry, status: Status, started: float) -> Built:
    table = lake.table(spec.name)
    head = table.current_snapshot()
    return Built(
        table=spec.name,
        status=status,
        rows=ledger.row_count(table),
        score=entry.table_score,
        snapshot_id=head.snapshot_id if head else 0,
        seconds=time.monotonic() - started,
    )
