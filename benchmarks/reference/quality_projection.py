"""The score of each row by hand: mask, score and failed names as one projection, counted while the rows are written.

The cheapest form that we know: one integer is made of all rules, the rest is made of it. Names are put together with
``array_remove(array(CASE …), '')``; ``array_compact``, ``filter`` and ``exists`` take the stage out of code generation.
"""

from __future__ import annotations

from pyspark.sql import DataFrame, Observation
from pyspark.sql import functions as F

from benchmarks.reference.quality_violations import VIOLATIONS


def with_violations(df: DataFrame) -> DataFrame:
    """Add quality_mask, quality_score and failed_rules. Every rule weighs the same, so that a score is a bit count."""
    bits = [f"CASE WHEN {violation} THEN {1 << bit} ELSE 0 END" for bit, violation in enumerate(VIOLATIONS.values())]
    names = [f"CASE WHEN {_is_set(bit)} THEN '{name}' ELSE '' END" for bit, name in enumerate(VIOLATIONS)]
    return df.withColumn("quality_mask", F.expr(f"CAST({' + '.join(bits)} AS bigint)")).selectExpr(
        "*",
        f"1 - bit_count(quality_mask) / {len(VIOLATIONS)}D AS quality_score",
        f"CASE WHEN quality_mask = 0 THEN CAST(array() AS array<string>) "
        f"ELSE array_remove(array({', '.join(names)}), '') END AS failed_rules",
    )


def write_with_violations(df: DataFrame, folder: str) -> dict[str, int]:
    """Write the rows with their quality columns as Parquet, and count while they are written."""
    observation = Observation()
    counts = [F.expr(f"count_if({_is_set(bit)})").alias(name) for bit, name in enumerate(VIOLATIONS)]
    rows = with_violations(df).observe(observation, F.count(F.lit(1)).alias("rows"), *counts)
    rows.write.mode("overwrite").parquet(folder)
    return {name: int(count) for name, count in observation.get.items()}


def _is_set(bit: int) -> str:
    return f"quality_mask & {1 << bit} != 0"
