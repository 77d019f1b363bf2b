"""The Iceberg table that a contract makes, as metadata alone: without Spark and without a catalog."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count
from typing import Any

from pyiceberg import types as iceberg
from pyiceberg.io.pyarrow import PyArrowFileIO
from pyiceberg.partitioning import PartitionField, PartitionSpec
from pyiceberg.schema import Schema
from pyiceberg.table import Table
from pyiceberg.table.metadata import new_table_metadata
from pyiceberg.table.sorting import NullOrder, SortDirection, SortField, SortOrder
from pyiceberg.transforms import IdentityTransform, parse_transform
from pyspark.sql import types as T

from lakehouse.contract.columns import ColumnSpec
from lakehouse.contract.ddl import table_properties
from lakehouse.contract.table import TableSpec

TYPES: dict[type[T.DataType], Callable[[], iceberg.IcebergType]] = {
    T.StringType: iceberg.StringType, T.BooleanType: iceberg.BooleanType, T.IntegerType: iceberg.IntegerType,
    T.LongType: iceberg.LongType, T.FloatType: iceberg.FloatType, T.DoubleType: iceberg.DoubleType,
    T.DateType: iceberg.DateType, T.TimestampType: iceberg.TimestamptzType, T.BinaryType: iceberg.BinaryType,
    T.TimestampNTZType: iceberg.TimestampType,
}  # fmt: skip


def iceberg_table(spec: TableSpec) -> Table:
    """Make the table that ``CREATE TABLE`` and what comes after it would have made."""
    ids = count(1)
    fields = [_field(ids, column, required=column.required) for column in spec.columns]
    id_of = {field.name: field.field_id for field in fields}
    schema = Schema(*fields, identifier_field_ids=[id_of[name] for name in spec.identity])
    partitions = [
        PartitionField(
            source_id=schema.find_field(one.column).field_id,
            field_id=1000 + number,
            transform=parse_transform(one.iceberg),
            name=f"part_{number}",
        )
        for number, one in enumerate(spec.partitioned_by)
    ]
    order = [
        SortField(schema.find_field(name).field_id, IdentityTransform(), SortDirection.ASC, NullOrder.NULLS_FIRST)
        for name in spec.sorted_by
    ]
    properties = {**table_properties(spec), "comment": spec.comment, "owner": "somebody"}
    metadata = new_table_metadata(
        schema, PartitionSpec(*partitions), SortOrder(*order), f"file:///{spec.name}", properties
    )
    nowhere: Any = None
    return Table(tuple(spec.name.split(".")), metadata, "", PyArrowFileIO(), nowhere)


def _field(ids: Any, column: ColumnSpec, *, required: bool = False) -> iceberg.NestedField:
    doc = column.comment or None
    own = next(ids)
    inner = _struct(ids, column.fields) if column.fields else _type(ids, column.type)
    return iceberg.NestedField(own, column.name, inner, required=required, doc=doc)


def _struct(ids: Any, columns: tuple[ColumnSpec, ...]) -> iceberg.StructType:
    return iceberg.StructType(*(_field(ids, column) for column in columns))


def _type(ids: Any, found: T.DataType) -> iceberg.IcebergType:
    if isinstance(found, T.StructType):
        return _struct(ids, tuple(ColumnSpec(name=f.name, type=f.dataType) for f in found.fields))
    if isinstance(found, T.ArrayType):
        return iceberg.ListType(next(ids), _type(ids, found.elementType), element_required=False)
    if isinstance(found, T.MapType):
        key, value = (next(ids), _type(ids, found.keyType)), (next(ids), _type(ids, found.valueType))
        return iceberg.MapType(*key, *value, value_required=False)
    if isinstance(found, T.DecimalType):
        return iceberg.DecimalType(found.precision, found.scale)
    return TYPES[type(found)]()
