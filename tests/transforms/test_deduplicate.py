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


@given(rows)
@hypothesis_settings(max_examples=3, deadline=None, suppress_health_check=list(HealthCheck))
def test_keeping_the_newest_twice_changes_nothing(spark: SparkSession, data: Rows) -> None:
    once = newest(spark, data)
    assert newest(spark, once) == once


def test_a_tie_is_broken_by_the_second_column_and_null_is_oldest(spark: SparkSession) -> None:
    data: Rows = [("a", 1, 0), ("a", 2, 1), ("a", 2, 7), ("a", None, 9), (None, None, 2), (None, 0, 1)]
    assert newest(spark, data) == [("a", 2, 7), (None, 0, 1)]


def test_all_other_columns_stay_as_they_are(spark: SparkSession) -> None:
    df = spark.createDataFrame([("a", 1, "x")], "k string, at int, other string")
    assert keep_newest(df, key=["k"], newest_by=["at"]).schema == df.schema


@pytest.mark.parametrize(("key", "newest_by"), [([], ["id"]), (["id"], [])])
def test_without_a_key_or_an_order_it_refuses(spark: SparkSession, key: list[str], newest_by: list[str]) -> None:
    with pytest.raises(ValueError, match="at least one column in key and one in newest_by"):
        keep_newest(spark.range(1), key=key, newest_by=newest_by)
