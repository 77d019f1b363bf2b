"""Contracts in PyIceberg's words: for engines that run no DDL. ``live_table`` is the way back."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count

from pyiceberg import types as iceberg
from pyiceberg.catalog import Catalog
from pyiceberg.partitioning import PartitionField, PartitionSpec
from pyiceberg.schema import Schema
from pyiceberg.table import Table
from pyiceberg.table.sorting import SortField, SortOrder
from pyiceberg.transforms import IdentityTransform, parse_transform
from pyspark.sql import types as spark_types

from lakehouse.catalog.namespaces import make_namespace
from lakehouse.contract.columns import ColumnSpec
from lakehouse.contract.ddl import table_properties
from lakehouse.contract.partitioning import PartitionField as Declared
from lakehouse.contract.table import TableSpec
from lakehouse.errors import ContractError

_SIMPLE: tuple[tuple[type[spark_types.DataType], iceberg.IcebergType], ...] = (
    (spark_types.BooleanType, iceberg.BooleanType()),
    (spark_types.ByteType, iceberg.IntegerType()),
    (spark_types.ShortType, iceberg.IntegerType()),
    (spark_types.IntegerType, iceberg.IntegerType()),
    (spark_types.LongType, iceberg.LongType()),
    (spark_types.FloatType, iceberg.FloatType()),
    (spark_types.DoubleType, iceberg.DoubleType()),
    (spark_types.StringType, iceberg.StringType()),
    (spark_types.BinaryType, iceberg.BinaryType()),
    (spark_types.DateType, iceberg.DateType()),
    (spark_types.TimestampType, iceberg.TimestamptzType()),
    (spark_types.TimestampNTZType, iceberg.TimestampType()),
)
MOST_DIGITS = 38
_ENDING = {"bucket": "bucket", "truncate": "trunc", "years": "year", "months": "month", "days": "day", "hours": "hour"}


def create_table(catalog: Catalog, spec: TableSpec) -> Table:
    """Make the table of a contract, as ``CREATE TABLE`` through Spark makes it; one that is there is given as it is."""
    make_namespace(catalog, spec.namespace)
    schema = iceberg_schema(spec)
    return catalog.create_table_if_not_exists(
        spec.name,
        schema,
        partition_spec=iceberg_partitions(spec, schema),
        sort_order=iceberg_order(spec, schema),
        properties=iceberg_properties(spec),
    )


def iceberg_properties(spec: TableSpec) -> dict[str, str]:
    """Give the properties of a contract's table, its docstring among them."""
    return {**table_properties(spec), **({"comment": spec.comment} if spec.comment else {})}


def iceberg_schema(spec: TableSpec) -> Schema:
    """Give the columns of a contract as ``CREATE TABLE`` through Spark makes them: types, comments, key, ``NOT NULL``.

    Raises:
        ContractError: Iceberg has no such type.
    """
    ids = count(1)
    fields = [_field(column, ids, where=spec.name) for column in spec.columns]
    key = [field.field_id for field in fields if field.name in spec.identity]
    return Schema(*fields, identifier_field_ids=key)


def iceberg_partitions(spec: TableSpec, schema: Schema) -> PartitionSpec:
    """Give the partition spec of a contract, with the names that Spark gives its fields."""
    fields = (
        PartitionField(
            source_id=schema.find_field(one.column).field_id,
            field_id=1000 + at,
            transform=parse_transform(one.iceberg),
            name=partition_name(one),
        )
        for at, one in enumerate(spec.partitioned_by)
    )
    return PartitionSpec(*fields)


def iceberg_order(spec: TableSpec, schema: Schema) -> SortOrder:
    """Give the order of rows inside of files."""
    ids = (schema.find_field(name).field_id for name in spec.sorted_by)
    return SortOrder(*(SortField(source_id=one, transform=IdentityTransform()) for one in ids))


def partition_name(one: Declared) -> str:
    """Give the name that Spark gives a partition field."""
    return f"{one.column}_{_ENDING[one.transform]}" if one.transform in _ENDING else one.column


def _field(column: ColumnSpec, ids: Iterator[int], *, where: str, top: bool = True) -> iceberg.NestedField:
    return iceberg.NestedField(
        field_id=next(ids),
        name=column.name,
        field_type=_type(column.type, ids, where=f"{where}.{column.name}", fields=column.fields),
        # Fields of structs are never NOT NULL: see ``ddl.type_sql``.
        required=top and column.required,
        doc=column.comment or None,
    )


def _type(
    found: spark_types.DataType, ids: Iterator[int], *, where: str, fields: tuple[ColumnSpec, ...] = ()
) -> iceberg.IcebergType:
    if isinstance(found, spark_types.StructType):
        inner = fields or tuple(ColumnSpec(name=one.name, type=one.dataType) for one in found.fields)
        return iceberg.StructType(*(_field(one, ids, where=where, top=False) for one in inner))
    if isinstance(found, spark_types.ArrayType):
        element = _type(found.elementType, ids, where=f"{where}.element")
        return iceberg.ListType(element_id=next(ids), element=element, element_required=False)
    if isinstance(found, spark_types.MapType):
        key, value = (_type(one, ids, where=where) for one in (found.keyType, found.valueType))
        return iceberg.MapType(
            key_id=next(ids), key_type=key, value_id=next(ids), value_type=value, value_required=False
        )
    if isinstance(found, spark_types.DecimalType):
        if found.precision > MOST_DIGITS:
            raise ContractError(
                f"{where}: Iceberg and Snowflake have decimals of {MOST_DIGITS} digits at most, "
                f"{found.simpleString()} is declared; declare a smaller one, or text"
            )
        return iceberg.DecimalType(found.precision, found.scale)
    for spark_type, made in _SIMPLE:
        if isinstance(found, spark_type):
            return made
    raise ContractError(f"{where}: Iceberg has no type for {found.simpleString()}")
