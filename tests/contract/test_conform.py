from __future__ import annotations

import pytest
from pyspark.sql import DataFrame, SparkSession

from lakehouse import conform
from lakehouse.errors import SchemaMismatchError
from tests.contract.tables import Orders

GOOD = """
    named_struct('pieces', 1, 'sku', 'a') AS first_item, 1 AS order_id, 'a@b.c' AS email,
    date'2026-01-01' AS ordered_on,
    cast(1 AS decimal(5,1)) AS amount, cast(1 AS float) AS discount,
    array(named_struct('sku', 'a', 'pieces', 1)) AS items,
    'x' AS not_declared
"""


def frame(spark: SparkSession, sql: str = GOOD) -> DataFrame:
    return spark.sql(f"SELECT {sql}")


def test_columns_are_selected_in_the_declared_order(spark: SparkSession) -> None:
    found = conform(frame(spark), Orders)
    assert found.columns[:4] == ["order_id", "ordered_on", "amount", "discount"]
    assert "not_declared" not in found.columns


def test_types_are_widened_where_no_value_is_lost(spark: SparkSession) -> None:
    types = dict(conform(frame(spark), Orders).dtypes)
    assert (types["order_id"], types["amount"], types["discount"]) == ("bigint", "decimal(12,2)", "double")


def test_fields_of_a_struct_are_matched_by_name(spark: SparkSession) -> None:
    row = conform(frame(spark), Orders).collect()[0]
    assert row.first_item.asDict() == {"sku": "a", "pieces": 1}


def test_a_null_struct_stays_null(spark: SparkSession) -> None:
    sql = GOOD.replace(
        "named_struct('pieces', 1, 'sku', 'a') AS", "if(false, named_struct('pieces', 1, 'sku', 'a'), null) AS"
    )
    assert conform(frame(spark, sql), Orders).collect()[0].first_item is None


def test_a_null_field_of_a_struct_that_is_rebuilt_stays_null(spark: SparkSession) -> None:
    sql = GOOD.replace("named_struct('pieces', 1,", "named_struct('pieces', cast(null AS int),")
    assert conform(frame(spark, sql), Orders).collect()[0].first_item.asDict() == {"sku": "a", "pieces": None}


def test_an_untyped_null_takes_the_declared_type(spark: SparkSession) -> None:
    found = conform(frame(spark, GOOD.replace("'a@b.c' AS email", "null AS email")), Orders)
    assert dict(found.dtypes)["email"] == "string"


@pytest.mark.parametrize(
    ("right", "wrong", "difference"),
    [
        ("1 AS order_id", "cast(1 AS double) AS order_id", "order_id: declared bigint, found double"),
        ("cast(1 AS float) AS discount", "1L AS discount", "discount: declared double, found bigint"),
        ("cast(1 AS decimal(5,1))", "cast(1 AS decimal(12,3))", "amount: declared decimal(12,2), found decimal(12,3)"),
        ("named_struct('pieces', 1,", "named_struct('pieces', 1L,", "first_item.pieces: declared int, found bigint"),
    ],
)
def test_a_type_that_could_lose_a_value_is_a_difference(
    spark: SparkSession, right: str, wrong: str, difference: str
) -> None:
    with pytest.raises(SchemaMismatchError) as told:
        conform(frame(spark, GOOD.replace(right, wrong)), Orders)
    assert told.value.differences == (difference,)


def test_the_error_names_the_table_and_says_what_to_do(spark: SparkSession) -> None:
    with pytest.raises(SchemaMismatchError) as told:
        conform(frame(spark, GOOD.replace("AS email", "AS address")), Orders)
    assert told.value.table == "silver.orders"
    assert str(told.value) == (
        "the DataFrame does not match table silver.orders:\n  - email: missing\n"
        "Cast or add these columns in the build, or change the table definition."
    )


def test_another_type_is_a_difference_even_where_absent_columns_are_null(spark: SparkSession) -> None:
    with pytest.raises(SchemaMismatchError, match="order_id: declared bigint, found string"):
        conform(frame(spark, "'1' AS order_id"), Orders, absent_as_null=True)


def test_conforming_twice_changes_nothing(spark: SparkSession) -> None:
    once = conform(frame(spark), Orders)
    assert conform(once, Orders).schema == once.schema


def test_columns_that_the_library_fills_may_be_missing(spark: SparkSession) -> None:
    assert conform(frame(spark), Orders).collect()[0].quality_score is None


def test_every_difference_is_listed_at_once(spark: SparkSession) -> None:
    wrong = (
        GOOD.replace("1 AS order_id", "'1' AS order_id").replace("AS email", "AS emial").replace("'sku'", "'skus'", 1)
    )
    with pytest.raises(SchemaMismatchError) as told:
        conform(frame(spark, wrong), Orders)
    assert told.value.differences == (
        "order_id: declared bigint, found string",
        "email: missing (found emial)",
        "first_item.sku: missing (found first_item.skus)",
    )


def test_a_decimal_that_would_lose_digits_is_a_difference(spark: SparkSession) -> None:
    with pytest.raises(SchemaMismatchError, match=r"amount: declared decimal\(12,2\), found decimal\(14,2\)"):
        conform(frame(spark, GOOD.replace("decimal(5,1)", "decimal(14,2)")), Orders)


def test_a_table_read_as_it_was_has_null_for_what_was_added_later(spark: SparkSession) -> None:
    old = GOOD.replace("'a@b.c' AS email,", "").replace("'pieces', 1, 'sku'", "'sku'", 1)
    row = conform(frame(spark, old), Orders, absent_as_null=True).collect()[0]
    assert (row.email, row.first_item.asDict()) == (None, {"sku": "a", "pieces": None})
