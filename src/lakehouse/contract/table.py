"""``@table``: the name, key and layout of a table, beside its columns."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, get_type_hints

from pyspark.sql import types as spark_types

from lakehouse.contract.columns import ColumnSpec, column_specs
from lakehouse.contract.event_time import EventTime, EventTimed, check_event_time
from lakehouse.contract.partitioning import PartitionField, parse_partition_field
from lakehouse.contract.schema import Schema, SchemaT
from lakehouse.contract.scored import Scored
from lakehouse.contract.upkeep import Upkeep
from lakehouse.contract.versions import VALID_FROM, Scd2, Versioned, check_history
from lakehouse.errors import ContractError

_FILLED = [name for base in (Versioned, EventTimed, Scored) for name in vars(base)["__annotations__"]]
"""Columns that the library adds to a table stand behind its own."""
NAME = re.compile(r"[a-z][a-z0-9_]*\.[a-z][a-z0-9_]*")
"""Of a table: ``namespace.table``."""


@dataclass(frozen=True, kw_only=True)
class TableSpec:
    """All that a contract says of a table, as data; everything else is derived from it."""

    schema: type[Schema]
    name: str
    columns: tuple[ColumnSpec, ...]
    key: tuple[str, ...] = ()
    newest_by: tuple[str, ...] = ()
    deleted_by: str = ""
    partitioned_by: tuple[PartitionField, ...] = ()
    sorted_by: tuple[str, ...] = ()
    properties: Mapping[str, str] = field(default_factory=dict)
    rules: tuple[object, ...] = ()
    comment: str = ""
    external: bool = False
    upkeep: Upkeep = field(default_factory=Upkeep)
    history: Scd2 | None = None
    event_time: EventTime | None = None

    @property
    def identity(self) -> tuple[str, ...]:
        """Columns that no two rows share: the key, and of versions of a row the instant from which each holds."""
        return (*self.key, VALID_FROM) if self.history else self.key

    @property
    def namespace(self) -> str:
        """The layer or database: ``silver`` of ``silver.users``."""
        return self.name.split(".")[0]

    @property
    def struct(self) -> spark_types.StructType:
        """The Spark type of a row, without comments."""
        return spark_types.StructType([spark_types.StructField(c.name, c.type, True) for c in self.columns])

    @property
    def generated(self) -> tuple[str, ...]:
        """Columns that the library fills when it writes."""
        return tuple(c.name for c in self.columns if c.generated)

    def column(self, name: str) -> ColumnSpec:
        """Give a top-level column by its name."""
        return next(c for c in self.columns if c.name == name)


def table(
    name: str,
    *,
    key: Sequence[str] = (),
    newest_by: Sequence[str] = (),
    deleted_by: str = "",
    partitioned_by: Sequence[str] = (),
    sorted_by: Sequence[str] = (),
    properties: Mapping[str, str] | None = None,
    rules: Sequence[object] = (),
    external: bool = False,
    upkeep: Upkeep | None = None,
    history: Scd2 | None = None,
    event_time: EventTime | None = None,
) -> Callable[[type[SchemaT]], type[SchemaT]]:
    """Declare that a ``Schema`` is a table.

    Args:
        name: ``namespace.table``, lower case: Glue and Athena know nothing else.
        key: Columns that identify a row; they become ``NOT NULL``.
        newest_by: Columns by which, of two rows with one key, the newer is known; compared left to right.
        deleted_by: SQL over a row that says that its key was deleted, such as ``"op = 'd'"``. Where such a row is the
            newest of its key it stays in the table, but builds, scores and ``read`` do not see it.
        partitioned_by: ``"country"``, ``"days(ordered_at)"``, ``"bucket(16, user_id)"``, ``"truncate(4, code)"``.
        sorted_by: Columns by which rows are sorted inside of a file.
        properties: Iceberg table properties, over the library's defaults.
        rules: Rules of the whole row or table, beside those on columns.
        external: Filled by something else than a build or a stream of this lake.
        upkeep: When ``lakehouse maintain`` writes its files anew and lets its snapshots expire.
        history: Keep each version of a row, with the instants between which it held; ``key`` is that of the row.
        event_time: Of a stream: which field says when a message happened, and what becomes of one that comes late.

    Raises:
        ContractError: The name is not of that form, or a key, partition or sort column is not declared.
    """

    def declare(schema: type[SchemaT]) -> type[SchemaT]:
        if not NAME.fullmatch(name):
            raise ContractError(f"@table({name!r}) on {schema.__name__}: the name must be namespace.table, lower case")
        try:
            hints = get_type_hints(schema, include_extras=True)
        except NameError as error:
            todo = "annotations are read with the names of their module, not with those of a function"
            raise ContractError(f"@table({name!r}) on {schema.__name__}: {error}; {todo}") from error
        own_first = sorted(hints.items(), key=lambda hint: _FILLED.index(hint[0]) if hint[0] in _FILLED else -1)
        spec = TableSpec(
            schema=schema,
            name=name,
            columns=column_specs(dict(own_first), where=name, key=tuple(key)),
            key=tuple(key),
            newest_by=tuple(newest_by),
            deleted_by=deleted_by,
            partitioned_by=tuple(parse_partition_field(text) for text in partitioned_by),
            sorted_by=tuple(sorted_by),
            properties=dict(properties or {}),
            rules=tuple(rules),
            comment=" ".join((schema.__doc__ or "").split()),
            external=external,
            upkeep=upkeep if upkeep is not None else Upkeep(),
            history=history,
            event_time=event_time,
        )
        _check_columns_exist(spec)
        schema.__table__ = spec  # type: ignore[attr-defined]
        return schema

    return declare


def spec_of(schema: type[Schema]) -> TableSpec:
    """Give the spec of a schema declared with ``@table``.

    Raises:
        ContractError: It was not declared with ``@table``.
    """
    spec: Any = vars(schema).get("__table__")
    if not isinstance(spec, TableSpec):
        raise ContractError(f"{schema.__module__}.{schema.__name__} is no table: put @table('namespace.name') above it")
    return spec


def is_table(schema: object) -> bool:
    """Tell whether a class was declared with ``@table``; a subclass of a table is not one."""
    return isinstance(schema, type) and isinstance(vars(schema).get("__table__"), TableSpec)


def _check_columns_exist(spec: TableSpec) -> None:
    named = {
        "key": spec.key,
        "newest_by": spec.newest_by,
        "partitioned_by": tuple(f.column for f in spec.partitioned_by),
        "sorted_by": spec.sorted_by,
    }
    if spec.deleted_by and not (spec.key and spec.newest_by):
        raise ContractError(
            f"table {spec.name}: deleted_by needs key=(…) and newest_by=(…), else no change is the newest"
        )
    if spec.history:
        check_history(
            spec.history,
            spec.schema,
            where=f"table {spec.name}",
            columns=spec.struct.names,
            key=spec.key,
            ordered=bool(spec.newest_by),
        )
    check_event_time(spec.event_time, spec.schema, where=f"table {spec.name}", columns=spec.columns)
    declared = {path for column in spec.columns for path in column.paths()}
    top = {column.name for column in spec.columns}
    # A key is NOT NULL, which a field of a struct never is; and rows are merged by columns.
    missing = [
        f"{where} names {c!r}"
        for where, columns in named.items()
        for c in columns
        if c not in (top if where in {"key", "newest_by"} else declared)
    ]
    if missing:
        raise ContractError(f"table {spec.name}: {'; '.join(missing)}, which is not a column of it")
