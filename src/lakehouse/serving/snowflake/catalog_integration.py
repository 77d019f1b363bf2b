"""How Snowflake finds tables in a catalog: Glue's REST endpoint, Glue itself, S3 Tables, or no catalog at all."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from lakehouse.config.snowflake import SnowflakeSettings
from lakehouse.serving.snowflake.statement import Change, Statement, Step
from lakehouse.snowflake.names import given, literal


def catalog_integration(to: SnowflakeSettings) -> Statement:
    """The integration of the configured route; ``linked`` uses that of Glue's REST endpoint."""
    return {"glue": glue, "s3_tables": s3_tables, "object_store": object_store}.get(to.route, glue_rest)(to)


def glue_rest(to: SnowflakeSettings) -> Statement:
    """Glue's Iceberg REST endpoint with SigV4, which Snowflake recommends over ``CATALOG_SOURCE = GLUE``."""
    region = given(to.aws_region, "aws_region")
    config = {
        "CATALOG_URI": literal(f"https://glue.{region}.amazonaws.com/iceberg"),
        "CATALOG_NAME": literal(given(to.aws_account_id, "aws_account_id")),
        "CATALOG_API_TYPE": "AWS_GLUE",
        "ACCESS_DELEGATION_MODE": "EXTERNAL_VOLUME_CREDENTIALS",
    }
    return _rest(to, "catalog integration glue rest", config)


def s3_tables(to: SnowflakeSettings) -> Statement:
    """The endpoint of S3 Tables. It lends credentials for the files, so no volume is needed."""
    region = given(to.aws_region, "aws_region")
    config = {
        "CATALOG_URI": literal(f"https://s3tables.{region}.amazonaws.com/iceberg"),
        "CATALOG_NAME": literal(given(to.table_bucket_arn, "table_bucket_arn")),
        "CATALOG_API_TYPE": "AWS_S3TABLES",
        "ACCESS_DELEGATION_MODE": "VENDED_CREDENTIALS",
    }
    return _rest(to, "catalog integration s3 tables", config)


def glue(to: SnowflakeSettings) -> Statement:
    """Glue's own interface, where its REST endpoint cannot be reached."""
    role = given(to.aws_role_arn, "aws_role_arn")
    sql = (
        f"CREATE CATALOG INTEGRATION IF NOT EXISTS {to.catalog_integration}\n"
        "  CATALOG_SOURCE = GLUE\n"
        "  TABLE_FORMAT = ICEBERG\n"
        f"  GLUE_AWS_ROLE_ARN = {literal(role)}\n"
        f"  GLUE_CATALOG_ID = {literal(given(to.aws_account_id, 'aws_account_id'))}\n"
        f"  GLUE_REGION = {literal(given(to.aws_region, 'aws_region'))}\n"
        "  ENABLED = TRUE\n"
        f"  REFRESH_INTERVAL_SECONDS = {to.refresh_seconds};"
    )
    return _statement(
        to, "catalog integration glue", sql, {"GLUE_AWS_ROLE_ARN": role, "GLUE_CATALOG_ID": to.aws_account_id}
    )


def object_store(to: SnowflakeSettings) -> Statement:
    """No catalog: each table names its metadata file, and is told of each new one."""
    sql = (
        f"CREATE CATALOG INTEGRATION IF NOT EXISTS {to.catalog_integration}\n"
        "  CATALOG_SOURCE = OBJECT_STORE\n"
        "  TABLE_FORMAT = ICEBERG\n"
        "  ENABLED = TRUE;"
    )
    return _statement(to, "catalog integration object store", sql, {})


def _rest(to: SnowflakeSettings, kind: str, config: Mapping[str, str]) -> Statement:
    role = given(to.aws_role_arn, "aws_role_arn")
    lines = "".join(f"    {name} = {value}\n" for name, value in config.items())
    sql = (
        f"CREATE CATALOG INTEGRATION IF NOT EXISTS {to.catalog_integration}\n"
        "  CATALOG_SOURCE = ICEBERG_REST\n"
        "  TABLE_FORMAT = ICEBERG\n"
        f"  REST_CONFIG = (\n{lines}  )\n"
        "  REST_AUTHENTICATION = (\n"
        "    TYPE = SIGV4\n"
        f"    SIGV4_IAM_ROLE = {literal(role)}\n"
        f"    SIGV4_SIGNING_REGION = {literal(given(to.aws_region, 'aws_region'))}\n"
        f"    SIGV4_EXTERNAL_ID = {literal(to.external_id)}\n"
        "  )\n"
        "  ENABLED = TRUE\n"
        f"  REFRESH_INTERVAL_SECONDS = {to.refresh_seconds};"
    )
    properties = {name: config[name].strip("'") for name in ("CATALOG_URI", "CATALOG_NAME")}
    return _statement(to, kind, sql, properties | {"SIGV4_IAM_ROLE": role, "SIGV4_EXTERNAL_ID": to.external_id})


def _statement(to: SnowflakeSettings, kind: str, sql: str, properties: Mapping[str, str]) -> Statement:
    name = to.catalog_integration
    made = Statement(
        step=Step.CATALOG,
        kind=kind,
        name=name,
        sql=sql,
        shown_by=f"SHOW CATALOG INTEGRATIONS LIKE {literal(name)}",
        described_by=f"DESCRIBE CATALOG INTEGRATION {name}",
        properties=dict(properties) | {"ENABLED": "true"},
    )
    if to.route == "object_store":
        return made
    seconds = str(to.refresh_seconds)
    altered = made.altered(
        "catalog integration refresh", f"ALTER CATALOG INTEGRATION {name} SET REFRESH_INTERVAL_SECONDS = {seconds};"
    )
    return replace(made, changes=(Change(name="REFRESH_INTERVAL_SECONDS", value=seconds, by=(altered,)),))
