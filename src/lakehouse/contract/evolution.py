"""What must change on a live table so that it fits its contract, and what must not.

Additive changes are made: new columns and fields, widened types, comments, a new partition spec, properties. Anything
else would lose or break something for a reader, so it is refused with the difference and the way out.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from pyspark.sql import types as spark_types

from lakehouse.contract.columns import ColumnSpec
from lakehouse.contract.ddl import full_name, quote, table_properties, type_sql
from lakehouse.contract.partitioning import PartitionField, quote_name
from lakehouse.contract.table import TableSpec

_WIDER = {("int", "bigint"), ("float", "double")}


@dataclass(frozen=True, kw_only=True)
class LiveTable:
    """What a catalog says of a table: columns with nullability and comments, partition spec, properties."""

    struct: spark_types.StructType
    partitioned_by: tuple[PartitionField, ...] = ()
    properties: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Evolution:
    """Statements that make a live table fit, and the differences that no statement may mend."""

    statements: tuple[str, ...] = ()
    refused: tuple[str, ...] = ()


def evolve(spec: TableSpec, live: LiveTable, *, catalog: str) -> Evolution:
    """Compare a contract with the live table. Costs nothing: neither data nor catalog is read."""
    alter = f"ALTER TABLE {full_name(spec, catalog=catalog)}"
    found = list(_struct_changes(spec.columns, live.struct, prefix="", alter=alter))
    statements = [text for refused, text in found if not refused]
    refused = [text for is_refused, text in found if is_refused]
    statements += _partition_changes(spec, live, alter=alter)
    drift = {k: v for k, v in table_properties(spec).items() if live.properties.get(k) != v}
    if drift:
        pairs = ", ".join(f"{quote(k)} = {quote(v)}" for k, v in sorted(drift.items()))
        statements.append(f"{alter} SET TBLPROPERTIES ({pairs})")
    return Evolution(statements=tuple(statements), refused=tuple(refused))


_Change = tuple[bool, str]


def _struct_changes(
    columns: tuple[ColumnSpec, ...], live: spark_types.StructType, *, prefix: str, alter: str
) -> Iterator[_Change]:
    by_name = {f.name: f for f in live.fields}
    for column in columns:
        path = prefix + column.name
        if column.name not in by_name:
            yield _added(column, path=path, alter=alter)
        else:
            yield from _column_changes(column, by_name[column.name], path=path, alter=alter)
    declared = {c.name for c in columns}
    for name in by_name:
        if name not in declared:
            path = prefix + name
            todo = f"add it there, or {alter} DROP COLUMN {quote_name(path)}"
            yield True, f"{path}: in the table, not in the contract; {todo}"


def _added(column: ColumnSpec, *, path: str, alter: str) -> _Change:
    if column.required:
        return True, f"{path}: declared required, but the rows that are there have no value; declare it optional first"
    comment = f" COMMENT {quote(column.comment)}" if column.comment else ""
    return False, f"{alter} ADD COLUMN {quote_name(path)} {type_sql(column.type, column.fields)}{comment}"


def _column_changes(column: ColumnSpec, live: spark_types.StructField, *, path: str, alter: str) -> Iterator[_Change]:
    if column.fields and isinstance(live.dataType, spark_types.StructType):
        yield from _struct_changes(column.fields, live.dataType, prefix=f"{path}.", alter=alter)
    elif not _same(column.type, live.dataType):
        declared, found = column.type.simpleString(), live.dataType.simpleString()
        if _widens(live.dataType, column.type):
            yield False, f"{alter} ALTER COLUMN {quote_name(path)} TYPE {type_sql(column.type)}"
        else:
            yield (
                True,
                (
                    f"{path}: declared {declared}, found {found}; this cannot be changed in place: "
                    f"declare {found}, or add a new column and fill it"
                ),
            )
    if "." not in path and column.required and live.nullable:
        yield True, f"{path}: declared required, found optional; rows without it may exist: declare it optional"
    if "." not in path and not column.required and not live.nullable:
        yield False, f"{alter} ALTER COLUMN {quote_name(path)} DROP NOT NULL"
    if column.comment and column.comment != (live.metadata or {}).get("comment", ""):
        yield False, f"{alter} ALTER COLUMN {quote_name(path)} COMMENT {quote(column.comment)}"


def _same(declared: spark_types.DataType, found: spark_types.DataType) -> bool:
    return declared.simpleString() == found.simpleString()


def _widens(old: spark_types.DataType, new: spark_types.DataType) -> bool:
    if isinstance(old, spark_types.DecimalType) and isinstance(new, spark_types.DecimalType):
        return new.scale == old.scale and new.precision > old.precision
    return (old.simpleString(), new.simpleString()) in _WIDER


def _partition_changes(spec: TableSpec, live: LiveTable, *, alter: str) -> list[str]:
    old, new = set(live.partitioned_by), set(spec.partitioned_by)
    dropped = [f for f in live.partitioned_by if f not in new]
    added = [f for f in spec.partitioned_by if f not in old]
    return [f"{alter} DROP PARTITION FIELD {f.sql}" for f in dropped] + [
        f"{alter} ADD PARTITION FIELD {f.sql}" for f in added
    ]
