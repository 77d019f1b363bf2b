"""What Snowflake is asked about itself: whether AWS lets it in, what it finds, and which snapshot it reads."""

from __future__ import annotations

from lakehouse.config.snowflake import SnowflakeSettings
from lakehouse.contract.table import TableSpec
from lakehouse.serving.snowflake.iceberg_table import table_name
from lakehouse.serving.snowflake.statement import Statement, Step
from lakehouse.snowflake.names import given, literal


def volume_is_open(volume: str) -> Statement:
    """Whether a volume can be read, and written to where it has writes."""
    return _check("volume is open", volume, f"SYSTEM$VERIFY_EXTERNAL_VOLUME({literal(volume)})")


def catalog_is_open(to: SnowflakeSettings) -> Statement:
    """Whether the catalog answers; the name is compared letter by letter."""
    name = to.catalog_integration
    return _check("catalog is open", name, f"SYSTEM$VERIFY_CATALOG_INTEGRATION({literal(name)})")


def storage_is_open(to: SnowflakeSettings) -> Statement:
    """Whether the prefix of the exports can be listed."""
    where = given(to.export_url, "export_url")
    asked = f"({literal(to.storage_integration)}, {literal(where)}, 'any', 'list')"
    return _check("storage is open", to.storage_integration, f"SYSTEM$VALIDATE_STORAGE_INTEGRATION{asked}")


def tables_of(to: SnowflakeSettings, layer: str) -> Statement:
    """Which tables the catalog has."""
    asked = f"SYSTEM$LIST_ICEBERG_TABLES_FROM_CATALOG({literal(to.catalog_integration)}, {literal(layer)})"
    return _check("tables of the catalog", layer, asked)


def link_status(to: SnowflakeSettings) -> Statement:
    """How far a linked database has come."""
    return _check("link status", to.linked_database, f"SYSTEM$CATALOG_LINK_STATUS({literal(to.linked_database)})")


def refresh_status(to: SnowflakeSettings, spec: TableSpec) -> Statement:
    """Whether a table is refreshed by itself: RUNNING, STALLED or STOPPED."""
    return _check("refresh status", spec.name, f"SYSTEM$AUTO_REFRESH_STATUS({literal(table_name(to, spec))})")


def table_information(to: SnowflakeSettings, spec: TableSpec) -> Statement:
    """Which metadata file a table reads."""
    asked = f"SYSTEM$GET_ICEBERG_TABLE_INFORMATION({literal(table_name(to, spec))})"
    return _check("table information", spec.name, asked)


def _check(kind: str, name: str, asked: str) -> Statement:
    return Statement(step=Step.CHECKS, kind=kind, name=name, sql=f"SELECT {asked};")
