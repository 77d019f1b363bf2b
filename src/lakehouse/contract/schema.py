"""typedspark's ``Schema``, made so that type checkers see a misspelt column.

typedspark answers every class attribute through its metaclass, so mypy accepts ``Users.emial``. For type checkers the
class below has no metaclass: a column is an annotated attribute and nothing else is. At run time it is typedspark's.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from typedspark import ArrayType, Column, DataSet, DecimalType, MapType, StructType

if TYPE_CHECKING:
    from pyspark.sql import types as spark_types

    class Schema:
        """The columns of a table or of a struct, as annotated attributes."""

        @classmethod
        def get_structtype(cls) -> spark_types.StructType:
            """Give the Spark type of a row."""

        @classmethod
        def get_schema_name(cls) -> str:
            """Give the name of the class."""

        @classmethod
        def all_column_names(cls) -> list[str]:
            """Give the names of the columns, in order."""
else:
    from typedspark import Schema

    # typedspark gives what begins with two underscores as it is stored, and from Python 3.12 on a Protocol's hook is
    # stored as a classmethod, which cannot be called: issubclass would fail. By their ancestors it needs no hook.
    type(Schema).__subclasscheck__ = type.__subclasscheck__

SchemaT = TypeVar("SchemaT", bound=Schema)

__all__ = ["ArrayType", "Column", "DataSet", "DecimalType", "MapType", "Schema", "SchemaT", "StructType"]
