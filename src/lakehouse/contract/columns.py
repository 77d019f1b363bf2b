"""One column of a contract, as data: type, meaning, privacy, and the marks that others read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, get_args, get_origin, get_type_hints

from pyspark.sql import types as spark_types
from typedspark import StructType as TypedStruct
from typedspark._schema.structfield import get_structfield

from lakehouse.contract.marks import AddedLater, Doc, Generated, Pii, Required
from lakehouse.contract.schema import Schema
from lakehouse.errors import ContractError


@dataclass(frozen=True, kw_only=True)
class ColumnSpec:
    """A column or a field of a struct.

    ``required`` is ``NOT NULL`` in the table; ``marks`` are all that stood in the annotation, rules included;
    ``fields`` are those of a struct.
    """

    name: str
    type: spark_types.DataType
    doc: Doc | None = None
    required: bool = False
    generated: bool = False
    pii: Pii | None = None
    marks: tuple[object, ...] = ()
    fields: tuple[ColumnSpec, ...] = ()

    @property
    def added_later(self) -> bool:
        """Whether rows from before it came are null in it."""
        return any(isinstance(mark, AddedLater) for mark in self.marks)

    @property
    def comment(self) -> str:
        """The text for catalogs; empty when nothing was said."""
        return self.doc.comment if self.doc else ""

    def paths(self, prefix: str = "") -> Iterator[str]:
        """Give the dotted name of this column and of all inside of it."""
        for path, _ in self.walk(prefix):
            yield path

    def walk(self, prefix: str = "") -> Iterator[tuple[str, ColumnSpec]]:
        """Give this column and all inside of it, each with its dotted name, parents first."""
        yield prefix + self.name, self
        for inner in self.fields:
            yield from inner.walk(f"{prefix}{self.name}.")


def column_specs(hints: Mapping[str, Any], *, where: str, key: tuple[str, ...] = ()) -> tuple[ColumnSpec, ...]:
    """Read the annotations of a schema.

    Raises:
        ContractError: An annotation is not ``Column[…]``, or a name is not lower case.
    """
    return tuple(_column(name, hint, where=where, is_key=name in key) for name, hint in hints.items())


def schema_columns(schema: type[Schema]) -> tuple[ColumnSpec, ...]:
    """Read the columns that a schema declares, be it a table or not."""
    return column_specs(get_type_hints(schema, include_extras=True), where=schema.get_schema_name())


def _column(name: str, hint: Any, *, where: str, is_key: bool = False) -> ColumnSpec:
    if name != name.lower():
        raise ContractError(f"{where}.{name}: column names are lower case, Glue and Athena know nothing else")
    marks = get_args(hint)[1:] if get_origin(hint) is Annotated else ()
    try:
        data_type = get_structfield(name, hint).dataType
    except TypeError as error:
        raise ContractError(f"{where}.{name}: {error} Write Column[StringType] or Annotated[Column[…], …].") from error
    return ColumnSpec(
        name=name,
        type=data_type,
        doc=next((mark for mark in marks if isinstance(mark, Doc)), None),
        required=is_key or any(isinstance(mark, Required) for mark in marks),
        generated=any(isinstance(mark, Generated) for mark in marks),
        pii=next((mark for mark in marks if isinstance(mark, Pii)), None),
        marks=tuple(marks),
        fields=_fields(hint, where=f"{where}.{name}"),
    )


def _fields(hint: Any, *, where: str) -> tuple[ColumnSpec, ...]:
    column = get_args(hint)[0] if get_origin(hint) is Annotated else hint
    inner = get_args(column)[0]
    if get_origin(inner) is not TypedStruct:
        return ()
    return column_specs(get_type_hints(get_args(inner)[0], include_extras=True), where=where)
