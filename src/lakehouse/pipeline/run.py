"""Run builds: read inputs pinned, write to an audit branch, score while writing, publish in one commit."""

from __future__ import annotations

import dataclasses
import hashlib
import inspect
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from lakehouse.catalog import ledger
from lakehouse.catalog.iceberg import Lake
from lakehouse.catalog.ledger import LedgerEntry
from lakehouse.catalog.publish import Audit, open_audit, publish
from lakehouse.contract.build import BuildSpec
from lakehouse.contract.conform import conform
from lakehouse.contract.ddl import create_table_sql
from lakehouse.contract.table import TableSpec, spec_of
from lakehouse.errors import QualityGateError
from lakehouse.quality import RuleSet, TableScore, decide, measure, observe, rule_set, with_quality


class Status(StrEnum):
    """What happened to a table in a run."""

    PUBLISHED = "published"
    UP_TO_DATE = "up to date"


@dataclass(frozen=True, kw_only=True)
class Run:
    """One run of some builds: its id, its instant (UTC), the least score by table, and whether to build regardless."""

    minimum_score: Callable[[str], float]
    instant: datetime = field(default_factory=lambda: datetime.now(UTC))
    run_id: str = field(default_factory=lambda: f"{datetime.now(UTC):%Y%m%dt%H%M%S}_{uuid.uuid4().hex[:6]}")
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
        QualityGateError: The rows scored below the minimum; ``main`` is as it was.
        PublishConflictError: Another run published the table in between; nothing of either is lost.
    """
    started, spec = time.monotonic(), build.table
    inputs = {spec_of(schema).name: _head(lake, spec_of(schema)) for _, schema in build.inputs}
    rules = rule_set(spec)
    entry = LedgerEntry(
        run_id=run.run_id, published_at=run.instant, inputs=inputs, code=_fingerprint(build, run), rules=rules.id
    )
    current = lake.find(spec.name)
    newest = ledger.latest(current) if current else None
    if newest and not run.full and (newest.inputs, newest.code, newest.rules) == (inputs, entry.code, entry.rules):
        return _built(lake, spec, newest, Status.UP_TO_DATE, started)
    audit = open_audit(lake, spec, run_id=run.run_id)
    rows = _call(lake, build, run, inputs)
    score = _write(audit, conform(rows, spec.schema), rules, run_id=run.run_id)
    _demand(audit, score, run)
    entry = _with_score(entry, score)
    publish(audit, entry)
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


def _write(audit: Audit, df: DataFrame, rules: RuleSet, *, run_id: str) -> TableScore | None:
    """Replace the branch's rows, scoring them while they are written."""
    columns = [c.name for c in audit.spec.columns]
    observed = None
    if rules.rules:
        df, observed = observe(with_quality(df, rules), rules)
    writer = df.select(*columns).writeTo(audit.target).option("snapshot-property.lakehouse.run-id", run_id)
    writer.overwrite(F.lit(True))
    if observed is None:
        return None
    return observed.score() or measure(audit.lake.spark.table(audit.target), rules)


def _demand(audit: Audit, score: TableScore | None, run: Run) -> None:
    if score is None:
        return
    minimum = run.minimum_score(audit.spec.name)
    decision = decide(score, minimum=minimum)
    if not decision.passed:
        raise QualityGateError(
            table=audit.spec.name, score=score.score or 0.0, minimum=minimum, branch=audit.branch, worst=decision.worst
        )


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
        score=TableScore.from_json(entry.score) if entry.score else None,
        snapshot_id=head.snapshot_id if head else 0,
        seconds=time.monotonic() - started,
    )
