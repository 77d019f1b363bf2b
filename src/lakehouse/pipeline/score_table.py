"""Score a table as it stands: what was only appended to since its last score is scored alone, and the counts added."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from pyiceberg.table import Table
from pyspark.sql import DataFrame

from lakehouse.catalog.iceberg import Lake, good_rows
from lakehouse.catalog.ledger import only_added_since
from lakehouse.catalog.quality_metrics import past_scores, save
from lakehouse.contract.table import TableSpec
from lakehouse.quality import Facts, RuleSet, ScoredAt, TableScore, measure
from lakehouse.quality.score import with_table_rules


@dataclass(frozen=True, kw_only=True)
class Scoring:
    """A score, the snapshot that it is of (None: the table has none), and the snapshot whose counts it was added to."""

    score: TableScore
    snapshot_id: int | None
    added_to: int | None = None


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

    Rows of a column are counted once: the newest score by the same rules whose snapshot was only appended to since
    (or compacted) is taken, and the appended rows are counted in addition. Table rules look at their keys of all rows.

    Cost: a scan of the appended rows, or of all where there is no such score; for each table rule a pass over its keys;
    one small append to ``quality.metrics``.

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
    base = None if full else base_of(table, rules, past)
    rows = _bare(spec, lake.rows(spec, snapshot_id=head.snapshot_id if head else None))
    if base is None or head is None:
        found = measure(rows, rules)
    else:
        found = row_rules_only(base.score, rules)
        if base.snapshot_id != head.snapshot_id:
            appended = lake.appended(spec, since=base.snapshot_id, until=head.snapshot_id)
            found = found.merged(measure(_bare(spec, appended), rules))
    facts = Facts(
        instant=instant,
        read=lambda name: lake.spark.table(f"`{lake.name}`.{name}"),
        past=[one.score for one in past],
    )
    found = with_table_rules(found, rows, rules, facts)
    if keep and head:
        save(lake, ScoredAt(score=found, measured_at=instant, run_id=run_id, snapshot_id=head.snapshot_id))
    return Scoring(
        score=found, snapshot_id=head.snapshot_id if head else None, added_to=base.snapshot_id if base else None
    )


def base_of(table: Table, rules: RuleSet, past: Sequence[ScoredAt]) -> ScoredAt | None:
    """Give the newest score by these rules to whose snapshot rows were only appended; None where there is none."""
    # The newest first in the past, and so the last to be put in here.
    scored = {one.snapshot_id: one for one in reversed(past) if one.score.rule_set == rules.id}
    kept = (one.snapshot_id for one in only_added_since(table))
    return next((scored[one] for one in kept if one in scored), None)


def row_rules_only(score: TableScore, rules: RuleSet) -> TableScore:
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
