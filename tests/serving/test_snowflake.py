"""Snowflake's statements: right types, required options, and a grammar's judgement where it has one."""

from __future__ import annotations

from typing import Annotated

import pytest
import sqlfluff
from pyspark.sql import types as spark_types
from pyspark.sql.types import DateType, LongType, StringType, TimestampType

from lakehouse import Column, Schema, doc, table
from lakehouse.config.settings import SnowflakeSettings
from lakehouse.contract.table import spec_of
from lakehouse.serving.snowflake.plan import Statement, render, statements
from lakehouse.serving.snowflake.types import snowflake_type

SETTINGS = SnowflakeSettings(
    aws_region="eu-central-1",
    aws_account_id="123456789012",
    aws_role_arn="arn:aws:iam::123456789012:role/lake",
    storage_url="s3://lake/",
)


@table("gold.sales", key=("day",))
class Sales(Schema):
    """One row per day; the shop's own."""

    day: Annotated[Column[DateType], doc("Day")]
    orders: Annotated[Column[LongType], doc("It's a count", unit="orders")]
    last_at: Column[TimestampType]
    note: Column[StringType]


FOUND = statements([spec_of(Sales)], SETTINGS)


@pytest.mark.parametrize("statement", FOUND, ids=lambda s: s.purpose)
def test_a_statement_is_snowflakes_grammar(statement: Statement) -> None:
    found = sqlfluff.lint(statement.sql + "\n", dialect="snowflake")
    assert [problem for problem in found if problem["code"] == "PRS"] == []


def test_the_grammar_would_see_a_broken_statement() -> None:
    found = sqlfluff.lint("CREATE CATALOG INTEGRATION x CATALOG_SOURCE ICEBERG_REST;\n", dialect="snowflake")
    assert "PRS" in {problem["code"] for problem in found}


def test_statements_come_in_the_order_of_their_dependencies() -> None:
    assert [s.order for s in FOUND] == sorted(s.order for s in FOUND)
    assert [s.purpose for s in FOUND][-2:] == ["table gold.sales", "view of gold.sales"]


def by_purpose(purpose: str) -> str:
    return next(s.sql for s in FOUND if s.purpose == purpose)


def test_nothing_that_holds_data_is_replaced() -> None:
    assert [s.purpose for s in FOUND if "OR REPLACE" in s.sql] == ["view of gold.sales"]


@pytest.mark.parametrize(
    ("purpose", "option"),
    [
        ("external volume", "STORAGE_AWS_EXTERNAL_ID = 'lakehouse'"),
        ("external volume", "ALLOW_WRITES = FALSE"),
        ("catalog integration", "SIGV4_EXTERNAL_ID = 'lakehouse'"),
        ("catalog integration", "CATALOG_API_TYPE = AWS_GLUE"),
        ("table gold.sales", "CATALOG_TABLE_NAME = 'sales'"),
        ("table gold.sales", "AUTO_REFRESH = TRUE"),
    ],
)
def test_options_whose_defaults_bite_are_written_out(purpose: str, option: str) -> None:
    assert option in by_purpose(purpose)


def test_quotes_in_comments_are_escaped() -> None:
    assert "'It''s a count [orders]'" in by_purpose("view of gold.sales")


def test_names_of_the_lake_are_lower_case_and_quoted_analysts_see_upper_case() -> None:
    assert '"last_at"::TIMESTAMP_LTZ(6) AS LAST_AT' in by_purpose("view of gold.sales")


def test_settings_that_are_missing_are_listed_at_the_top() -> None:
    script = render(statements([spec_of(Sales)], SnowflakeSettings()), SnowflakeSettings())
    assert "snowflake.aws_role_arn" in script.splitlines()[1]


@pytest.mark.parametrize(
    ("spark", "snowflake"),
    [
        (spark_types.DecimalType(12, 2), "NUMBER(12,2)"),
        (spark_types.ArrayType(spark_types.LongType()), "ARRAY(NUMBER(19,0))"),
        (spark_types.MapType(spark_types.StringType(), spark_types.BooleanType()), "MAP(VARCHAR, BOOLEAN)"),
        (spark_types.StructType([spark_types.StructField("a", spark_types.DateType())]), "OBJECT(a DATE)"),
        (spark_types.TimestampNTZType(), "TIMESTAMP_NTZ(6)"),
    ],
)
def test_types_are_those_that_snowflake_reads_from_iceberg(spark: spark_types.DataType, snowflake: str) -> None:
    assert snowflake_type(spark) == snowflake


def test_a_type_that_snowflake_has_not_is_refused() -> None:
    with pytest.raises(TypeError, match="interval"):
        snowflake_type(spark_types.DayTimeIntervalType())
