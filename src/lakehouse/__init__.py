"""Typed tables, typed builds and safe publishes for people who run Spark on Iceberg."""

from lakehouse.contract import (
    Column,
    DataSet,
    KafkaRecord,
    Pii,
    Schema,
    Scored,
    StructType,
    build,
    conform,
    doc,
    required,
    table,
)

__all__ = [
    "Column", "DataSet", "KafkaRecord", "Pii", "Schema", "Scored", "StructType", "build", "conform", "doc", "required",
    "table",
]  # fmt: skip
