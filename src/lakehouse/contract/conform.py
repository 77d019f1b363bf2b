"""Make a DataFrame fit its contract, or say every reason why it does not."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from typing import TypeGuard

from pyspark.sql import Column as SparkColumn
from pyspark.sql import DataFrame
from pyspark.sql import functions as F
from pyspark.sql import types as spark_types
from typedspark import DataSet

from lakehouse.contract.schema import Schema, SchemaT
from lakehouse.contract.table import TableSpec, is_table, spec_of
from lakehouse.errors import SchemaMismatchError

_SAFE = {
    ("tinyint", "smallint"), ("tinyint", "int"), ("tinyint", "bigint"), ("smallint", "int"), ("smallint", "bigint"),
    ("int", "bigint"), ("float", "double"), ("void", "*"), ("varchar", "string"), ("char", "string"),
}  # fmt: skip


def conform(df: DataFrame, schema: type[SchemaT], *, absent_as_null: bool = False) -> DataSet[SchemaT]:
    """Select the declared columns in order, and widen types where no value can be lost.

    Rows: unchanged. Columns: those of ``schema``; others are left out; columns that the library fills may be missing
    and are null until the table is written. Cost: a projection; structs are rebuilt only where their fields differ.
    None where the columns are the declared ones already.

    Args:
        absent_as_null: Take a missing column or field as null, as when a table is read as it was before it was added.

    Raises:
        SchemaMismatchError: A column is missing or has another type; all differences are listed at once.
    """
    declared, found = _declared(schema), df.schema
    require_fit(df, schema, absent_as_null=absent_as_null)
    if found.simpleString() == declared.simpleString():
        # A DataSet changes the DataFrame that it is made of, which may be someone else's.
        return df if _is_of(df, schema) else DataSet[schema](df.select("*"))  # type: ignore[valid-type]
    types = {f.name: f.dataType for f in found.fields}
    columns = [_fit(F.col(f"`{f.name}`"), types.get(f.name), f.dataType).alias(f.name) for f in declared.fields]
    return DataSet[schema](df.select(*columns))  # type: ignore[valid-type]


def require_fit(df: DataFrame, schema: type[SchemaT], *, absent_as_null: bool = False) -> None:
    """Make sure that ``conform`` would make a DataFrame fit its contract. Cost: its schema is asked for.

    Raises:
        SchemaMismatchError: It would not; all differences are listed at once.
    """
    if wrong := mismatches(df.schema, schema, absent_as_null=absent_as_null):
        name = spec_of(schema).name if is_table(schema) else schema.get_schema_name()
        raise SchemaMismatchError(table=name, differences=wrong)


def mismatches(found: spark_types.StructType, schema: type[Schema], *, absent_as_null: bool = False) -> tuple[str, ...]:
    """List why ``conform`` would refuse rows of some columns; empty when it would not."""
    optional = None if absent_as_null else spec_of(schema).generated if is_table(schema) else ()
    return tuple(_differences(_declared(schema), found, prefix="", optional=optional))


def struct_mismatches(found: spark_types.StructType, declared: spark_types.StructType) -> tuple[str, ...]:
    """List what of one struct does not fit another, which is declared; empty when all of it fits."""
    return tuple(_differences(declared, found, prefix=""))


def _declared(schema: type[Schema]) -> spark_types.StructType:
    return spec_of(schema).struct if is_table(schema) else schema.get_structtype()


def _is_of(df: DataFrame, schema: type[SchemaT]) -> TypeGuard[DataSet[SchemaT]]:
    return isinstance(df, DataSet) and df.typedspark_schema is schema


def empty_row_struct(spec: TableSpec) -> spark_types.StructType:
    """Give the columns that a build has to make: all but those that the library fills."""
    return spark_types.StructType([f for f in spec.struct.fields if f.name not in spec.generated])


def _differences(
    declared: spark_types.StructType,
    found: spark_types.StructType,
    *,
    prefix: str,
    optional: tuple[str, ...] | None = (),
) -> Iterator[str]:
    """List what does not fit; ``optional`` names the columns that may be missing, None allows all to be."""
    types = {f.name: f.dataType for f in found.fields}
    inner = None if optional is None else ()
    spare = sorted(types.keys() - {f.name for f in declared.fields})
    for field in declared.fields:
        path = prefix + field.name
        if field.name not in types:
            if optional is not None and field.name not in optional:
                near = difflib.get_close_matches(field.name, spare, n=1)
                yield f"{path}: missing" + (f" (found {prefix}{near[0]})" if near else "")
            continue
        live = types[field.name]
        if isinstance(field.dataType, spark_types.StructType) and isinstance(live, spark_types.StructType):
            yield from _differences(field.dataType, live, prefix=f"{path}.", optional=inner)
        elif not _fits(live, field.dataType):
            yield f"{path}: declared {field.dataType.simpleString()}, found {live.simpleString()}"


def _fits(found: spark_types.DataType, declared: spark_types.DataType) -> bool:
    pair = (found.simpleString().split("(")[0], declared.simpleString())
    if found.simpleString() == declared.simpleString() or pair in _SAFE or (pair[0], "*") in _SAFE:
        return True
    if isinstance(found, spark_types.DecimalType) and isinstance(declared, spark_types.DecimalType):
        whole = found.precision - found.scale, declared.precision - declared.scale
        return found.scale <= declared.scale and whole[0] <= whole[1]
    return False


def _fit(column: SparkColumn, found: spark_types.DataType | None, declared: spark_types.DataType) -> SparkColumn:
    if found is None:
        return F.lit(None).cast(declared)
    if found.simpleString() == declared.simpleString():
        return column
    if isinstance(found, spark_types.StructType) and isinstance(declared, spark_types.StructType):
        types = {f.name: f.dataType for f in found.fields}
        fields = [
            _fit(column[f.name] if f.name in types else column, types.get(f.name), f.dataType).alias(f.name)
            for f in declared.fields
        ]
        return F.when(column.isNotNull(), F.struct(*fields))
    return column.cast(declared)
