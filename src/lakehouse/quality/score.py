"""The score of a table: from counts that one pass over the mask gives."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from lakehouse.contract.schema import Schema
from lakehouse.errors import QualityGateError
from lakehouse.quality.gate import decide
from lakehouse.quality.mask import MASK, failed, with_quality
from lakehouse.quality.rule import Severity
from lakehouse.quality.rule_set import RuleSet, rule_set
from lakehouse.quality.table_score import RuleScore, TableScore


def aggregates(rules: RuleSet) -> list[Column]:
    """Give the aggregates that a score is made of, over rows that have their mask. Counts merge by addition."""
    errors = sum(1 << bit for bit, bound in enumerate(rules.rules) if bound.rule.severity is Severity.ERROR)
    columns = [
        F.count(F.lit(1)).alias("rows"),
        F.count_if(F.col(MASK).bitwiseAND(F.lit(errors)) != 0).alias("rows_failed"),
    ]
    for bit, bound in enumerate(rules.rules):
        columns.append(F.count_if(failed(bit)).alias(f"failed_{bit}"))
        columns.append(F.count_if(bound.assessed).alias(f"assessed_{bit}"))
    return columns


def score_of(rules: RuleSet, metrics: Mapping[str, Any]) -> TableScore:
    """Make the score of a table from the values of ``aggregates``."""
    found = tuple(
        RuleScore(
            name=bound.name,
            column=bound.column,
            dimension=bound.rule.dimension.value,
            severity=bound.rule.severity.value,
            weight=bound.rule.weight,
            because=bound.rule.because,
            failed=int(metrics[f"failed_{bit}"] or 0),
            assessed=int(metrics[f"assessed_{bit}"] or 0),
        )
        for bit, bound in enumerate(rules.rules)
    )
    return TableScore(
        table=rules.table,
        rule_set=rules.id,
        rows=int(metrics["rows"] or 0),
        rows_failed=int(metrics["rows_failed"] or 0),
        rules=found,
    )


def score(df: DataFrame, table: type[Schema]) -> TableScore:
    """Score rows by the rules of a contract, whether they carry a mask or not. Cost: one scan, one job."""
    rules = rule_set(table)
    return _aggregate(with_quality(df, rules), rules)


def measure(written: DataFrame, rules: RuleSet) -> TableScore:
    """Score rows that were written: a mask that the table keeps is used, so that no rule is evaluated again."""
    return _aggregate(written if MASK in written.columns else with_quality(written, rules), rules)


def _aggregate(masked: DataFrame, rules: RuleSet) -> TableScore:
    return score_of(rules, masked.agg(*aggregates(rules)).collect()[0].asDict())


def require(found: TableScore, *, minimum: float) -> None:
    """Demand a score.

    Raises:
        QualityGateError: It is below, or there is none because nothing was assessed.
    """
    decision = decide(found, minimum=minimum)
    if not decision.passed:
        raise QualityGateError(
            table=found.table, score=found.score or 0.0, minimum=minimum, branch="", worst=decision.worst
        )
