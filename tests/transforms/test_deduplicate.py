from __future__ import annotations

import random

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from pyspark.sql import SparkSession

from lakehouse.transforms.deduplicate import keep_newest

Rows = list[tuple[str | None, int | None, int]]
rows = st.lists(
    st.tuples(st.sampled_from(["a", "b", None]), st.none() | st.integers(0, 3), st.integers(0, 9)),
    min_size=1,
    max_size=12,
    unique_by=lambda row: row[2],
)


def newest(spark: SparkSession, data: Rows) -> Rows:
    df = spark.createDataFrame(data, "k string, at int, n int")
    found = keep_newest(df, key=["k"], newest_by=["at", "n"]).collect()
    return sorted(((r.k, r.at, r.n) for r in found), key=str)


def expected(data: Rows) -> Rows:
    best = {
        k: max((row for row in data if row[0] == k), key=lambda r: (-1 if r[1] is None else r[1], r[2]))
        for k, _, _ in data
    }
    return sorted(best.values(), key=str)


@given(rows)
@hypothesis_settings(max_examples=10, deadline=None, suppress_health_check=list(HealthCheck))
def test_the_newest_row_of_each_key_is_kept_whatever_the_order(spark: SparkSession, data: Rows) -> None:
    shuffled = random.Random(0).sample(data, len(data))
    assert newest(spark, data) == newest(spark, shuffled) == expected(data)


def test_keeping_the_newest_twice_changes_nothing(spark: SparkSession) -> None:
    once = newest(spark, [("a", 1, 0), ("a", 2, 1), (None, None, 2), (None, 0, 3)])
    assert newest(spark, once) == once
    assert set(once) == {("a", 2, 1), (None, 0, 3)}


def test_without_a_key_it_refuses(spark: SparkSession) -> None:
    with pytest.raises(ValueError, match="at least one column"):
        keep_newest(spark.range(1), key=[], newest_by=["id"])
