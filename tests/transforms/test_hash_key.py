from __future__ import annotations

import hashlib

import pytest
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from lakehouse.transforms.hash_key import hash_key


def test_rows_that_differ_have_other_keys_and_equal_ones_the_same(spark: SparkSession) -> None:
    rows = [("ab", "c"), ("a", "bc"), ("abc", ""), ("abc", None), (None, "abc"), ("-", None), ("ab", "c")]
    df = spark.createDataFrame(rows, "a string, b string")
    keys = [row[0] for row in df.select(hash_key(F.col("a"), F.col("b"))).collect()]
    assert (len(set(keys)), keys[0]) == (6, keys[-1])
    assert keys[0] == hashlib.sha256(b"2:ab1:c").hexdigest()


def test_a_key_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one column"):
        hash_key()
