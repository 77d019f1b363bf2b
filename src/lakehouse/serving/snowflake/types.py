"""Iceberg types as Snowflake names them in an Iceberg table.

Source: Snowflake documentation, "Data types for Apache Iceberg tables".
"""

from __future__ import annotations

from pyiceberg import types as iceberg

from lakehouse.errors import ServingError
from lakehouse.serving.capability import MOST_FIELDS, walk
from lakehouse.snowflake.names import quoted

_SIMPLE: dict[type[iceberg.IcebergType], str] = {
    iceberg.BooleanType: "BOOLEAN",
    iceberg.IntegerType: "NUMBER(10,0)",
    iceberg.LongType: "NUMBER(19,0)",
    iceberg.FloatType: "FLOAT",
    iceberg.DoubleType: "FLOAT",
    iceberg.DateType: "DATE",
    iceberg.TimeType: "TIME(6)",
    iceberg.TimestampType: "TIMESTAMP_NTZ(6)",
    iceberg.TimestamptzType: "TIMESTAMP_LTZ(6)",
    iceberg.TimestampNanoType: "TIMESTAMP_NTZ(9)",
    iceberg.TimestamptzNanoType: "TIMESTAMP_LTZ(9)",
    iceberg.StringType: "VARCHAR",
    iceberg.BinaryType: "BINARY",
    iceberg.UUIDType: "UUID",
}


def snowflake_type(found: iceberg.IcebergType, *, where: str) -> str:
    """Give the Snowflake type of a column; ``where`` names it.

    Raises:
        ServingError: Snowflake has no such type, or not so large a one.
    """
    fields = len(list(walk(found))) - 1
    if fields > MOST_FIELDS:
        raise _refused(where, f"{fields:,} fields inside of it", f"it takes {MOST_FIELDS:,} at most: split the column")
    return _type(found, where)


def is_nested(found: iceberg.IcebergType) -> bool:
    """Tell whether a column has others inside of it."""
    return isinstance(found, iceberg.StructType | iceberg.ListType | iceberg.MapType)


def _type(found: iceberg.IcebergType, where: str) -> str:
    if isinstance(found, iceberg.DecimalType):
        return f"NUMBER({found.precision},{found.scale})"
    if isinstance(found, iceberg.FixedType):
        return f"BINARY({len(found)})"
    if isinstance(found, iceberg.ListType):
        return f"ARRAY({_type(found.element_type, where)})"
    if isinstance(found, iceberg.MapType):
        return f"MAP({_key(found.key_type, where)}, {_type(found.value_type, where)})"
    if isinstance(found, iceberg.StructType):
        return f"OBJECT({', '.join(_field(one, where) for one in found.fields)})"
    name = _SIMPLE.get(type(found))
    if name is None:
        raise _refused(where, f"a {found}", "it has no such type: cast it in the build")
    return name


def _field(field: iceberg.NestedField, where: str) -> str:
    return f"{quoted(field.name)} {_type(field.field_type, f'{where}.{field.name}')}"


def _key(found: iceberg.IcebergType, where: str) -> str:
    if not isinstance(found, iceberg.StringType | iceberg.IntegerType | iceberg.LongType):
        raise _refused(where, f"a map by {found}", "keys are text or integers: make it a list of structs")
    return _type(found, where)


def _refused(where: str, what: str, todo: str) -> ServingError:
    return ServingError(f"{where} cannot be shown in Snowflake: it is {what}, and {todo}")
