"""Values as text for people: of a personal one no more than its length, and that is all that leaves the executors."""

from __future__ import annotations

from collections.abc import Iterable

from pyspark.sql import Column
from pyspark.sql import functions as F
from pyspark.sql import types as spark_types

from lakehouse.contract.columns import ColumnSpec


def why_personal(columns: Iterable[ColumnSpec]) -> str:
    """Tell why a value is personal, empty when it is not: it is when any of these columns is.

    Args:
        columns: The value's own, those that it is in, and those inside of it.
    """
    found = tuple(columns)
    why = next((one.pii.value for one in found if one.pii), "")
    # A contract does not tell of the fields of structs in arrays and maps: they may be personal.
    return why or ("nested" if any(not one.fields and _has_struct(one.type) for one in found) else "")


def shown_text(value: Column, kind: spark_types.DataType, *, why: str) -> Column:
    """Give a value as text, bytes as hexadecimal digits; null stays null.

    Args:
        value: The value.
        kind: Its type.
        why: Why it is personal: then the text is that and the length. Empty when it is not.
    """
    text = F.hex(value) if isinstance(kind, spark_types.BinaryType) else value.cast("string")
    if not why:
        return text
    unit = F.when(F.length(text) == 1, " character)").otherwise(" characters)")
    return F.concat(F.lit(f"•••• ({why}, "), F.length(text).cast("string"), unit)


def _has_struct(kind: spark_types.DataType) -> bool:
    if isinstance(kind, spark_types.ArrayType):
        return _has_struct(kind.elementType)
    if isinstance(kind, spark_types.MapType):
        return _has_struct(kind.keyType) or _has_struct(kind.valueType)
    return isinstance(kind, spark_types.StructType)
