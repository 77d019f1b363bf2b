"""How Snowflake comes to S3: an external volume for Iceberg; a storage integration, format and stage for exports.

A volume cannot use a storage integration: each has a trust of its own with the role. The external id is fixed, for one
that Snowflake makes up changes with each ``CREATE OR REPLACE`` and breaks that trust.
"""

from __future__ import annotations

from lakehouse.config.snowflake import SnowflakeSettings
from lakehouse.serving.snowflake.account import EXPORTS
from lakehouse.serving.snowflake.statement import Statement, Step
from lakehouse.snowflake.names import flag, given, literal, literals


def external_volume(to: SnowflakeSettings) -> Statement:
    """The volume over the lake's bucket, which Snowflake only reads."""
    return _volume(to, to.external_volume, given(to.storage_url, "storage_url"), writes=False)


def managed_volume(to: SnowflakeSettings) -> Statement:
    """The volume of tables that Snowflake manages: it writes there, so nothing of the lake is in it."""
    return _volume(to, to.managed_volume, to.managed_url, writes=True)


def _volume(to: SnowflakeSettings, name: str, url: str, *, writes: bool) -> Statement:
    role = given(to.aws_role_arn, "aws_role_arn")
    sql = (
        f"CREATE EXTERNAL VOLUME IF NOT EXISTS {name}\n"
        "  STORAGE_LOCATIONS = ((\n"
        "    NAME = 'lake'\n"
        "    STORAGE_PROVIDER = 'S3'\n"
        f"    STORAGE_BASE_URL = {literal(url)}\n"
        f"    STORAGE_AWS_ROLE_ARN = {literal(role)}\n"
        f"    STORAGE_AWS_EXTERNAL_ID = {literal(to.external_id)}\n"
        "  ))\n"
        f"  ALLOW_WRITES = {flag(writes)};"
    )
    expected = {"STORAGE_BASE_URL": url, "STORAGE_AWS_ROLE_ARN": role, "STORAGE_AWS_EXTERNAL_ID": to.external_id}
    return Statement(
        step=Step.STORAGE,
        kind="external volume",
        name=name,
        sql=sql,
        shown_by=f"SHOW EXTERNAL VOLUMES LIKE {literal(name)}",
        described_by=f"DESC EXTERNAL VOLUME {name}",
        properties=expected | {"ALLOW_WRITES": flag(writes).lower()},
    )


def storage_integration(to: SnowflakeSettings) -> Statement:
    """Access to the prefix of exports and results, and to no other."""
    url, role = given(to.export_url, "export_url"), given(to.aws_role_arn, "aws_role_arn")
    sql = (
        f"CREATE STORAGE INTEGRATION IF NOT EXISTS {to.storage_integration}\n"
        "  TYPE = EXTERNAL_STAGE\n"
        "  STORAGE_PROVIDER = 'S3'\n"
        f"  STORAGE_AWS_ROLE_ARN = {literal(role)}\n"
        f"  STORAGE_AWS_EXTERNAL_ID = {literal(to.external_id)}\n"
        "  ENABLED = TRUE\n"
        f"  STORAGE_ALLOWED_LOCATIONS = {literals((url,))}\n"
        "  COMMENT = 'Exports of the lake, and results for it';"
    )
    expected = {"STORAGE_ALLOWED_LOCATIONS": url, "STORAGE_AWS_ROLE_ARN": role}
    return Statement(
        step=Step.STORAGE,
        kind="storage integration",
        name=to.storage_integration,
        sql=sql,
        shown_by=f"SHOW STORAGE INTEGRATIONS LIKE {literal(to.storage_integration)}",
        described_by=f"DESC STORAGE INTEGRATION {to.storage_integration}",
        properties=expected | {"STORAGE_AWS_EXTERNAL_ID": to.external_id, "ENABLED": "true"},
    )


def stage_name(to: SnowflakeSettings) -> str:
    """Give the full name of the stage."""
    return f"{to.database}.{EXPORTS}.FILES"


def format_name(to: SnowflakeSettings) -> str:
    """Give the full name of the file format."""
    return f"{to.database}.{EXPORTS}.PARQUET_FILES"


def file_format(to: SnowflakeSettings) -> Statement:
    """Parquet: texts as texts, and logical types as they were written."""
    sql = (
        f"CREATE FILE FORMAT IF NOT EXISTS {format_name(to)}\n"
        "  TYPE = PARQUET\n"
        "  COMPRESSION = SNAPPY\n"
        "  BINARY_AS_TEXT = FALSE\n"
        "  USE_LOGICAL_TYPE = TRUE\n"
        "  USE_VECTORIZED_SCANNER = TRUE;"
    )
    shown = f"SHOW FILE FORMATS LIKE 'PARQUET_FILES' IN SCHEMA {to.database}.{EXPORTS}"
    return Statement(step=Step.STAGES, kind="file format", name=format_name(to), sql=sql, shown_by=shown)


def stage(to: SnowflakeSettings) -> Statement:
    """The stage over the exports."""
    url = given(to.export_url, "export_url")
    sql = (
        f"CREATE STAGE IF NOT EXISTS {stage_name(to)}\n"
        f"  URL = {literal(url)}\n"
        f"  STORAGE_INTEGRATION = {to.storage_integration}\n"
        f"  FILE_FORMAT = (FORMAT_NAME = {literal(format_name(to))})\n"
        "  COMMENT = 'Exports of the lake, and results for it';"
    )
    shown = f"SHOW STAGES LIKE 'FILES' IN SCHEMA {to.database}.{EXPORTS}"
    return Statement(step=Step.STAGES, kind="stage", name=stage_name(to), sql=sql, shown_by=shown)
