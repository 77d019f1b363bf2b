"""Files into a table by hand: Spark's bare reader with a schema, and an append. It keeps no line and no bad record."""

from __future__ import annotations

from pathlib import Path

from pyspark.sql import DataFrame, SparkSession

SCHEMA = "number bigint, article string, amount decimal(12,2), day date, at timestamp"


def read_bare(spark: SparkSession, folder: Path, kind: str) -> DataFrame:
    """Read CSV with a header, or JSON lines."""
    reader = spark.read.schema(SCHEMA)
    return reader.option("header", "true").csv(str(folder)) if kind == "csv" else reader.json(str(folder))


def append_bare(rows: DataFrame, table: str) -> None:
    """Append rows to a table that has the same columns."""
    rows.writeTo(table).append()
