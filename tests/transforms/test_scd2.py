"""Changes of a key into versions: in any order, repeated, late, deleted and come again."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from lakehouse.transforms.scd2 import versions

Change = tuple[str, int, int, str | None]
"""Key, second from which it holds, place in the topic, value; None as value is a delete."""
Version = tuple[str, int, int | None, str]


def made(spark: SparkSession, changes: Sequence[Change]) -> set[Version]:
    df = spark.createDataFrame(list(changes), "key string, second int, place int, value string")
    found = versions(
        df.withColumn("at", F.timestamp_seconds("second")),
        key=["key"],
        effective=F.col("at"),
        newest_by=["place"],
        compared=["value"],
        deleted=F.col("value").isNull(),
    )
    assert found.columns == [*df.columns, "at", "valid_from", "valid_to", "is_current"]
    rows = found.select(
        "key", F.unix_timestamp("valid_from"), F.unix_timestamp("valid_to"), "value", "is_current"
    ).collect()
    assert all(row[4] is (row[2] is None) for row in rows)
    assert len({row[:4] for row in rows}) == len(rows)
    return {tuple(row[:4]) for row in rows}


def by_hand(changes: Sequence[Change]) -> set[Version]:
    """Go through the changes of each key in their order, one after the other."""
    found: set[Version] = set()
    for key in {change[0] for change in changes}:
        at_instant = {second: value for _, second, _, value in sorted(c for c in changes if c[0] == key)}
        open_since: int | None = None
        held: str | None = None
        for second, value in at_instant.items():
            if value == held:
                continue
            if held is not None and open_since is not None:
                found.add((key, open_since, second, held))
            open_since, held = second, value
        if held is not None and open_since is not None:
            found.add((key, open_since, None, held))
    return found


def test_a_version_ends_where_the_next_begins(spark: SparkSession) -> None:
    assert made(spark, [("k", 10, 0, "a"), ("k", 20, 1, "b")]) == {("k", 10, 20, "a"), ("k", 20, None, "b")}


def test_a_change_that_repeats_what_was_there_begins_no_version(spark: SparkSession) -> None:
    assert made(spark, [("k", 10, 0, "a"), ("k", 20, 1, "a")]) == {("k", 10, None, "a")}


def test_a_late_change_between_two_equal_ones_splits_their_version(spark: SparkSession) -> None:
    changes = [("k", 10, 0, "a"), ("k", 30, 1, "a"), ("k", 20, 2, "b")]
    assert made(spark, changes) == {("k", 10, 20, "a"), ("k", 20, 30, "b"), ("k", 30, None, "a")}


def test_a_delete_ends_a_version_and_what_comes_after_begins_one(spark: SparkSession) -> None:
    changes = [("k", 10, 0, "a"), ("k", 20, 1, None), ("k", 30, 2, None), ("k", 40, 3, "a")]
    assert made(spark, changes) == {("k", 10, 20, "a"), ("k", 40, None, "a")}


def test_of_changes_at_one_instant_the_newest_counts(spark: SparkSession) -> None:
    assert made(spark, [("k", 10, 5, "b"), ("k", 10, 4, "a")]) == {("k", 10, None, "b")}


@settings(max_examples=12, deadline=None)
@given(
    changes=st.lists(
        st.tuples(
            st.sampled_from("kl"), st.integers(0, 6), st.integers(0, 99), st.sampled_from(["a", "b", None])
        ),
        min_size=1,
        max_size=14,
        unique_by=lambda change: change[2],
    )
)  # fmt: skip
def test_versions_are_those_of_the_changes_in_their_order(spark: SparkSession, changes: list[Change]) -> None:
    assert made(spark, changes) == by_hand(changes)


def test_without_a_key_there_is_nothing_to_have_versions_of(spark: SparkSession) -> None:
    with pytest.raises(ValueError, match="at least one column in each of key"):
        versions(spark.range(1), key=[], effective=F.now(), newest_by=["id"], compared=["id"])
