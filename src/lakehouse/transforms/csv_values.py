"""A value of CSV as its type, null where it is none of it; nothing is rounded, cut or guessed."""

from __future__ import annotations

from pyspark.sql import Column
from pyspark.sql import functions as F
from pyspark.sql import types as spark_types

from lakehouse.contract.columns import ColumnSpec
from lakehouse.transforms.csv_dialect import CsvDialect
from lakehouse.transforms.functions import try_cast

_ISO_DATE = r"^\d{4}-\d{2}-\d{2}$"
# Spark takes a clock alone for an instant of today.
_ISO_INSTANT = r"^\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}.*)?$"
_WHOLE = (spark_types.ByteType, spark_types.ShortType, spark_types.IntegerType, spark_types.LongType)
_NUMBERS = (*_WHOLE, spark_types.FloatType, spark_types.DoubleType, spark_types.DecimalType)
_NESTED = (spark_types.StructType, spark_types.ArrayType, spark_types.MapType)
_MOST_DIGITS = 38


def typed_value(raw: Column, field: ColumnSpec, dialect: CsvDialect) -> Column:
    """Give the text of a value as the type of its field; null where it does not fit."""
    kind, text = field.type, F.trim(raw)
    if isinstance(kind, spark_types.StringType):
        return raw
    if isinstance(kind, _NUMBERS):
        return _number(text, kind, dialect.decimal)
    if isinstance(kind, spark_types.DateType | spark_types.TimestampType | spark_types.TimestampNTZType):
        return _instant(text, kind, dialect.dates.get(field.name, ""))
    if isinstance(kind, spark_types.BinaryType):
        return raw.cast(kind)
    if isinstance(kind, _NESTED):
        return F.from_json(text, kind.simpleString(), {"mode": "PERMISSIVE"})
    return try_cast(text, kind.simpleString())


def _number(text: Column, kind: spark_types.DataType, decimal: str) -> Column:
    if decimal == ",":
        written = text.rlike(r"^[+-]?(\d+|\d{1,3}(\.\d{3})+)(,\d+)?$")
        text = F.when(written, F.replace(F.replace(text, F.lit("."), F.lit("")), F.lit(","), F.lit(".")))
    else:
        # 1,234.50; anything else with a comma is no number, and only then is it looked at.
        grouped = text.contains(",") & text.rlike(r"^[+-]?\d{1,3}(,\d{3})+(\.\d+)?$")
        text = F.when(grouped, F.replace(text, F.lit(","), F.lit(""))).otherwise(text)
    value = try_cast(text, kind.simpleString())
    if not isinstance(kind, spark_types.DecimalType):
        return value
    exact = spark_types.DecimalType(_MOST_DIGITS, min(_MOST_DIGITS, kind.scale + 6))
    return F.when(try_cast(text, exact.simpleString()) == value, value)


def _instant(text: Column, kind: spark_types.DataType, pattern: str) -> Column:
    if pattern:
        return F.try_to_timestamp(text, F.lit(pattern)).cast(kind)
    written = text.rlike(_ISO_DATE if isinstance(kind, spark_types.DateType) else _ISO_INSTANT)
    return F.when(written, try_cast(text, kind.simpleString()))
