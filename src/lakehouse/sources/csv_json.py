"""A value of CSV as JSON has the type of its column; what does not fit raises, and nothing is rounded."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from pyspark.sql import types as spark_types

from lakehouse.contract.columns import ColumnSpec
from lakehouse.sources.date_pattern import python_pattern
from lakehouse.transforms.csv_dialect import CsvDialect

_WORDS = {"true": True, "false": False, "t": True, "f": False, "yes": True, "no": False, "1": True, "0": False}
_BITS: dict[type[spark_types.DataType], int] = {
    spark_types.ByteType: 8,
    spark_types.ShortType: 16,
    spark_types.IntegerType: 32,
    spark_types.LongType: 64,
}


def json_value(text: str, field: ColumnSpec, dialect: CsvDialect) -> Any:
    """Give a text as a value of JSON; decimals and instants are texts there, so that no digit is lost.

    Raises:
        ValueError: It is no value of the field's type. (So is ``ArithmeticError``, of decimals.)
    """
    if isinstance(field.type, spark_types.StringType):
        return text
    read = next((read for kinds, read in _READ if isinstance(field.type, kinds)), None)
    if read is None:
        raise ValueError(f"{field.type.simpleString()} cannot be written in CSV")
    return read(text.strip(), field, dialect)


def _number(text: str, dialect: CsvDialect) -> str:
    """Give a number as Python writes it; groups of three digits count only where they are whole."""
    if dialect.decimal == ",":
        text = text.translate(str.maketrans(",.", ".,"))
    if "," not in text:
        return text
    first, *groups = text.partition(".")[0].split(",")
    if not 1 <= len(first.lstrip("+-")) <= 3 or any(len(one) != 3 for one in groups):
        raise ValueError(text)
    return text.replace(",", "")


def _whole(text: str, field: ColumnSpec, dialect: CsvDialect) -> int:
    value, bits = int(_number(text, dialect)), _BITS[type(field.type)]
    if not -(1 << bits - 1) <= value < 1 << bits - 1:
        raise ValueError(text)
    return value


def _decimal(text: str, field: ColumnSpec, dialect: CsvDialect) -> str:
    value, kind = Decimal(_number(text, dialect)), field.type
    assert isinstance(kind, spark_types.DecimalType), "it is read by its type"
    exponent = value.normalize().as_tuple().exponent
    if not isinstance(exponent, int) or -exponent > kind.scale or value.adjusted() >= kind.precision - kind.scale:
        raise ValueError(text)
    return f"{value:f}"


def _boolean(text: str, _: ColumnSpec, __: CsvDialect) -> bool:
    if text.lower() not in _WORDS:
        raise ValueError(text)
    return _WORDS[text.lower()]


def _instant(text: str, field: ColumnSpec, dialect: CsvDialect) -> str:
    written = python_pattern(dialect.dates.get(field.name, ""))
    if isinstance(field.type, spark_types.DateType):
        return (datetime.strptime(text, written).date() if written else date.fromisoformat(text)).isoformat()
    return (datetime.strptime(text, written) if written else datetime.fromisoformat(text)).isoformat()


_READ: tuple[tuple[tuple[type[spark_types.DataType], ...], Callable[[str, ColumnSpec, CsvDialect], Any]], ...] = (
    (tuple(_BITS), _whole),
    ((spark_types.DecimalType,), _decimal),
    ((spark_types.FloatType, spark_types.DoubleType), lambda text, _, dialect: float(_number(text, dialect))),
    ((spark_types.BooleanType,), _boolean),
    ((spark_types.DateType, spark_types.TimestampType, spark_types.TimestampNTZType), _instant),
    ((spark_types.StructType, spark_types.ArrayType, spark_types.MapType), lambda text, _, __: json.loads(text)),
)
