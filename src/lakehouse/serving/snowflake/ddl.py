"""Snowflake statements, each rendered by a function of its own; identifiers of the lake are lower case and quoted."""

from __future__ import annotations

from lakehouse.config.settings import SnowflakeSettings
from lakehouse.contract.table import TableSpec
from lakehouse.serving.snowflake.types import snowflake_type


def identifier(name: str) -> str:
    """Give a quoted identifier: Glue's names are lower case, Snowflake would fold them to upper case."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """Give a string literal."""
    return "'" + text.replace("\\", "\\\\").replace("'", "''") + "'"


def placeholder(value: str, name: str) -> str:
    """Give a setting, or a mark that a reader cannot miss where it is not set."""
    return value or f"<{name}>"


def database(to: SnowflakeSettings) -> str:
    """The database that holds the lake's schemas."""
    return f"CREATE DATABASE IF NOT EXISTS {to.database} COMMENT = 'Iceberg tables of the lake';"


def schema(to: SnowflakeSettings, namespace: str) -> str:
    """A schema per layer."""
    return f"CREATE SCHEMA IF NOT EXISTS {to.database}.{identifier(namespace)};"


def external_volume(to: SnowflakeSettings) -> str:
    """The volume over the lake's bucket. The external id is fixed: a generated one breaks the trust when made anew."""
    return (
        f"CREATE EXTERNAL VOLUME IF NOT EXISTS {to.external_volume}\n"
        "  STORAGE_LOCATIONS = ((\n"
        "    NAME = 'lake'\n"
        "    STORAGE_PROVIDER = 'S3'\n"
        f"    STORAGE_BASE_URL = {literal(placeholder(to.storage_url, 'snowflake.storage_url'))}\n"
        f"    STORAGE_AWS_ROLE_ARN = {literal(placeholder(to.aws_role_arn, 'snowflake.aws_role_arn'))}\n"
        f"    STORAGE_AWS_EXTERNAL_ID = {literal(to.external_id)}\n"
        "  ))\n"
        "  ALLOW_WRITES = FALSE;"
    )


def catalog_integration(to: SnowflakeSettings) -> str:
    """Glue's Iceberg REST endpoint with SigV4, which Snowflake recommends over ``CATALOG_SOURCE = GLUE``."""
    region = placeholder(to.aws_region, "snowflake.aws_region")
    return (
        f"CREATE CATALOG INTEGRATION IF NOT EXISTS {to.catalog_integration}\n"
        "  CATALOG_SOURCE = ICEBERG_REST\n"
        "  TABLE_FORMAT = ICEBERG\n"
        "  REST_CONFIG = (\n"
        f"    CATALOG_URI = {literal(f'https://glue.{region}.amazonaws.com/iceberg')}\n"
        f"    CATALOG_NAME = {literal(placeholder(to.aws_account_id, 'snowflake.aws_account_id'))}\n"
        "    CATALOG_API_TYPE = AWS_GLUE\n"
        "  )\n"
        "  REST_AUTHENTICATION = (\n"
        "    TYPE = SIGV4\n"
        f"    SIGV4_IAM_ROLE = {literal(placeholder(to.aws_role_arn, 'snowflake.aws_role_arn'))}\n"
        f"    SIGV4_SIGNING_REGION = {literal(region)}\n"
        f"    SIGV4_EXTERNAL_ID = {literal(to.external_id)}\n"
        "  )\n"
        "  ENABLED = TRUE\n"
        f"  REFRESH_INTERVAL_SECONDS = {to.refresh_seconds};"
    )


def iceberg_table(to: SnowflakeSettings, spec: TableSpec) -> str:
    """A table of the Glue catalog; Snowflake takes its columns from the metadata and refreshes by itself."""
    namespace, name = spec.name.split(".")
    return (
        f"CREATE ICEBERG TABLE IF NOT EXISTS {table_name(to, spec)}\n"
        f"  EXTERNAL_VOLUME = {literal(to.external_volume)}\n"
        f"  CATALOG = {literal(to.catalog_integration)}\n"
        f"  CATALOG_NAMESPACE = {literal(namespace)}\n"
        f"  CATALOG_TABLE_NAME = {literal(name)}\n"
        "  AUTO_REFRESH = TRUE\n"
        f"  COMMENT = {literal(spec.comment)};"
    )


def view(to: SnowflakeSettings, spec: TableSpec) -> str:
    """A view in upper-case names with the contract's comments and types, as analysts type them."""
    columns = ",\n".join(f"  {c.name.upper()} COMMENT {literal(c.comment)}" for c in spec.columns)
    selected = ",\n".join(f"  {identifier(c.name)}::{snowflake_type(c.type)} AS {c.name.upper()}" for c in spec.columns)
    return (
        f"CREATE OR REPLACE VIEW {to.database}.PUBLIC.{spec.name.split('.')[1].upper()} (\n{columns}\n)\n"
        f"COMMENT = {literal(spec.comment)}\nAS SELECT\n{selected}\nFROM {table_name(to, spec)};"
    )


def table_name(to: SnowflakeSettings, spec: TableSpec) -> str:
    """The full name of a table."""
    namespace, name = spec.name.split(".")
    return f"{to.database}.{identifier(namespace)}.{identifier(name)}"
