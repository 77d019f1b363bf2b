"""A live table as contracts are held against it: columns as Spark sees them, key, partitioning, order, properties.

From Iceberg's metadata alone: no session is needed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from pyiceberg import types as iceberg
from pyiceberg.table import Table
from pyiceberg.table.sorting import NullOrder, SortDirection, SortField
from pyspark.sql import types as spark_types

from lakehouse.contract.evolution import LiveTable
from lakehouse.contract.partitioning import PartitionField, from_iceberg, quote_name
from lakehouse.errors import ContractError

_TYPES: dict[type[iceberg.IcebergType], Callable[[], spark_types.DataType]] = {
    iceberg.BooleanType: spark_types.BooleanType,
    iceberg.IntegerType: spark_types.IntegerType,
    iceberg.LongType: spark_types.LongType,
    iceberg.FloatType: spark_types.FloatType,
    iceberg.DoubleType: spark_types.DoubleType,
    iceberg.DateType: spark_types.DateType,
    iceberg.TimestampType: spark_types.TimestampNTZType,
    iceberg.TimestamptzType: spark_types.TimestampType,
    iceberg.StringType: spark_types.StringType,
    iceberg.UUIDType: spark_types.StringType,
    iceberg.BinaryType: spark_types.BinaryType,
    iceberg.FixedType: spark_types.BinaryType,
}
"""What Spark reads a type as."""


def live_table(table: Table) -> LiveTable:
    """Describe a table as it stands in the catalog. Cost: none, its metadata are loaded already.

    Raises:
        ContractError: A column has a type that Spark does not read.
    """
    schema, name = table.schema(), ".".join(table.name())
    return LiveTable(
        struct=_struct(schema.as_struct(), path=f"{name}."),
        key=tuple(schema.find_column_name(one) or "" for one in schema.identifier_field_ids),
        partitioned_by=partition_fields(table),
        sorted_by=tuple(_sorted_by(table)),
        # Iceberg keeps the version of its format beside the properties.
        properties={**table.properties, "format-version": str(table.format_version)},
    )


def partition_fields(table: Table) -> tuple[PartitionField, ...]:
    """Give the partition spec of a live table; fields that were dropped are left out."""
    schema = table.schema()
    return tuple(
        from_iceberg(str(field.transform), schema.find_column_name(field.source_id) or "")
        for field in table.spec().fields
        if str(field.transform) != "void"
    )


def _sorted_by(table: Table) -> Iterator[str]:
    """Give the order inside of files: names of columns, and as SQL what a contract has no words for."""
    schema = table.schema()
    for field in table.sort_order().fields:
        column = schema.find_column_name(field.source_id) or ""
        transform = from_iceberg(str(field.transform), column)
        plain = transform.transform == "identity" and _ascending(field)
        sql = quote_name(column) if transform.transform == "identity" else transform.sql
        yield column if plain else f"{sql} {field.direction.name} {field.null_order.name.replace('_', ' ')}"


def _ascending(field: SortField) -> bool:
    return field.direction is SortDirection.ASC and field.null_order is NullOrder.NULLS_FIRST


def _struct(struct: iceberg.StructType, *, path: str) -> spark_types.StructType:
    return spark_types.StructType(
        [
            spark_types.StructField(
                field.name,
                _type(field.field_type, path=f"{path}{field.name}"),
                not field.required,
                {"comment": field.doc} if field.doc is not None else None,
            )
            for field in struct.fields
        ]
    )


def _type(found: iceberg.IcebergType, *, path: str) -> spark_types.DataType:
    if isinstance(found, iceberg.StructType):
        return _struct(found, path=f"{path}.")
    if isinstance(found, iceberg.ListType):
        return spark_types.ArrayType(_type(found.element_type, path=f"{path}[]"), not found.element_required)
    if isinstance(found, iceberg.MapType):
        key, value = _type(found.key_type, path=f"{path}.key"), _type(found.value_type, path=f"{path}.value")
        return spark_types.MapType(key, value, not found.value_required)
    if isinstance(found, iceberg.DecimalType):
        return spark_types.DecimalType(found.precision, found.scale)
    if type(found) not in _TYPES:
        raise ContractError(f"{path} is {found} in Iceberg, which Spark does not read; drop or rewrite the column")
    return _TYPES[type(found)]()
