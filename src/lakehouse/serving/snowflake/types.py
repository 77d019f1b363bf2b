"""Iceberg types as Snowflake names them in an Iceberg table.

Source: Snowflake documentation, "Data types for Apache Iceberg tables".
"""

from __future__ import annotations

from pyspark.sql import types as spark_types

_SIMPLE: dict[type[spark_types.DataType], str] = {
    spark_types.BooleanType: "BOOLEAN",
    spark_types.IntegerType: "NUMBER(10,0)",
    spark_types.LongType: "NUMBER(19,0)",
    spark_types.FloatType: "FLOAT",
    spark_types.DoubleType: "FLOAT",
    spark_types.DateType: "DATE",
    # Spark's TIMESTAMP is an instant: Iceberg timestamptz.
    spark_types.TimestampType: "TIMESTAMP_LTZ(6)",
    spark_types.TimestampNTZType: "TIMESTAMP_NTZ(6)",
    spark_types.StringType: "VARCHAR",
    spark_types.BinaryType: "BINARY",
}


def snowflake_type(data_type: spark_types.DataType) -> str:
    """Give the Snowflake type of a column.

    Raises:
        TypeError: Snowflake reads no such type from Iceberg v2.
    """
    if isinstance(data_type, spark_types.DecimalType):
        return f"NUMBER({data_type.precision},{data_type.scale})"
    if isinstance(data_type, spark_types.ArrayType):
        return f"ARRAY({snowflake_type(data_type.elementType)})"
    if isinstance(data_type, spark_types.MapType):
        return f"MAP({snowflake_type(data_type.keyType)}, {snowflake_type(data_type.valueType)})"
    if isinstance(data_type, spark_types.StructType):
        return f"OBJECT({', '.join(f'{f.name} {snowflake_type(f.dataType)}' for f in data_type.fields)})"
    for known, name in _SIMPLE.items():
        if type(data_type) is known:
            return name
    raise TypeError(f"Snowflake has no type for {data_type.simpleString()} in an Iceberg table")
