"""Iceberg tables: of the catalog, of one metadata file, and of a database that is the catalog."""

from __future__ import annotations

from lakehouse.config.snowflake import SnowflakeSettings
from lakehouse.contract.table import TableSpec
from lakehouse.errors import ServingError
from lakehouse.serving.snowflake.account import table_schema
from lakehouse.serving.snowflake.statement import Statement, Step
from lakehouse.snowflake.names import literal, quoted


def table_name(to: SnowflakeSettings, spec: TableSpec) -> str:
    """Give the full name of a table; in a linked database the catalog's own names are quoted."""
    namespace, name = spec.name.split(".")
    if to.route == "linked":
        return f"{to.linked_database}.{quoted(namespace)}.{quoted(name)}"
    return f"{table_schema(to, namespace)}.{quoted(name)}"


def from_catalog(to: SnowflakeSettings, spec: TableSpec) -> Statement:
    """A table of the catalog. Snowflake takes its columns from the metadata, and new snapshots by itself."""
    namespace, name = spec.name.split(".")
    # S3 Tables lends credentials for the files; with a volume beside them the statement is refused.
    volume = "" if to.route == "s3_tables" else f"  EXTERNAL_VOLUME = {literal(to.external_volume)}\n"
    sql = (
        f"CREATE ICEBERG TABLE IF NOT EXISTS {table_name(to, spec)}\n"
        f"{volume}"
        f"  CATALOG = {literal(to.catalog_integration)}\n"
        f"  CATALOG_TABLE_NAME = {literal(name)}\n"
        f"  CATALOG_NAMESPACE = {literal(namespace)}\n"
        "  AUTO_REFRESH = TRUE\n"
        f"  COMMENT = {literal(spec.comment)};"
    )
    kind = "iceberg table of s3 tables" if to.route == "s3_tables" else "iceberg table"
    return _statement(to, spec, kind, sql)


def metadata_path(to: SnowflakeSettings, metadata_location: str) -> str:
    """Give the path of a metadata file from the volume on: without a slash before it.

    Raises:
        ServingError: The file is not in the volume.
    """
    if to.storage_url and not metadata_location.startswith(to.storage_url):
        raise ServingError(
            f"{metadata_location} is not in the volume {to.external_volume}, which is over {to.storage_url}: "
            "set snowflake.storage_url to a prefix of all tables"
        )
    return metadata_location.removeprefix(to.storage_url).lstrip("/")


def from_metadata(to: SnowflakeSettings, spec: TableSpec, metadata_location: str) -> Statement:
    """A table that reads one metadata file; ``refresh`` gives it the next one."""
    path = metadata_path(to, metadata_location) if metadata_location else f"<metadata file of {spec.name}>"
    sql = (
        f"CREATE ICEBERG TABLE IF NOT EXISTS {table_name(to, spec)}\n"
        f"  EXTERNAL_VOLUME = {literal(to.external_volume)}\n"
        f"  CATALOG = {literal(to.catalog_integration)}\n"
        f"  METADATA_FILE_PATH = {literal(path)}\n"
        f"  COMMENT = {literal(spec.comment)};"
    )
    return _statement(to, spec, "iceberg table of a metadata file", sql)


def refresh(to: SnowflakeSettings, spec: TableSpec, metadata_location: str = "") -> Statement:
    """Read the newest snapshot: that of the catalog, or of the metadata file that is named."""
    file = f" {literal(metadata_path(to, metadata_location))}" if to.route == "object_store" else ""
    sql = f"ALTER ICEBERG TABLE {table_name(to, spec)} REFRESH{file};"
    return Statement(step=Step.TABLES, kind="iceberg refresh", name=spec.name, sql=sql)


def linked_database(to: SnowflakeSettings) -> Statement:
    """A database that is the catalog: its tables come and go with those of the catalog.

    Never with writes, which are its default: a table dropped in Snowflake would be dropped in the catalog.
    """
    layers = ", ".join(literal(layer) for layer in to.layers)
    sql = (
        f"CREATE DATABASE IF NOT EXISTS {to.linked_database}\n"
        "  LINKED_CATALOG = (\n"
        f"    CATALOG = {literal(to.catalog_integration)},\n"
        f"    ALLOWED_NAMESPACES = ({layers}),\n"
        "    ALLOWED_WRITE_OPERATIONS = NONE,\n"
        f"    SYNC_INTERVAL_SECONDS = {to.refresh_seconds}\n"
        "  )\n"
        f"  EXTERNAL_VOLUME = {literal(to.external_volume)};"
    )
    shown = f"SHOW DATABASES LIKE {literal(to.linked_database)}"
    return Statement(step=Step.TABLES, kind="linked database", name=to.linked_database, sql=sql, shown_by=shown)


def _statement(to: SnowflakeSettings, spec: TableSpec, kind: str, sql: str) -> Statement:
    namespace, name = spec.name.split(".")
    of_catalog = kind != "iceberg table of a metadata file"
    place = {"CATALOG_TABLE_NAME": name, "CATALOG_NAMESPACE": namespace} if of_catalog else {}
    return Statement(
        step=Step.TABLES,
        kind=kind,
        name=spec.name,
        sql=sql,
        shown_by=f"SHOW ICEBERG TABLES LIKE {literal(name)} IN SCHEMA {table_schema(to, namespace)}",
        properties={"CATALOG_NAME": to.catalog_integration} | place,
    ).with_comment("TABLE", table_name(to, spec), spec.comment)
