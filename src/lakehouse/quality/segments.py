"""Scores of the parts of a table: of the rows of each country, each day, each source."""

from __future__ import annotations

import operator

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from lakehouse.quality.mask import balanced
from lakehouse.quality.rule_set import RuleSet
from lakehouse.quality.score import aggregates


def worst_segments(masked: DataFrame, rules: RuleSet, column: str, *, most: int = 20) -> list[tuple[str, str, float]]:
    """Give the values of a column whose rows score least: column, value as text, score.

    Rows that have nothing to assess have no score and are left out. Cost: one scan of the mask, one shuffle of counts
    by value; at most ``most`` rows come to the driver.
    """
    if not rules.rules:
        return []
    groups = masked.groupBy(F.col(column).cast("string").alias("value")).agg(*aggregates(rules))
    scored = groups.select("value", _score(rules).alias("score")).where(F.col("score").isNotNull())
    found = scored.orderBy("score", "value").limit(most).collect()
    return [(column, "null" if row["value"] is None else row["value"], row["score"]) for row in found]


def _score(rules: RuleSet) -> Column:
    held, weights = [], []
    for bit, (bound, (assessed, less)) in enumerate(zip(rules.rules, rules.assessments[1], strict=True)):
        judged = F.col(assessed) - F.col(less) if less else F.col(assessed)
        weight = F.lit(bound.rule.weight)
        held.append(F.when(judged > 0, weight * (1 - F.col(f"failed_{bit}") / judged)).otherwise(F.lit(0.0)))
        weights.append(F.when(judged > 0, weight).otherwise(F.lit(0.0)))
    return balanced(operator.add, held) / F.nullif(balanced(operator.add, weights), F.lit(0.0))
