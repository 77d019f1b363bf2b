"""External tables over exports: partitioned Parquet in folders, never the folder of an Iceberg table.

Snowflake lists the objects of a location. In an Iceberg table's folder it would also find files that no snapshot has
any more, and read deleted rows.
"""

from __future__ import annotations

from collections.abc import Iterator

from pyiceberg.types import IcebergType

from lakehouse.catalog.iceberg_schema import iceberg_schema
from lakehouse.config.snowflake import SnowflakeSettings
from lakehouse.contract.table import TableSpec
from lakehouse.serving.export import folders_of
from lakehouse.serving.snowflake.account import table_schema
from lakehouse.serving.snowflake.statement import Statement, Step
from lakehouse.serving.snowflake.storage import format_name, stage_name
from lakehouse.serving.snowflake.types import is_nested, snowflake_type
from lakehouse.snowflake.names import literal, quoted

NULL_FOLDER = "__HIVE_DEFAULT_PARTITION__"
"""What stands in the name of a folder for null."""


def external_name(to: SnowflakeSettings, spec: TableSpec) -> str:
    """Give the full name of the external table."""
    namespace, name = spec.name.split(".")
    return f"{table_schema(to, namespace)}.{quoted(name)}"


def shown(to: SnowflakeSettings, spec: TableSpec) -> str:
    """Give the question for an external table and the folder that it is over."""
    namespace, name = spec.name.split(".")
    return f"SHOW EXTERNAL TABLES LIKE {literal(name)} IN SCHEMA {table_schema(to, namespace)}"


def external_table(to: SnowflakeSettings, spec: TableSpec, folder: str = "") -> Statement:
    """The table over one export. It holds no data, so the next export replaces it, in one statement.

    ``FILE_FORMAT`` is not inherited from the stage, its default is CSV; ``AUTO_REFRESH`` is on by default, and waits
    for events that only come where a topic is set.
    """
    partitions = [name for name, _ in export_partitions(spec)]
    topic = f"  AWS_SNS_TOPIC = {literal(to.sns_topic_arn)}\n" if to.sns_topic_arn else ""
    by = f"  PARTITION BY ({', '.join(map(quoted, partitions))})\n" if partitions else ""
    columns = ",\n".join(_columns(spec))
    sql = (
        f"CREATE OR REPLACE EXTERNAL TABLE {external_name(to, spec)} (\n{columns}\n)\n"
        f"{by}"
        f"  LOCATION = @{stage_name(to)}/{folder or spec.name.replace('.', '/') + '/'}\n"
        "  REFRESH_ON_CREATE = TRUE\n"
        f"  AUTO_REFRESH = {'TRUE' if topic else 'FALSE'}\n"
        "  PATTERN = '.*[.]parquet'\n"
        f"  FILE_FORMAT = (FORMAT_NAME = {literal(format_name(to))})\n"
        f"{topic}"
        "  COPY GRANTS\n"
        f"  COMMENT = {literal(spec.comment)};"
    )
    return Statement(step=Step.TABLES, kind="external table", name=spec.name, sql=sql)


def refresh_external(to: SnowflakeSettings, spec: TableSpec) -> Statement:
    """Look for new files."""
    sql = f"ALTER EXTERNAL TABLE {external_name(to, spec)} REFRESH;"
    return Statement(step=Step.TABLES, kind="external refresh", name=spec.name, sql=sql)


def export_partitions(spec: TableSpec) -> Iterator[tuple[str, str]]:
    """Give the folders of an export, ``name=value``, each with its type."""
    types = {one.name: one.field_type for one in iceberg_schema(spec).fields}
    for name, (column, text) in folders_of(spec).items():
        yield name, "VARCHAR" if text else _flat(types[column], f"{spec.name}.{column}")


def _columns(spec: TableSpec) -> Iterator[str]:
    partitions = dict(export_partitions(spec))
    for name, kind in partitions.items():
        # Found by its name, so that the depth of the stage's prefix does not matter.
        text = f"SPLIT_PART(SPLIT_PART(METADATA$FILENAME, {literal(f'/{name}=')}, 2), '/', 1)"
        text = f"NULLIF({text}, {literal(NULL_FOLDER)})"
        yield f"  {quoted(name)} {kind} AS ({text}::{kind})"
    for one in iceberg_schema(spec).fields:
        if one.name not in partitions:
            kind = _flat(one.field_type, f"{spec.name}.{one.name}")
            yield f"  {quoted(one.name)} {kind} AS (VALUE:{quoted(one.name)}::{kind})"


def _flat(found: IcebergType, where: str) -> str:
    # A value of a file is a VARIANT, and so is what is nested in it.
    kind = snowflake_type(found, where=where)
    return "VARIANT" if is_nested(found) else kind
