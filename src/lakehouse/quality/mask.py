"""Every rule of a row in one pass: a bit mask, and all else derived from it."""

from __future__ import annotations

from functools import reduce

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from lakehouse.quality.rule_set import RuleSet

MASK, SCORE, FAILED = "quality_mask", "quality_score", "failed_rules"


def with_quality(df: DataFrame, rules: RuleSet) -> DataFrame:
    """Add the quality columns of each row.

    Rows: unchanged. Columns: those of ``df``, with ``quality_mask`` (bit i is set when rule i failed),
    ``quality_score`` (1 less the weighted share of failed rules) and ``failed_rules`` (their names; empty when none).
    Cost: each rule once per row, no shuffle; names are put together without higher-order functions, which would take
    the whole stage out of code generation. Batch and stream.
    """
    masked = df.withColumn(MASK, _mask(rules))
    return masked.withColumn(SCORE, _score(rules)).withColumn(FAILED, _failed(rules))


def failed(bit: int) -> Column:
    """Tell whether rule ``bit`` failed, from the mask."""
    return F.col(MASK).bitwiseAND(F.lit(1 << bit)) != 0


def _mask(rules: RuleSet) -> Column:
    bits = [F.when(bound.violated, F.lit(1 << bit)).otherwise(F.lit(0)) for bit, bound in enumerate(rules.rules)]
    return reduce(Column.bitwiseOR, bits, F.lit(0)).cast("bigint")


def _score(rules: RuleSet) -> Column:
    lost = F.lit(0.0)
    for bit, bound in enumerate(rules.rules):
        lost = lost + F.when(failed(bit), F.lit(bound.rule.weight)).otherwise(F.lit(0.0))
    # A rounding error of the sum must not take a row below 0.
    return F.greatest(F.lit(0.0), F.lit(1.0) - lost / F.lit(rules.total_weight or 1.0))


def _failed(rules: RuleSet) -> Column:
    names = [F.when(failed(bit), F.lit(bound.name)).otherwise(F.lit("")) for bit, bound in enumerate(rules.rules)]
    none = F.array().cast("array<string>")
    return F.when(F.col(MASK) == 0, none).otherwise(F.array_remove(F.array(*names), "")) if names else none
