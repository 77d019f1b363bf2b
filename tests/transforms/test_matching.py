from __future__ import annotations

import pytest
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from lakehouse.transforms.matching import matched_pairs, similarity, with_cluster
from lakehouse.transforms.names import name_key

PEOPLE = [
    (1, "Anna Müller", "anna@example.com"),
    (2, "MULLER, Anna", "a.mueller@example.org"),
    (3, "Ann Muller", "anna@example.com"),
    (4, "Bob Li", None),
    (5, "Eve Li", None),
]


def test_pairs_share_a_block_and_say_how_alike_they_are(spark: SparkSession) -> None:
    df = spark.createDataFrame(PEOPLE, "id int, name string, email string")
    key = name_key(F.col("name"))
    blocks, evidence = {"name": key, "email": F.col("email")}, {"name": key, "email": F.col("email")}
    pairs = matched_pairs(df, identifier="id", blocks=blocks, evidence=evidence).collect()
    assert {(row.one, row.other): (row.blocks, round(row.name, 2)) for row in pairs} == {
        (1, 2): (["name"], 1.0),
        (1, 3): (["email"], 0.91),
    }


def test_each_pair_is_there_once_and_a_block_of_too_many_tells_nothing(spark: SparkSession) -> None:
    df = spark.range(6).select("id", F.lit("x").alias("text"), F.when(F.col("id") < 3, "y").alias("other"))
    blocks = {"text": F.col("text"), "other": F.col("other")}
    all_of_them, few = (
        matched_pairs(df, identifier="id", blocks=blocks, evidence={"text": F.col("text")}, largest=largest).collect()
        for largest in (6, 5)
    )
    assert (len({(row.one, row.other) for row in all_of_them}), len(all_of_them)) == (15, 15)
    assert {(row.one, row.other) for row in few} == {(0, 1), (0, 2), (1, 2)}


def test_texts_are_alike_by_their_edits(spark: SparkSession) -> None:
    pairs = [("abcd", "abcd", 1.0), ("abcd", "abxd", 0.75), ("", "", 1.0), ("", "ab", 0.0), (None, "a", None)]
    df = spark.createDataFrame(pairs, "a string, b string, expected double")
    assert [
        row for row in df.select(similarity(F.col("a"), F.col("b")), "expected").collect() if row[0] != row[1]
    ] == []


def test_without_blocks_all_would_be_compared_and_that_is_refused(spark: SparkSession) -> None:
    with pytest.raises(ValueError, match="at least one block"):
        matched_pairs(spark.range(1), identifier="id", blocks={}, evidence={"id": F.col("id")})


def test_pairs_are_of_the_cluster_of_all_that_they_connect(spark: SparkSession) -> None:
    pairs = spark.createDataFrame(
        [(2, 5, "a"), (5, 9, "b"), (4, 9, "c"), (7, 8, "d")], "one int, other int, why string"
    )
    found = with_cluster(pairs).collect()
    assert {(row.one, row.other): (row.why, row.cluster) for row in found} == {
        (2, 5): ("a", 2), (5, 9): ("b", 2), (4, 9): ("c", 2), (7, 8): ("d", 7)
    }  # fmt: skip


def test_a_chain_longer_than_the_rounds_falls_apart(spark: SparkSession) -> None:
    chain = spark.range(1, 9).selectExpr("id AS one", "id + 1 AS other")
    assert {row.cluster for row in with_cluster(chain, rounds=2).collect()} > {1}
    assert {row.cluster for row in with_cluster(chain, rounds=8).collect()} == {1}
    with pytest.raises(ValueError, match="1 round or more, not 0"):
        with_cluster(chain, rounds=0)
