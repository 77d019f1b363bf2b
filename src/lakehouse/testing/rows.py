"""Rows of a contract for tests: say the columns that matter, the others are null."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from pyspark.sql import SparkSession
from pyspark.sql import types as spark_types

from lakehouse.contract.schema import DataSet, SchemaT
from lakehouse.contract.table import is_table, spec_of


def make_rows(spark: SparkSession, schema: type[SchemaT], rows: Iterable[Mapping[str, Any]]) -> DataSet[SchemaT]:
    """Make a DataSet of a contract from dicts; columns and fields that are not named are null.

    Raises:
        ValueError: A name is not a column or field of the contract.
    """
    struct = spec_of(schema).struct if is_table(schema) else schema.get_structtype()
    data = [_fill(struct, row, where=schema.get_schema_name()) for row in rows]
    return DataSet[schema](spark.createDataFrame(data, struct))  # type: ignore[valid-type]


def _fill(struct: spark_types.StructType, row: Mapping[str, Any], *, where: str) -> tuple[Any, ...]:
    unknown = set(row) - set(struct.fieldNames())
    if unknown:
        known = ", ".join(struct.fieldNames())
        raise ValueError(f"{where} has no {', '.join(sorted(unknown))}; it has {known}")
    return tuple(_value(field, row.get(field.name), where=f"{where}.{field.name}") for field in struct.fields)


def _value(field: spark_types.StructField, value: Any, *, where: str) -> Any:
    if isinstance(field.dataType, spark_types.StructType) and isinstance(value, Mapping):
        return _fill(field.dataType, value, where=where)
    return value
