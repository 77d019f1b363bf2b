"""The Iceberg DDL of a contract, as Spark SQL."""

from __future__ import annotations

from collections.abc import Iterable

from pyspark.sql import types as spark_types

from lakehouse.contract.bronze_record import BronzeRecord
from lakehouse.contract.columns import ColumnSpec
from lakehouse.contract.event_time import EVENT_TIME, LATE_BY
from lakehouse.contract.partitioning import quote_name
from lakehouse.contract.table import TableSpec

DEFAULT_PROPERTIES = {
    # v2 is what every reader knows: Snowflake, Athena, Trino, DuckDB; going to v3 cannot be undone.
    "format-version": "2",
    "write.parquet.compression-codec": "zstd",
    "write.target-file-size-bytes": str(256 * 1024 * 1024),
    # Row changes are written as position deletes: a copy-on-write of scattered keys costs more than a rewrite.
    "write.delete.mode": "merge-on-read",
    "write.update.mode": "merge-on-read",
    "write.merge.mode": "merge-on-read",
    # Without these two, each commit leaves one more metadata file for ever.
    "write.metadata.delete-after-commit.enabled": "true",
    "write.metadata.previous-versions-max": "50",
}

STREAM_PROPERTIES = {
    # A stream's batch is small: a shuffle before the write costs more than a few open files.
    "write.distribution-mode": "none",
    "write.spark.fanout.enabled": "true",
    "write.target-file-size-bytes": str(128 * 1024 * 1024),
    # Messages are full of values that never come again: a dictionary of these is made, found too large and thrown away.
    "write.parquet.dict-size-bytes": str(16 * 1024),
    "write.parquet.compression-level": "1",
    "commit.retry.num-retries": "10",
}

EVENT_TIME_PROPERTIES = {
    # The watermark and the count of late records are read from these. Iceberg keeps no figures of columns beyond the
    # 100th, nor where a contract wants none.
    f"write.metadata.metrics.column.{name}": "full"
    for name in (EVENT_TIME, LATE_BY, "kafka_timestamp")
}


def table_properties(spec: TableSpec) -> dict[str, str]:
    """Give the properties that a table is created with: defaults, those of streams, then the contract's own.

    Behind them stands only what a watermark cannot do without.
    """
    stream = STREAM_PROPERTIES if issubclass(spec.schema, BronzeRecord) else {}
    event_time = EVENT_TIME_PROPERTIES if spec.event_time else {}
    return {**DEFAULT_PROPERTIES, **stream, **spec.properties, **event_time}


def create_table_sql(spec: TableSpec, *, catalog: str) -> str:
    """Give ``CREATE TABLE IF NOT EXISTS`` for Iceberg through Spark."""
    lines = [f"  {column_sql(column)}" for column in spec.columns]
    properties = ",\n".join(f"  {quote(k)} = {quote(v)}" for k, v in sorted(table_properties(spec).items()))
    parts = [
        f"CREATE TABLE IF NOT EXISTS {full_name(spec, catalog=catalog)} (\n" + ",\n".join(lines) + "\n) USING iceberg",
        f"PARTITIONED BY ({', '.join(f.sql for f in spec.partitioned_by)})" if spec.partitioned_by else "",
        f"COMMENT {quote(spec.comment)}" if spec.comment else "",
        f"TBLPROPERTIES (\n{properties}\n)",
    ]
    return "\n".join(part for part in parts if part)


def after_create_sql(spec: TableSpec, *, catalog: str) -> tuple[str, ...]:
    """Give the statements that ``CREATE TABLE`` has no clause for: key columns and the order inside of files."""
    statements = [key_sql(spec, catalog=catalog)] if spec.key else []
    if spec.sorted_by:
        statements.append(order_sql(spec, catalog=catalog))
    return tuple(statements)


def key_sql(spec: TableSpec, *, catalog: str) -> str:
    """Give the statement that tells Iceberg by what a row is known."""
    return f"ALTER TABLE {full_name(spec, catalog=catalog)} SET IDENTIFIER FIELDS {_names(spec.identity)}"


def order_sql(spec: TableSpec, *, catalog: str) -> str:
    """Give the statement that sets the order of rows inside of a file."""
    return f"ALTER TABLE {full_name(spec, catalog=catalog)} WRITE LOCALLY ORDERED BY {_names(spec.sorted_by)}"


def full_name(spec: TableSpec, *, catalog: str) -> str:
    """Give ``catalog.namespace.table``, quoted."""
    return ".".join(f"`{part}`" for part in (catalog, *spec.name.split(".")))


def column_sql(column: ColumnSpec) -> str:
    """Give a column's definition: name, type with the comments of its fields, nullability, comment."""
    null = " NOT NULL" if column.required else ""
    comment = f" COMMENT {quote(column.comment)}" if column.comment else ""
    return f"`{column.name}` {type_sql(column.type, column.fields)}{null}{comment}"


def type_sql(data_type: spark_types.DataType, fields: Iterable[ColumnSpec] = ()) -> str:
    """Give a type as SQL. Fields of structs carry their comments; they are never ``NOT NULL``.

    A decoder cannot promise a field to Spark's analyser, so a required field is checked on rows, not by the table.
    """
    if isinstance(data_type, spark_types.StructType) and fields:
        inner = (
            f"`{f.name}`: {type_sql(f.type, f.fields)}" + (f" COMMENT {quote(f.comment)}" if f.comment else "")
            for f in fields
        )
        return f"struct<{', '.join(inner)}>"
    return data_type.simpleString()


def _names(columns: Iterable[str]) -> str:
    return ", ".join(map(quote_name, columns))


def quote(text: str) -> str:
    """Give a SQL string literal."""
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"
