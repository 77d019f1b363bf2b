"""What must change on a live table so that it fits its contract, and what must not.

Additive changes are made: new columns and fields, widened types, comments, a new partition spec, the key, the order
inside of files, properties. Anything else would lose or break something for a reader, so it is refused with the
difference and the way out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from pyspark.sql import types as spark_types

from lakehouse.contract.columns import ColumnSpec
from lakehouse.contract.ddl import full_name, key_sql, order_sql, quote, table_properties, type_sql
from lakehouse.contract.partitioning import PartitionField, quote_name
from lakehouse.contract.table import TableSpec

_OF_THE_CATALOG = re.compile(
    r"owner|comment|provider|created-at|EXTERNAL|table_type|numFiles|numRows|totalSize|rawDataSize|uuid|location"
    r"|(previous_)?metadata_location|schema\.name-mapping\.default|transient_.*|current-.*|snapshot-count|default-.*"
)
"""Properties that say nothing of how a table is to be written."""
_WIDER = {("int", "bigint"), ("float", "double")}


@dataclass(frozen=True, kw_only=True)
class LiveTable:
    """What a catalog says of a table: columns with nullability and comments, key, partition spec, order, properties.

    ``sorted_by`` are columns, and SQL where the order is more than a contract can say.
    """

    struct: spark_types.StructType
    key: tuple[str, ...] = ()
    partitioned_by: tuple[PartitionField, ...] = ()
    sorted_by: tuple[str, ...] = ()
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
    # A contract that says nothing of these leaves them as someone has made them.
    if spec.key and set(spec.identity) != set(live.key):
        statements.append(key_sql(spec, catalog=catalog))
    if spec.sorted_by and spec.sorted_by != live.sorted_by:
        statements.append(order_sql(spec, catalog=catalog))
    drift = {k: v for k, v in table_properties(spec).items() if live.properties.get(k) != v}
    if spec.comment and spec.comment != " ".join(live.properties.get("comment", "").split()):
        drift["comment"] = spec.comment
    if drift:
        pairs = ", ".join(f"{quote(k)} = {quote(v)}" for k, v in sorted(drift.items()))
        statements.append(f"{alter} SET TBLPROPERTIES ({pairs})")
    return Evolution(statements=tuple(statements), refused=tuple(refused))


def unsaid(spec: TableSpec, live: LiveTable) -> tuple[str, ...]:
    """List what a live table has and its contract says nothing of, so that nothing changes it."""
    found = []
    if live.key and not spec.key:
        found.append(f"key: the table has {', '.join(live.key)}, the contract none")
    if live.sorted_by and not spec.sorted_by:
        found.append(f"sorted_by: the table has {', '.join(live.sorted_by)}, the contract nothing")
    found += _unsaid_comments(spec.columns, live.struct, prefix="")
    properties = unsaid_properties(live, table_properties(spec))
    return (*found, *(f"properties: the table has {k}={v}, the contract nothing" for k, v in properties.items()))


def unsaid_properties(live: LiveTable, said: Mapping[str, str]) -> dict[str, str]:
    """Give the properties of a live table that differ from what is said, without those that a catalog sets."""
    # Iceberg's own, where the order is one inside of files.
    local = {"write.distribution-mode": "none"} if live.sorted_by else {}
    found = {k: v for k, v in live.properties.items() if not _OF_THE_CATALOG.fullmatch(k)}
    return {k: v for k, v in sorted(found.items()) if {**local, **said}.get(k) != v}


def _unsaid_comments(columns: tuple[ColumnSpec, ...], live: spark_types.StructType, *, prefix: str) -> Iterator[str]:
    by_name = {f.name: f for f in live.fields}
    for column in columns:
        there = by_name.get(column.name)
        if there is None:
            continue
        said = (there.metadata or {}).get("comment", "")
        if said and not column.comment:
            yield f"{prefix}{column.name}: the table says {said!r}, the contract nothing"
        if column.fields and isinstance(there.dataType, spark_types.StructType):
            yield from _unsaid_comments(column.fields, there.dataType, prefix=f"{prefix}{column.name}.")


_Change = tuple[bool, str]


def _struct_changes(
    columns: tuple[ColumnSpec, ...], live: spark_types.StructType, *, prefix: str, alter: str
) -> Iterator[_Change]:
    by_name = {f.name: f for f in live.fields}
    spelt = {name.lower(): name for name in by_name}
    for column in columns:
        path = prefix + column.name
        if spelt.get(column.name, column.name) != column.name:
            yield True, _spelt_otherwise(column.name, spelt[column.name], prefix=prefix, alter=alter)
        elif column.name not in by_name:
            yield _added(column, path=path, alter=alter)
        else:
            yield from _column_changes(column, by_name[column.name], path=path, alter=alter)
    declared = {c.name for c in columns}
    for name in by_name:
        if name.lower() not in declared:
            path = prefix + name
            todo = f"add it there, or {alter} DROP COLUMN {quote_name(path)}"
            yield True, f"{path}: in the table, not in the contract; {todo}"


def _spelt_otherwise(declared: str, found: str, *, prefix: str, alter: str) -> str:
    # Spark takes the two for one column, so it would rename nothing unless it is told that they differ.
    rename = f"{alter} RENAME COLUMN {quote_name(prefix + found)} TO {quote_name(declared)}"
    return (
        f"{prefix}{declared}: in the table it is spelt {found!r}, and Glue and Athena know lower case alone; "
        f"SET spark.sql.caseSensitive = true, then {rename}"
    )


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
