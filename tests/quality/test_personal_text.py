"""What is personal, by the contract, and what of it may be shown."""

from __future__ import annotations

import pytest
from pyspark.sql import SparkSession
from pyspark.sql import functions as F
from pyspark.sql.types import ArrayType, BinaryType, DataType, MapType, StringType, StructType

from lakehouse.contract.columns import ColumnSpec
from lakehouse.contract.marks import Pii
from lakehouse.quality.personal_text import shown_text, why_personal

TEXT = StringType()
STRUCT = StructType().add("street", TEXT)


def column(type_: DataType = TEXT, *, pii: Pii | None = None) -> ColumnSpec:
    return ColumnSpec(name="c", type=type_, pii=pii)


@pytest.mark.parametrize(
    ("columns", "why"),
    [
        ([column()], ""),
        ([column(ArrayType(TEXT)), column(MapType(TEXT, TEXT))], ""),
        ([column(), column(pii=Pii.NAME), column(pii=Pii.BIRTH)], "name"),
        ([column(ArrayType(STRUCT))], "nested"),
        ([column(MapType(TEXT, ArrayType(STRUCT)))], "nested"),
        ([ColumnSpec(name="c", type=STRUCT, fields=(column(),)), column()], ""),
        ([column(ArrayType(STRUCT)), column(pii=Pii.NAME)], "name"),
    ],
)
def test_a_value_is_personal_when_a_column_of_it_is_or_may_be(columns: list[ColumnSpec], why: str) -> None:
    assert why_personal(columns) == why


def test_of_a_personal_value_the_length_is_shown(spark: SparkSession) -> None:
    df = spark.createDataFrame([("ann",), ("a",), ("",), (None,)], "name string")
    found = [row.name for row in df.select(shown_text(F.col("name"), TEXT, why="name").alias("name")).collect()]
    assert found == ["•••• (name, 3 characters)", "•••• (name, 1 character)", "•••• (name, 0 characters)", None]


def test_bytes_are_shown_as_digits(spark: SparkSession) -> None:
    (row,) = spark.range(1).select(shown_text(F.lit(b"\x01\xff"), BinaryType(), why="")).collect()
    assert row[0] == "01FF"
