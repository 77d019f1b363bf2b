from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st
from pyspark.sql import types as T

from lakehouse.contract.ddl import after_create_sql, column_sql, create_table_sql, quote, table_properties, type_sql
from lakehouse.contract.table import spec_of
from tests.contract.tables import Orders, OrdersRaw

SQL = create_table_sql(spec_of(Orders), catalog="lake")


def test_only_key_columns_are_not_null() -> None:
    assert [line.split("`")[1] for line in SQL.splitlines() if "NOT NULL" in line] == ["order_id"]


def test_a_column_carries_type_and_comment() -> None:
    assert "`amount` decimal(12,2) COMMENT 'Sum with tax [EUR]'" in SQL


def test_fields_of_a_struct_carry_their_comments() -> None:
    assert column_sql(spec_of(Orders).column("first_item")) == (
        "`first_item` struct<`sku`: string COMMENT 'Stock keeping unit', `pieces`: int COMMENT 'How many [pieces]'>"
        " COMMENT 'The first line'"
    )


def test_fields_in_an_array_keep_their_case() -> None:
    assert "array<struct<sku:string,pieces:int>>" in SQL


def test_partition_transforms_are_written_as_spark_takes_them() -> None:
    assert "PARTITIONED BY (days(`ordered_on`), bucket(8, `order_id`))" in SQL


def test_key_and_order_come_after_the_table() -> None:
    assert after_create_sql(spec_of(Orders), catalog="lake") == (
        "ALTER TABLE `lake`.`silver`.`orders` SET IDENTIFIER FIELDS `order_id`",
        "ALTER TABLE `lake`.`silver`.`orders` WRITE LOCALLY ORDERED BY `ordered_on`",
    )


def test_the_contracts_own_properties_win_over_the_defaults() -> None:
    assert table_properties(spec_of(Orders))["write.target-file-size-bytes"] == "1000"


def test_only_a_streams_table_is_written_without_a_shuffle() -> None:
    assert table_properties(spec_of(OrdersRaw))["write.distribution-mode"] == "none"
    assert "write.distribution-mode" not in table_properties(spec_of(Orders))


def test_a_quote_in_a_comment_is_escaped() -> None:
    assert quote("the customer's \\ way") == r"'the customer\'s \\ way'"
    assert r"COMMENT 'The customer\'s address'" in SQL


def test_the_comment_of_the_table_is_escaped_too() -> None:
    assert r"COMMENT 'One row per order; the customer\'s newest version.'" in SQL


def test_fields_of_a_struct_are_never_not_null() -> None:
    assert "NOT NULL" not in column_sql(spec_of(OrdersRaw).column("dead_letter"))


def test_a_partition_by_a_field_of_a_struct_is_quoted_part_by_part() -> None:
    assert "PARTITIONED BY (`dead_letter`.`reason`)" in create_table_sql(spec_of(OrdersRaw), catalog="lake")


def test_fields_in_an_array_keep_the_case_that_they_are_declared_with() -> None:
    inner = T.StructType([T.StructField("unitPrice", T.IntegerType())])
    assert type_sql(T.ArrayType(inner)) == "array<struct<unitPrice:int>>"


def test_a_table_without_key_and_order_needs_nothing_after_it() -> None:
    assert after_create_sql(spec_of(OrdersRaw), catalog="lake") == ()


@given(st.text())
def test_a_quoted_text_is_read_back_as_it_was(text: str) -> None:
    quoted = quote(text)
    assert (quoted[0], quoted[-1], re.sub(r"\\(.)", r"\1", quoted[1:-1], flags=re.DOTALL)) == ("'", "'", text)
    assert "'" not in re.sub(r"\\.", "", quoted[1:-1], flags=re.DOTALL)
