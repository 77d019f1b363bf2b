"""Types of Spark as the Open Data Contract Standard writes them: the logical type, and the physical one beside it."""

from __future__ import annotations

from typing import Any

from pyspark.sql import types as spark_types

_LOGICAL: dict[str, tuple[type[spark_types.DataType], ...]] = {
    "string": (spark_types.StringType, spark_types.BinaryType),
    "boolean": (spark_types.BooleanType,),
    "integer": (spark_types.ByteType, spark_types.ShortType, spark_types.IntegerType, spark_types.LongType),
    "number": (spark_types.FloatType, spark_types.DoubleType, spark_types.DecimalType),
    "date": (spark_types.DateType,),
    "timestamp": (spark_types.TimestampType, spark_types.TimestampNTZType),
    "array": (spark_types.ArrayType,),
    # Version 3.1 has no maps.
    "object": (spark_types.StructType, spark_types.MapType),
}


def type_in_odcs(data_type: spark_types.DataType) -> dict[str, Any]:
    """Give the keys of a property that say its type; none is logical where the standard has no such type."""
    logical = next((name for name, types in _LOGICAL.items() if isinstance(data_type, types)), None)
    written: dict[str, Any] = {"logicalType": logical} if logical else {}
    written["physicalType"] = data_type.simpleString()
    if isinstance(data_type, spark_types.BinaryType):
        written["logicalTypeOptions"] = {"format": "binary"}
    if isinstance(data_type, spark_types.ArrayType):
        written["items"] = type_in_odcs(data_type.elementType)
    if isinstance(data_type, spark_types.StructType):
        written["properties"] = [{"name": one.name, **type_in_odcs(one.dataType)} for one in data_type.fields]
    return written
