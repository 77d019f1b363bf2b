"""Functions of Spark that one of its supported versions lacks, so that each is asked for in one place."""

from __future__ import annotations

from pyspark.sql import Column
from pyspark.sql import functions as F

from lakehouse.transforms.let import let_column

_STRICT = {
    "allowSingleQuotes": "false",
    "allowNonNumericNumbers": "false",
    "columnNameOfCorruptRecord": "broken",
}


def try_cast(column: Column, type_: str) -> Column:
    """Cast to a type in SQL, null where that cannot be: with ANSI on and off, and for what would overflow.

    Cost: that of a cast on Spark 4; on 3.5, which has it in SQL alone, that of ``let_column``.
    """
    if hasattr(Column, "try_cast"):
        return column.try_cast(type_)
    return let_column("value", column, f"try_cast(value as {type_})", where=F.lit(True))


def starts_with_json(text: Column) -> Column:
    """Tell whether text starts with one strict JSON value. What comes behind it is not read; null stays null.

    An object that has a key twice is none on Spark 4, by its parser to VARIANT. Spark 3.5 does not see that.
    """
    if hasattr(F, "try_parse_json"):
        return F.when(text.isNotNull(), F.try_parse_json(text).isNotNull())
    read = F.from_json(F.concat(F.lit('{"value":'), text, F.lit("}")), "value string, broken string", _STRICT)
    return F.when(text.isNotNull(), read["broken"].isNull())
