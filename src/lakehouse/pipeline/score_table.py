"""Score a table as it stands: only rows that came or went since its last score are scored, and the counts summed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime

from pyiceberg.table import Table
from pyspark.sql import DataFrame

from lakehouse.catalog.changes import Change, ChangePlan, Method, open_change, plan_change
from lakehouse.catalog.iceberg import Lake, good_rows
from lakehouse.catalog.quality_metrics import past_scores, save
from lakehouse.contract.table import TableSpec
from lakehouse.pipeline.persisted import FEW_ROWS, LARGE_ROWS
from lakehouse.quality import Facts, RuleSet, ScoredAt, TableScore, measure
from lakehouse.quality.score import with_table_rules


@dataclass(frozen=True, kw_only=True)
class Scoring:
    """A score, the snapshot that it is of (None: the table has none), and the snapshot whose counts it was added to."""

    score: TableScore
    snapshot_id: int | None
    added_to: int | None = None


@dataclass(frozen=True, kw_only=True)
class _Base:
    """An earlier score, and how what changed since is read."""

    scored: ScoredAt
    change: ChangePlan


def score_table(
    lake: Lake,
    spec: TableSpec,
    rules: RuleSet,
    *,
    run_id: str,
    instant: datetime,
    full: bool = False,
    keep: bool = True,
) -> Scoring:
    """Score the good rows of a table by its rules as they are now.

    Rows are counted once: to the newest score by the same rules are added the counts of the rows that came since, and
    those of the rows that went are subtracted. Table rules look at their keys of all rows, but in a large table
    shuffle those alone that came, where no key was broken before.

    Cost: a scan of what changed (see ``plan_change``), or of all rows where there is no such score or that is less to
    read; for each table rule a pass over its keys; one small append to ``quality.metrics``.

    Args:
        full: Scan all rows in any case.
        keep: Write the score into ``quality.metrics``, where the next one starts from it.

    Raises:
        TableNotFoundError: The table does not exist.
    """
    table = lake.table(spec.name)
    lake.refresh(spec.name)
    head = table.current_snapshot()
    past = past_scores(lake.catalog, spec.name)
    base = None if full else _base(table, rules, past)
    rows = _bare(spec, lake.rows(spec, snapshot_id=head.snapshot_id if head else None))
    facts = Facts(instant=instant, read=lake.named, past=[one.score for one in past])
    if base is None:
        found = with_table_rules(measure(rows, rules), rows, rules, facts)
    else:
        with _opened(lake, spec, base.change, rows) as change:
            worth = base.change.rows <= FEW_ROWS and base.change.total_rows >= LARGE_ROWS
            came = change.added if worth else None
            facts = replace(facts, before=base.scored.score, came=came)
            found = with_table_rules(_brought_up(rules, base, change), rows, rules, facts)
    if keep and head:
        save(lake, ScoredAt(score=found, measured_at=instant, run_id=run_id, snapshot_id=head.snapshot_id))
    return Scoring(
        score=found,
        snapshot_id=head.snapshot_id if head else None,
        added_to=base.scored.snapshot_id if base else None,
    )


def _base(table: Table, rules: RuleSet, past: Sequence[ScoredAt]) -> _Base | None:
    """Give the newest score by these rules, where reading what changed since is less than reading all."""
    scored = next((one for one in past if one.score.rule_set == rules.id), None)
    head = table.current_snapshot()
    if scored is None or head is None:
        return None
    change = plan_change(table, since=scored.snapshot_id, until=head.snapshot_id)
    less = change.bytes < change.total_bytes and change.rows < change.total_rows
    return _Base(scored=scored, change=change) if less or change.method is Method.NOTHING else None


@contextmanager
def _opened(lake: Lake, spec: TableSpec, plan: ChangePlan, rows: DataFrame) -> Iterator[Change]:
    if plan.method is Method.NOTHING:
        yield Change(added=rows.limit(0))
        return
    with open_change(lake, spec, plan) as change:
        removed = _bare(spec, change.removed) if change.removed is not None else None
        yield Change(added=_bare(spec, change.added), removed=removed)


def _brought_up(rules: RuleSet, base: _Base, change: Change) -> TableScore:
    before = _row_rules_only(base.scored.score, rules)
    if base.change.method is Method.NOTHING:
        return before
    after = before.merged(measure(change.added, rules))
    return after if change.removed is None else after.without(measure(change.removed, rules))


def _row_rules_only(score: TableScore, rules: RuleSet) -> TableScore:
    """Leave the table rules out: their counts do not add up."""
    names = {one.name for one in rules.rules}
    return TableScore(
        table=score.table,
        rule_set=score.rule_set,
        rows=score.rows,
        rows_failed=score.rows_failed,
        rules=tuple(one for one in score.rules if one.name in names),
    )


def _bare(spec: TableSpec, rows: DataFrame) -> DataFrame:
    # Not by the mask that it keeps: that is of the rules as they were.
    good = good_rows(rows, spec.schema)
    return good.drop(*(column.name for column in spec.columns if column.generated))
