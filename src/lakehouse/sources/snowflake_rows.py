"""Rows of a query in Snowflake as Arrow, in the types of a contract: held against it before the first row is read."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import pyarrow as pa
import pyarrow.compute as pc
from pyspark.sql import types as spark_types
from pyspark.sql.pandas.types import to_arrow_type

from lakehouse.contract.conform import struct_mismatches
from lakehouse.errors import SchemaMismatchError, SourceError
from lakehouse.snowflake.names import quoted
from lakehouse.snowflake.session import Described, Session

_NAME = re.compile(r'(?:[A-Za-z_][\w$]*|"[^"]+")(?:\.(?:[A-Za-z_][\w$]*|"[^"]+")){0,2}')
_QUERY = re.compile(r"(?:select|with)\b[^;]*", re.IGNORECASE | re.DOTALL)
_WHOLE = (spark_types.ByteType, spark_types.ShortType, spark_types.IntegerType, spark_types.LongType)
_KINDS: dict[str, spark_types.DataType] = {
    "REAL": spark_types.DoubleType(),
    "BOOLEAN": spark_types.BooleanType(),
    "DATE": spark_types.DateType(),
    "BINARY": spark_types.BinaryType(),
    "TIMESTAMP_NTZ": spark_types.TimestampNTZType(),
    "TIMESTAMP_LTZ": spark_types.TimestampType(),
    "TIMESTAMP_TZ": spark_types.TimestampType(),
}
"""By kind what it is for Spark; what is not here comes as text, nested values as JSON."""


@dataclass(frozen=True, kw_only=True)
class SnowflakeRows:
    """What a query gives of the columns that are declared, in their types.

    Args:
        session: Who is asked.
        query: A table, or one SELECT.
        what: What the rows are for, for messages: the name of a table.
        declared: Columns and types. Names count without case. Whole numbers may come as NUMBER of any size, each value
            is looked at; instants lose what is below microseconds; what is not declared is not read.
    """

    session: Session
    query: str
    what: str
    declared: spark_types.StructType

    def described(self) -> Sequence[Described]:
        """Give the columns that are read, in the order of those declared. Reads no row.

        Raises:
            SchemaMismatchError: One is missing or has another type; all differences are listed.
            SourceError: It is no query, or has two columns of a name.
            ServingError: Snowflake refuses it.
        """
        described = self.session.describe(f"SELECT * FROM {source_of(self.query)}")
        twins = [name for name, count in Counter(one.name.lower() for one in described).items() if count > 1]
        if twins:
            raise SourceError(f"{self.what}: Snowflake gives {', '.join(twins)} twice: name them apart in the query")
        if wrong := struct_mismatches(_found(described, self.declared), self.declared):
            raise SchemaMismatchError(
                table=self.what,
                differences=wrong,
                what="what Snowflake gives",
                todo="No row was read. Cast or name these columns in the query, or declare what is there.",
            )
        by_name = {one.name.lower(): one for one in described}
        return [by_name[field.name] for field in self.declared.fields]

    def as_given(self) -> SnowflakeRows:
        """Give the same columns in the types that Snowflake has, for somebody else to judge each value."""
        pairs = zip(self.declared.names, self.described(), strict=True)
        fields = [spark_types.StructField(name, _natural(one)) for name, one in pairs]
        return replace(self, declared=spark_types.StructType(fields))

    def arrow(self, *, where: str = "") -> Iterator[pa.Table]:
        """Read the rows, some thousands at a time, in the declared types. Cost: what the query costs in Snowflake.

        Raises:
            SourceError: A value does not fit its column.
            SchemaMismatchError: As of ``described``.
            ServingError: Snowflake refuses it, or the connection was lost on the way.
        """
        selected = ", ".join(quoted(one.name) for one in self.described())
        for batch in self.session.arrow(f"SELECT {selected} FROM {source_of(self.query)}{where}"):
            yield self._typed(batch)

    @property
    def schema(self) -> pa.Schema:
        """What ``arrow`` gives, in Arrow's types."""
        return pa.schema([(field.name, _arrow(field.dataType)) for field in self.declared.fields])

    def _typed(self, batch: pa.Table) -> pa.Table:
        columns = [
            self._cast(values, field, declared.dataType)
            for values, field, declared in zip(batch.columns, self.schema, self.declared.fields, strict=True)
        ]
        return pa.table(columns, schema=self.schema)

    def _cast(self, values: pa.ChunkedArray, field: pa.Field, declared: spark_types.DataType) -> pa.ChunkedArray:
        options = pc.CastOptions(target_type=field.type, allow_time_truncate=True)
        try:
            return pc.cast(values, options=options)
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
            raise SourceError(
                f"{self.what}: a value of {field.name} does not fit {declared.simpleString()}: {error}. "
                "Nothing of it was taken; declare a wider type, or cast the column in the query"
            ) from None


def source_of(query: str) -> str:
    """Give a table or a query as it stands behind FROM.

    Raises:
        SourceError: It is neither.
    """
    text = query.strip()
    if _NAME.fullmatch(text):
        return text
    if not _QUERY.fullmatch(text):
        raise SourceError(f"Snowflake is asked for a table or for one SELECT without a semicolon, not: {text[:60]!r}")
    # A comment at its end would hide the parenthesis.
    return f"(\n{text}\n)"


def _found(described: Sequence[Described], declared: spark_types.StructType) -> spark_types.StructType:
    types = {field.name: field.dataType for field in declared.fields}
    fields = []
    for one in described:
        wanted, natural = types.get(one.name.lower()), _natural(one)
        fits = wanted is not None and _fits(one, wanted)
        fields.append(spark_types.StructField(one.name.lower(), wanted if fits and wanted is not None else natural))
    return spark_types.StructType(fields)


def _natural(one: Described) -> spark_types.DataType:
    if one.kind == "FIXED":
        return spark_types.DecimalType(one.digits or 38, one.scale)
    return _KINDS.get(one.kind, spark_types.StringType())


def _fits(one: Described, wanted: spark_types.DataType) -> bool:
    """Whether a NUMBER may be what is declared: its digits are those that may come, each value is looked at."""
    if one.kind != "FIXED":
        return False
    return (isinstance(wanted, _WHOLE) and one.scale == 0) or (
        isinstance(wanted, spark_types.DecimalType) and one.scale <= wanted.scale
    )


def _arrow(found: spark_types.DataType) -> pa.DataType:
    made: pa.DataType = to_arrow_type(found)
    return made
