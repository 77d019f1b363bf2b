"""Rows to an audit branch, and their score: counted while they are written, wherever the engine delivers the counts."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from pyspark.sql import DataFrame

from lakehouse.catalog import ledger
from lakehouse.catalog.changes import open_added, plan_change
from lakehouse.catalog.publish import Audit
from lakehouse.catalog.quality_metrics import past_scores
from lakehouse.contract.scored import Scored
from lakehouse.errors import LakehouseError
from lakehouse.pipeline.persisted import FEW_ROWS, LARGE_ROWS
from lakehouse.pipeline.spark_errors import SPARK_ERRORS, root_cause
from lakehouse.quality.gate import Policy
from lakehouse.quality.mask import failed_any, with_mask, with_quality
from lakehouse.quality.observed import observe
from lakehouse.quality.rule_set import RuleSet
from lakehouse.quality.score import measure, with_table_rules
from lakehouse.quality.segments import worst_segments
from lakehouse.quality.table_rule import Facts
from lakehouse.quality.table_score import TableScore

_MARKED = re.compile(r"^(.*)\n( *)(\^+)$", re.MULTILINE)
"""A line of SQL in an error of Spark, and the marks below the piece of it that has thrown."""


def write_scored(
    audit: Audit, df: DataFrame, rules: RuleSet, *, run_id: str, instant: datetime, unique: tuple[str, ...] = ()
) -> TableScore | None:
    """Replace the branch's rows and give their score; None where the table has no rules.

    No two of the rows share their columns ``unique``, of which none is null.

    Cost: one job; for each table rule one more over its keys. If the counts do not arrive, one over the written mask;
    where bad rows are dropped, then the build once more.

    Raises:
        LakehouseError: A rule threw on a value; it is named.
    """
    columns = [column.name for column in audit.spec.columns]
    drops = rules.gate.policy is Policy.DROP and bool(rules.rules)
    observed = None
    if rules.rules:
        # Counted by the mask in any case; kept where the table has columns for it.
        masked = with_quality(df, rules) if issubclass(audit.spec.schema, Scored) else with_mask(df, rules)
        df, observed = observe(masked, rules) if audit.lake.engine.observes else (masked, None)
    judged = df
    if drops:
        df = df.where(~failed_any(rules))
    _overwrite(audit, df.select(*columns), rules, run_id=run_id)
    if not rules:
        return None
    written = branch_rows(audit)
    # What was dropped is not in the branch, so without the observed counts the build has to be run once more.
    found = (observed.score() if observed else None) or measure(judged if drops else written, rules)
    facts = replace(facts_of(audit, instant), unique=() if drops else unique, rows=found.rows)
    return with_table_rules(found, written, rules, facts)


def score_branch(audit: Audit, rules: RuleSet, *, instant: datetime, large: int = LARGE_ROWS) -> TableScore | None:
    """Score the rows of the branch as they are, by the mask that they carry; None where the table has no rules.

    Cost: one scan of the mask, or of the columns of rules where the table keeps none; for each table rule one of keys,
    which are shuffled in a ``large`` table only where they came since the last publish, or a rule was broken then.
    """
    if not rules:
        return None
    written, facts = branch_rows(audit), facts_of(audit, instant)
    table = audit.lake.table(audit.spec.name)
    newest = ledger.latest(table)
    small = ledger.row_count(table) < large
    if small or newest is None or newest.rules != rules.id or newest.table_score is None:
        return with_table_rules(measure(written, rules), written, rules, facts)
    plan = plan_change(table, since=newest.snapshot_id, until=table.refs()[audit.branch].snapshot_id)
    with open_added(audit.lake, audit.spec, plan) as came:
        facts = replace(facts, before=newest.table_score, came=came if plan.rows <= FEW_ROWS else None)
        return with_table_rules(measure(written, rules), written, rules, facts)


def branch_rows(audit: Audit) -> DataFrame:
    """Read the branch as it stands."""
    return audit.lake.branch_rows(audit.spec, audit.branch)


def segments_of(audit: Audit, rules: RuleSet) -> list[tuple[str, str, float]]:
    """Score the segments that the table's gate names, from what was written."""
    return [found for column in rules.gate.segments for found in worst_segments(branch_rows(audit), rules, column)]


def facts_of(audit: Audit, instant: datetime) -> Facts:
    """Give what table rules may know in this run."""
    lake = audit.lake
    past = [one.score for one in past_scores(lake.catalog, audit.spec.name)]
    return Facts(instant=instant, read=lake.named, past=past)


def _overwrite(audit: Audit, df: DataFrame, rules: RuleSet, *, run_id: str) -> None:
    try:
        audit.lake.replace_rows(audit.spec, audit.branch, df, run_id=run_id)
    except SPARK_ERRORS as error:
        guilty = _guilty(error, rules)
        if not guilty:
            raise
        raise LakehouseError(
            f"{audit.spec.name} was not written: rule {', '.join(guilty)} threw on a value: "
            f"{root_cause(error)}\nWrite conditions that cannot throw: try_cast, try_divide, try_to_timestamp"
        ) from error


def _guilty(error: Exception, rules: RuleSet) -> Sequence[str]:
    """Give the rules whose SQL holds the piece of SQL that Spark says has thrown."""
    pieces = [text[len(before) : len(before) + len(marks)] for text, before, marks in _MARKED.findall(str(error))]
    return [one.name for one in rules.rules if any(piece and piece in repr(one.rule) for piece in pieces)]
