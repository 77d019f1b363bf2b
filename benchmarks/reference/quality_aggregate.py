"""The score of a table by hand: one ``agg`` with a ``count_if`` for each violation and for each denominator."""

from __future__ import annotations

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from benchmarks.reference.quality_violations import JUDGED, VIOLATIONS


def violations_of(df: DataFrame, *, nulls_fail: bool = False) -> dict[str, int]:
    """Count the rows, those that break each rule, and those that a rule can judge; gives the first two.

    Cost: one scan, one job; nothing but counts is shuffled.

    Args:
        df: The rows.
        nulls_fail: Count a missing value as wrong in every rule, as some tools do; not a part of what is measured.
    """
    judged = "coalesce({}, true)" if nulls_fail else "{}"
    counts = [F.count_if(F.expr(judged.replace("{}", rule))).alias(name) for name, rule in VIOLATIONS.items()]
    judged_rows = [F.count_if(F.expr(condition)).alias(f"judged_{n}") for n, condition in enumerate(JUDGED)]
    found = df.agg(F.count("*").alias("rows"), *counts, *judged_rows).collect()[0].asDict()
    return {name: int(found[name]) for name in ("rows", *VIOLATIONS)}
