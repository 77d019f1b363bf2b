"""The score of a table by hand: one ``agg`` with a ``count_if`` for each violation; the least that can be asked."""

from __future__ import annotations

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from benchmarks.reference.quality_violations import VIOLATIONS


def violations_of(df: DataFrame, *, nulls_fail: bool = False) -> dict[str, int]:
    """Count the rows, and those that break each rule. Cost: one scan, one job; nothing but counts is shuffled.

    Args:
        df: The rows.
        nulls_fail: Count a missing value as wrong in every rule, as some tools do; not a part of what is measured.
    """
    judged = "coalesce({}, true)" if nulls_fail else "{}"
    counts = [F.count_if(F.expr(judged.replace("{}", rule))).alias(name) for name, rule in VIOLATIONS.items()]
    found = df.agg(F.count("*").alias("rows"), *counts).collect()[0]
    return {name: int(count) for name, count in found.asDict().items()}
