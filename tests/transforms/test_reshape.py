from __future__ import annotations

import pytest
from pyspark.sql import SparkSession

from lakehouse.transforms.reshape import pivot_sum, unpivot


def test_rows_become_columns_and_come_back(spark: SparkSession) -> None:
    rows = [("mon", "EUR", 1), ("mon", "EUR", 2), ("tue", "USD", 4), ("tue", "XQZ", 8)]
    df = spark.createDataFrame(rows, "day string, currency string, sold int")
    wide = pivot_sum(df, key=["day"], names="currency", values="sold", columns=["EUR", "USD"])
    back = unpivot(wide, key=["day"], columns=["EUR", "USD"], name="currency", value="sold")
    assert {tuple(row) for row in wide.collect()} == {("mon", 3, None), ("tue", None, 4)}
    assert {tuple(row) for row in back.collect()} == {("mon", "EUR", 3), ("tue", "USD", 4)}


def test_without_names_there_is_nothing_to_turn(spark: SparkSession) -> None:
    with pytest.raises(ValueError, match="the names that become columns"):
        pivot_sum(spark.range(1), key=["id"], names="id", values="id", columns=[])
