"""Snowflake's statements: what is written out, in which order, and what is refused before any is sent."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from pyiceberg import types as iceberg
from pyspark.sql import types as spark_types

from lakehouse.catalog.iceberg_schema import iceberg_schema
from lakehouse.config.snowflake import SnowflakeSettings
from lakehouse.contract.columns import ColumnSpec
from lakehouse.contract.marks import Doc, Pii
from lakehouse.errors import ContractError, ServingError
from lakehouse.serving.capability import MOST_FIELDS
from lakehouse.serving.snowflake.check import check, check_all, require_right
from lakehouse.serving.snowflake.plan import missing_settings, render, statements
from lakehouse.serving.snowflake.statement import Statement
from lakehouse.serving.snowflake.tokens import tokens
from lakehouse.serving.snowflake.types import snowflake_type
from lakehouse.serving.snowflake.view import view
from lakehouse.snowflake.names import LONGEST_NAME, business, literal, quoted
from tests.serving.snowflake_lake import GOLDEN, SETTINGS, SPECS, distinct, golden, reviewed

SALES, PEOPLE = SPECS


def test_the_statements_are_those_that_were_reviewed() -> None:
    written = {str(file.relative_to(GOLDEN)): file.read_text() for file in GOLDEN.rglob("*.sql")}
    assert reviewed() == written


@pytest.mark.parametrize("route", [route for route in golden() if route not in {"later", "changes"}])
def test_each_statement_of_a_route_is_right_and_after_what_it_needs(route: str) -> None:
    assert check_all(golden()[route]) == []


def test_nothing_that_holds_data_is_replaced() -> None:
    assert {one.kind for one in distinct().values() if "OR REPLACE" in one.sql} == {"view", "external table"}


def of(kind: str, route: str = "glue_rest") -> str:
    return next(one.sql for one in golden()[route] if one.kind == kind)


@pytest.mark.parametrize(
    ("route", "kind", "option"),
    [
        ("glue_rest", "external volume", "STORAGE_AWS_EXTERNAL_ID = 'lakehouse'"),
        ("glue_rest", "external volume", "ALLOW_WRITES = FALSE"),
        ("glue_rest", "catalog integration glue rest", "SIGV4_EXTERNAL_ID = 'lakehouse'"),
        ("glue_rest", "iceberg table", "AUTO_REFRESH = TRUE"),
        ("glue_rest", "view", "COPY GRANTS"),
        ("linked", "linked database", "ALLOWED_WRITE_OPERATIONS = NONE"),
        ("export", "external table", "FILE_FORMAT = (FORMAT_NAME = 'LAKE.EXPORTS.PARQUET_FILES')"),
        ("export", "external table", "AUTO_REFRESH = FALSE"),
        ("export_told", "external table", "AUTO_REFRESH = TRUE"),
    ],
)
def test_options_whose_defaults_bite_are_written_out(route: str, kind: str, option: str) -> None:
    assert option in of(kind, route)


def test_s3_tables_lends_credentials_so_no_volume_is_made_or_named() -> None:
    assert "EXTERNAL_VOLUME =" not in "".join(one.sql for one in golden()["s3_tables"])
    assert "external volume" not in {one.kind for one in golden()["s3_tables"]}


def test_a_metadata_file_is_named_from_the_volume_on() -> None:
    path = "METADATA_FILE_PATH = 'gold/sales/metadata/00001-a.metadata.json'"
    assert path in of("iceberg table of a metadata file", "object_store")


def test_a_metadata_file_that_is_not_in_the_volume_is_refused() -> None:
    to = SETTINGS.model_copy(update={"route": "object_store"})
    with pytest.raises(ServingError, match=r"s3://other/m\.metadata\.json is not in the volume LAKE_VOLUME"):
        statements([SALES], to, places={"gold.sales": "s3://other/m.metadata.json"})


def test_a_personal_column_stands_behind_a_policy_from_its_first_moment() -> None:
    text = next(one.sql for one in golden()["glue_rest"] if one.name == "LAKE.GOLD.PEOPLE")
    assert "FULL_NAME WITH MASKING POLICY LAKE.GOVERNANCE.MASK_NAME_VARCHAR WITH TAG" in text


def test_without_policies_personal_columns_are_left_out() -> None:
    text = view(SETTINGS.model_copy(update={"masking": False}), PEOPLE).sql
    assert ("FULL_NAME" in text, '"order"' in text) == (False, True)


def test_nobody_is_granted_the_tables_below_the_views() -> None:
    granted = [one.sql for one in golden()["glue_rest"] if one.kind == "grant"]
    assert [sql for sql in granted if "_TABLES" in sql] == []


def test_reserved_words_are_quoted_and_other_names_are_not() -> None:
    assert (business("order"), business("orders"), business("größe")) == ('"ORDER"', "ORDERS", '"GRÖSSE"')


@pytest.mark.parametrize("name", ["", "x" * (LONGEST_NAME + 1), "a\x00b", "a\nb"])
def test_a_name_that_snowflake_does_not_take_is_refused(name: str) -> None:
    with pytest.raises(ServingError, match="is no name for Snowflake"):
        quoted(name)


@given(st.text())
def test_a_text_is_one_token_whatever_is_in_it(text: str) -> None:
    assert [token.kind for token in tokens(literal(text))] == ["text"]


@given(comment=st.text(), name=st.text(min_size=1, max_size=20).filter(str.isprintable))
def test_neither_a_name_nor_a_comment_can_end_a_statement(comment: str, name: str) -> None:
    column = ColumnSpec(name=name, type=spark_types.LongType(), doc=Doc(comment))
    made = view(SETTINGS, replace(SALES, name="gold.made", columns=(column,), comment=comment))
    assert check(made) == []
    assert [token.text for token in tokens(made.sql)].count(";") == 1


def test_a_table_of_300_columns_is_a_view_of_300() -> None:
    columns = tuple(ColumnSpec(name=f"c{n}", type=spark_types.LongType(), pii=Pii.NAME) for n in range(300))
    made = view(SETTINGS, replace(PEOPLE, name="gold.wide", columns=columns))
    assert (check(made), made.sql.count("MASKING POLICY"), made.sql.count(" AS C")) == ([], 300, 300)


def test_columns_that_differ_only_in_case_are_refused() -> None:
    columns = tuple(ColumnSpec(name=name, type=spark_types.LongType()) for name in ("straße", "strasse"))
    with pytest.raises(ServingError, match="the same name in upper case"):
        view(SETTINGS, replace(SALES, columns=columns))


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (iceberg.DecimalType(12, 2), "NUMBER(12,2)"),
        (iceberg.TimestampType(), "TIMESTAMP_NTZ(6)"),
        (iceberg.TimestamptzType(), "TIMESTAMP_LTZ(6)"),
        (iceberg.TimestampNanoType(), "TIMESTAMP_NTZ(9)"),
        (iceberg.FixedType(16), "BINARY(16)"),
        (iceberg.UUIDType(), "UUID"),
        (iceberg.ListType(1, iceberg.LongType()), "ARRAY(NUMBER(19,0))"),
        (iceberg.MapType(1, iceberg.StringType(), 2, iceberg.BooleanType()), "MAP(VARCHAR, BOOLEAN)"),
        (iceberg.StructType(iceberg.NestedField(1, "a", iceberg.DateType())), 'OBJECT("a" DATE)'),
    ],
)
def test_types_are_those_that_snowflake_reads_from_iceberg(found: iceberg.IcebergType, expected: str) -> None:
    assert snowflake_type(found, where="t.c") == expected


@pytest.mark.parametrize(
    ("found", "said"),
    [
        (iceberg.MapType(1, iceberg.DateType(), 2, iceberg.LongType()), "a map by date, and keys are text or integers"),
        (iceberg.UnknownType(), "has no such type: cast it in the build"),
        (
            iceberg.StructType(
                *(iceberg.NestedField(n, f"f{n}", iceberg.LongType()) for n in range(1, MOST_FIELDS + 2))
            ),
            "1,001 fields inside of it",
        ),
    ],
)
def test_what_snowflake_cannot_show_is_refused_with_its_column(found: iceberg.IcebergType, said: str) -> None:
    with pytest.raises(ServingError) as refused:
        snowflake_type(found, where="t.c")
    assert said in str(refused.value)


def test_a_decimal_of_more_than_38_digits_is_refused_with_its_column() -> None:
    wide = ColumnSpec(name="wide", type=spark_types.DecimalType(39, 0))
    with pytest.raises(ContractError, match=r"gold\.sales\.wide: .*38 digits at most, decimal\(39,0\) is declared"):
        statements([replace(SALES, columns=(wide,), partitioned_by=())], SETTINGS)


def test_every_type_of_a_contract_has_one_in_snowflake() -> None:
    for spec in SPECS:
        assert all(snowflake_type(one.field_type, where=spec.name) for one in iceberg_schema(spec).fields)


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("database", "lake"),
        ("database", "LAKE; DROP DATABASE LAKE"),
        ("storage_url", "s3://my.bucket/"),
        ("storage_url", "s3://lake"),
        ("aws_role_arn", "role/lake"),
        ("aws_account_id", "1234"),
        ("refresh_seconds", 5),
        ("external_id", "a'b"),
        ("route", "magic"),
        ("password", "hunter2"),
    ],
)
def test_a_setting_that_snowflake_would_refuse_is_refused_here(setting: str, value: Any) -> None:
    with pytest.raises(ValidationError) as refused:
        SnowflakeSettings.model_validate({setting: value})
    assert setting in str(refused.value)
    assert "hunter2" not in str(refused.value)


def test_settings_that_are_missing_are_listed_at_the_top() -> None:
    script = render(statements(SPECS, SnowflakeSettings()), SnowflakeSettings())
    assert "snowflake.aws_role_arn" in script.splitlines()[1]
    assert missing_settings(SETTINGS) == []


def test_row_access_by_a_column_that_is_not_there_is_refused_with_those_that_are() -> None:
    to = SETTINGS.model_copy(update={"row_access": {"gold.sales": "contry"}})
    with pytest.raises(ServingError, match=r"gold\.sales has no column 'contry'; it has day, country"):
        statements(SPECS, to)


def test_a_dynamic_table_is_one_select() -> None:
    to = SETTINGS.model_copy(update={"dynamic_tables": {"gold.x": "SELECT 1; DROP TABLE T"}})
    with pytest.raises(ServingError, match="has to be one SELECT, without a semicolon"):
        statements(SPECS, to)


def changed(kind: str, old: str, new: str, route: str = "glue_rest") -> Statement:
    found = next(one for one in golden()[route] if one.kind == kind)
    assert old in found.sql
    return replace(found, sql=found.sql.replace(old, new, 1))


@pytest.mark.parametrize(
    ("broken", "said"),
    [
        (changed("external volume", "  ALLOW_WRITES = FALSE", ""), "; stands where ALLOW_WRITES is expected"),
        (changed("external volume", "'S3'", "S3"), "line 4: S3 stands where 'S3' is expected"),
        (changed("external volume", "arn:aws:iam", "arn:iam"), "<role arn> is expected"),
        (changed("linked database", "= NONE", "= ALL", "linked"), "ALL stands where NONE is expected"),
        (changed("iceberg table", '."sales"', "..sales"), "<part> is expected"),
        (changed("view", "AS COUNTRY", "AS LAND"), "not those that are selected"),
        (changed("external table", "(19,0))", "(18,0))", "export"), "cast to another type"),
        (changed("masking policy", "RETURNS NUMBER(19,0)", "RETURNS DATE"), "gives the type that it takes"),
        (changed("role", ";", "; DROP DATABASE LAKE;"), "DROP stands where nothing more is expected"),
    ],
)
def test_what_is_wrong_with_a_statement_is_said_with_its_place(broken: Statement, said: str) -> None:
    assert said in check(broken)[0]


def test_a_statement_before_what_it_needs_is_found() -> None:
    backwards = tuple(reversed(golden()["glue_rest"]))
    with pytest.raises(ServingError, match=r"it needs LAKE\.GOLD_TABLES\.\"sales\", which nothing before it makes"):
        require_right([one for one in backwards if one.kind in {"view", "iceberg table"}])
