from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from pyspark.sql import SparkSession

from lakehouse.transforms.sessions import with_sessions

FIRST = datetime(2026, 1, 1, tzinfo=UTC)


def test_a_session_ends_with_a_silence_longer_than_the_gap(spark: SparkSession) -> None:
    rows = [("a", 0), ("a", 60), ("a", 121), ("b", 30), ("a", 181), ("b", 500)]
    df = spark.createDataFrame(
        [(who, FIRST + timedelta(seconds=at), at) for who, at in rows], "who string, at timestamp, n int"
    )
    made = with_sessions(df.union(spark.sql("SELECT 'a', NULL, -1")), key=["who"], at="at", gap_seconds=60)
    expected = {("a", 0): 1, ("a", 60): 1, ("a", 121): 2, ("a", 181): 2, ("a", -1): None, ("b", 30): 1, ("b", 500): 2}
    assert {(row.who, row.n): row.session for row in made.collect()} == expected


def test_a_gap_that_is_none_is_refused(spark: SparkSession) -> None:
    with pytest.raises(ValueError, match="0 seconds or more"):
        with_sessions(spark.range(1), key=["id"], at="id", gap_seconds=-1)
