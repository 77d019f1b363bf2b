"""The score of a table: from counts that one pass over the mask gives, and a pass over keys for each table rule."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from lakehouse.contract.schema import Schema
from lakehouse.errors import QualityGateError
from lakehouse.quality.gate import Gate, decide
from lakehouse.quality.mask import MASK, MORE, RULES, failed_any_sql, failed_sql
from lakehouse.quality.rule import Severity
from lakehouse.quality.rule_check import explained
from lakehouse.quality.rule_set import BoundRule, RuleSet, rule_set
from lakehouse.quality.table_rule import Facts, Finding, measure_table
from lakehouse.quality.table_score import RuleScore, TableScore


def aggregates(rules: RuleSet) -> list[Column]:
    """Give the aggregates that a score is made of, over rows that have their mask. Counts merge by addition."""
    conditions = {"rows_failed": failed_any_sql(rules)}
    conditions |= {f"failed_{bit}": failed_sql(bit) for bit in range(len(rules.rules))}
    # Not count_if: Spark makes a column of each of its conditions and carries all of them through the write.
    counts = [F.expr(f"count(CASE WHEN {condition} THEN 1 END) AS {name}") for name, condition in conditions.items()]
    assessed = [F.count(F.when(condition, 1)).alias(name) for name, condition in rules.assessments[0].items()]
    return [F.count(rules.is_judged).alias("rows"), *counts, *assessed]


def score_of(rules: RuleSet, metrics: Mapping[str, Any]) -> TableScore:
    """Make the score of a table from the values of ``aggregates``."""
    counts = {"": 0} | {name: int(count or 0) for name, count in metrics.items()}
    found = tuple(
        _rule_score(bound, Finding(failed=counts[f"failed_{bit}"], assessed=counts[judged] - counts[less]))
        for bit, (bound, (judged, less)) in enumerate(zip(rules.rules, rules.assessments[1], strict=True))
    )
    rows, rows_failed = counts["rows"], counts["rows_failed"]
    return TableScore(table=rules.table, rule_set=rules.id, rows=rows, rows_failed=rows_failed, rules=found)


def score(df: DataFrame, table: type[Schema], *, facts: Facts | None = None) -> TableScore:
    """Score rows by the rules of a contract, whether they carry a mask or not.

    Cost: one scan and one job for all row rules; for each table rule one more, over its keys alone.

    Args:
        facts: What table rules may know: the instant, how other tables are read, past scores.

    Raises:
        ContractError: A rule does not fit these columns.
    """
    rules = rule_set(table)
    return with_table_rules(_counted(df, rules), df, rules, facts or Facts())


def measure(written: DataFrame, rules: RuleSet) -> TableScore:
    """Score written rows by their row rules: a mask that they carry is used, so that no rule is evaluated again."""
    if not {MASK, MORE, RULES} <= set(written.columns):
        return _counted(written, rules)
    return score_of(rules, written.agg(*aggregates(rules)).collect()[0].asDict())


def with_table_rules(found: TableScore, rows: DataFrame, rules: RuleSet, facts: Facts) -> TableScore:
    """Add what the table rules find in the rows to a score."""
    findings = measure_table(rules.judged_rows(rows), rules.table_rules, facts)
    more = tuple(_rule_score(bound, findings[bound.name]) for bound in rules.table_rules)
    return dataclasses.replace(found, rules=(*found.rules, *more))


def require(found: TableScore, gate: Gate) -> None:
    """Demand a score.

    Raises:
        QualityGateError: A demand is broken; the error has the rules that cost the most and why they exist.
    """
    decision = decide(found, gate)
    if not decision.passed:
        raise QualityGateError(table=found.table, broken=decision.broken, worst=decision.worst)


def _counted(df: DataFrame, rules: RuleSet) -> TableScore:
    """Score rows without making a mask of them: nobody asks for one where only counts are wanted."""
    # Null is as good as false where rows are counted, and need not be made false in each row.
    failed = {f"failed_{bit}": violated for bit, violated in enumerate(rules.violated)}
    judged = rules.assessments[0] | {"judged": rules.is_judged}
    with explained(df, rules):
        flags = df.select(*(flag.alias(name) for name, flag in (failed | judged).items()))
        _ = flags.columns
    errors = [f"failed_{bit}" for bit, bound in enumerate(rules.rules) if bound.rule.severity is Severity.ERROR]
    conditions = {"rows": "judged", "rows_failed": " OR ".join(errors) or "false"}
    conditions |= {name: name for name in (*failed, *rules.assessments[0])}
    counts = [F.expr(f"count_if({condition})").alias(name) for name, condition in conditions.items()]
    return score_of(rules, flags.agg(*counts).collect()[0].asDict())


def _rule_score(bound: BoundRule, found: Finding) -> RuleScore:
    return RuleScore(
        name=bound.name,
        column=bound.column,
        dimension=bound.rule.dimension.value,
        severity=bound.rule.severity.value,
        weight=bound.rule.weight,
        because=bound.rule.because,
        failed=found.failed,
        assessed=found.assessed,
        detail=found.detail,
    )
