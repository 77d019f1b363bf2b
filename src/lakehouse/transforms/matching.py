"""Rows that may tell of the same person, found within blocks and not among all."""

from __future__ import annotations

from collections.abc import Mapping

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from lakehouse.contract.engine import SPARK, runs_on


@runs_on(*SPARK)
def similarity(one: Column, other: Column) -> Column:
    """Give how alike two texts are, 1 for equal and 0 for nothing in common: edits by the longer length.

    Rows: unchanged. Columns: a double, null where a text is. Cost: some µs per row, quadratic in the length.

    Source: Levenshtein distance.
    """
    longest = F.greatest(F.length(one), F.length(other))
    return F.when(longest == 0, 1.0).otherwise(1 - F.levenshtein(one, other) / longest)


@runs_on(*SPARK)
def matched_pairs(
    df: DataFrame, *, identifier: str, blocks: Mapping[str, Column], evidence: Mapping[str, Column], largest: int = 100
) -> DataFrame:
    """Pair the rows that share a block, and tell how alike they are in each piece of evidence.

    A block is what two spellings of one person share, such as a name's key or an address of mail; only rows within one
    are compared. A block of more rows than ``largest`` tells nothing of a person, and is left out.

    Rows: one per pair that shares at least one block, the smaller identifier first. Columns: ``one``, ``other``, the
    sorted names of the ``blocks`` that they share, a column for each piece of evidence with its ``similarity``, null
    where a side is, and ``score``, their mean. Cost: one shuffle by block and one by pair, and the pairs of all blocks:
    at most ``largest`` / 2 for each row and block. Batch only.

    Args:
        df: People.
        identifier: Column that no two rows share.
        blocks: Names, and what rows have to share; null shares nothing.
        evidence: Names, and texts to compare.
        largest: Rows of a block.

    Raises:
        ValueError: There is no block, or no evidence.

    Source: Fellegi and Sunter for pairs with evidence; Christen, "Data Matching", for blocking.
    """
    if not blocks or not evidence:
        raise ValueError("matched_pairs needs at least one block and one piece of evidence")
    told = F.struct(
        F.col(identifier).alias("id"), *(text.cast("string").alias(name) for name, text in evidence.items())
    )
    keys = F.array(
        *(F.struct(F.lit(name).alias("block"), key.cast("string").alias("value")) for name, key in blocks.items())
    )
    blocked = df.select(told.alias("row"), F.explode(keys).alias("key")).where("key.value IS NOT NULL")
    gathered = blocked.groupBy("key").agg(F.array_sort(F.collect_list("row")).alias("rows"))
    small = gathered.where(F.size("rows").between(2, largest))
    pairs = small.select("key.block", F.posexplode("rows").alias("at", "one"), F.col("rows")).select(
        "block", "one", F.explode(F.expr("slice(rows, at + 2, size(rows))")).alias("other")
    )
    shared = pairs.groupBy("one", "other").agg(F.array_sort(F.collect_set("block")).alias("blocks"))
    alike = {name: similarity(F.col(f"one.{name}"), F.col(f"other.{name}")) for name in evidence}
    known = F.filter(F.array(*alike.values()), lambda one: one.isNotNull())
    score = F.aggregate(known, F.lit(0.0), lambda total, one: total + one) / F.nullif(F.size(known), F.lit(0))
    return shared.select(
        F.col("one.id").alias("one"),
        F.col("other.id").alias("other"),
        "blocks",
        *(column.alias(name) for name, column in alike.items()),
        score.alias("score"),
    )


@runs_on(*SPARK)
def with_cluster(pairs: DataFrame, *, one: str = "one", other: str = "other", rounds: int = 4) -> DataFrame:
    """Add to each pair the ``cluster`` that it is in: the least identifier of all that pairs connect it with.

    Rows: unchanged. Columns: those of ``pairs`` and ``cluster``, of the type of an identifier. Cost: a shuffle of four
    times the pairs for each round. Batch only. Where nobody in a cluster is more than ``rounds`` pairs away from its
    least identifier, it is exact; a longer chain falls apart, as it should: its ends are hardly one person.

    Args:
        pairs: Each once, in either order.
        one: Column of an identifier.
        other: Column of another.
        rounds: How many pairs away the least identifier is seen.

    Raises:
        ValueError: There is no round.

    Source: label propagation, the least label winning.
    """
    if rounds < 1:
        raise ValueError(f"with_cluster takes 1 round or more, not {rounds}")
    pair = F.struct(*pairs.columns)
    ways = (
        (one, other, pair),
        *((a, b, F.when(F.lit(False), pair)) for a, b in ((other, one), (one, one), (other, other))),
    )
    edges = F.array(
        *(
            F.struct(F.col(a).alias("from"), F.col(b).alias("to"), F.col(a).alias("least"), of.alias("pair"))
            for a, b, of in ways
        )
    )
    told = pairs.select(F.inline(edges))
    for _ in range(rounds):
        # Each tells the others what it has heard of; then the edges are turned, and the others tell.
        heard = F.min("least").over(Window.partitionBy("to"))
        told = told.select(F.col("to").alias("from"), F.col("from").alias("to"), heard.alias("least"), "pair")
    return told.where("pair IS NOT NULL").select("pair.*", F.col("least").alias("cluster"))
