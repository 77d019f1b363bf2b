"""The contract of a live table as Python: a module that declares what the catalog says of it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import groupby

from pyspark.sql import types as spark_types

from lakehouse.contract.columns import schema_columns
from lakehouse.contract.ddl import DEFAULT_PROPERTIES, STREAM_PROPERTIES
from lakehouse.contract.evolution import LiveTable, unsaid_properties
from lakehouse.contract.kafka_record import KafkaRecord
from lakehouse.contract.python_names import class_name, nameable, why_unnamed
from lakehouse.contract.python_text import (
    Code,
    Group,
    Text,
    comment,
    docstring,
    from_import,
    laid_out,
    literal,
    strings,
)
from lakehouse.contract.schema import Schema
from lakehouse.contract.scored import Scored
from lakehouse.contract.table import NAME
from lakehouse.errors import ContractError

TYPE_NAMES = {
    "string": "StringType", "boolean": "BooleanType", "tinyint": "ByteType", "smallint": "ShortType",
    "int": "IntegerType", "bigint": "LongType", "float": "FloatType", "double": "DoubleType", "date": "DateType",
    "timestamp": "TimestampType", "timestamp_ntz": "TimestampNTZType", "binary": "BinaryType",
}  # fmt: skip
"""Type of Spark SQL → its class."""
_OURS = ("Column", "KafkaRecord", "Schema", "Scored", "StructType", "doc", "required", "table")
_MODULES = {
    "Annotated": "typing", "Literal": "typing",
    "ArrayType": "lakehouse.contract", "DecimalType": "lakehouse.contract", "MapType": "lakehouse.contract",
    **dict.fromkeys(_OURS, "lakehouse"),
    **dict.fromkeys(TYPE_NAMES.values(), "pyspark.sql.types"),
}  # fmt: skip
"""What a contract is written with, and where it is imported from."""
_UNIT = re.compile(r"(.+) \[([^\[\]]+)\]", re.DOTALL)


@dataclass(frozen=True, kw_only=True)
class Source:
    """A module, the name of the table's class in it, and what of the table could not be declared, with the reasons."""

    text: str
    table_class: str
    left_out: tuple[str, ...] = ()


def contract_source(live: LiveTable, *, name: str, external: bool) -> Source:
    """Write the contract of a live table: columns, docs with units, key, partitioning, order, properties.

    What a contract has no words for stands in it as a comment, with the way out.

    Args:
        external: Whether something else than a build or stream of this lake fills it.

    Raises:
        ContractError: A contract cannot have the name of the table.
    """
    if not NAME.fullmatch(name):
        todo = "it is namespace.table, lower case: rename the table in its catalog first"
        raise ContractError(f"{name} cannot be the name of a contract; {todo}")
    return _Module(live=live, name=name, external=external).written()


def declarable(struct: spark_types.StructType) -> spark_types.StructType:
    """Give the columns of a table, and fields of its structs, that a contract can declare."""
    fields = (one for one in struct.fields if not why_unnamed(one.name) and not _why_undeclared(one.dataType))
    return spark_types.StructType(
        [
            spark_types.StructField(
                one.name,
                declarable(one.dataType) if isinstance(one.dataType, spark_types.StructType) else one.dataType,
                one.nullable,
                one.metadata,
            )
            for one in fields
        ]
    )


@dataclass(kw_only=True)
class _Module:
    """A module as it is written: classes of structs, names that are imported, what was left out."""

    live: LiveTable
    name: str
    external: bool
    structs: list[str] = field(default_factory=list)
    imports: set[str] = field(default_factory=lambda: {"Column", "table"})
    left_out: list[str] = field(default_factory=list)

    @cached_property
    def columns(self) -> set[str]:
        """Names of all columns and fields: inside of a class they hide what the module calls so."""
        return set(_names_in(self.live.struct))

    @cached_property
    def taken(self) -> set[str]:
        return {*_MODULES, *self.columns}

    def written(self) -> Source:
        bases, own = _bases_of(self.live.struct)
        name = self._named(self.name.split("."))
        columns = [line for one in self._declarable(own) for line in self._column(one)]
        base = [one.__name__ for one in bases] or ["Schema"]
        self.imports.update(base)
        head = self._declaration(bases)
        said = self.live.properties.get("comment", "")
        what = docstring(said, indent=4) if said.strip() else comment("Say in a docstring what a row is.")
        body = ["", *columns] if columns else [] if said.strip() else ["    pass"]
        table = [*head, f"class {name}({', '.join(base)}):", *what, *body]
        if self.left_out:
            table += ["", *comment("Not declared here:")]
            table += [line for one in self.left_out for line in comment(f"- {one}")]
        top = [f'"""The contract of {self.name}, written from the table in the catalog."""', ""]
        lines = [*top, "from __future__ import annotations", "", *self._imported(), "", "", *self.structs, *table]
        return Source(text="\n".join([*lines, ""]), table_class=name, left_out=tuple(self.left_out))

    def _named(self, path: Sequence[str]) -> str:
        name = class_name(path, self.taken)
        self.taken.add(name)
        return name

    def _imported(self) -> Iterator[str]:
        found = sorted((_MODULES[one] != "typing", _MODULES[one], one) for one in self.imports)
        for (_, module), group in groupby(found, key=lambda one: one[:2]):
            names = sorted((name for *_, name in group), key=lambda one: (one.islower(), one))
            yield from from_import(module, [one for one in names if self._mark(one) == one])
            yield from (f"from {module} import {one} as {self._mark(one)}" for one in names if self._mark(one) != one)
            if module == "typing":
                yield ""

    def _mark(self, name: str) -> str:
        """Give the name under which ``doc`` or ``required`` is imported."""
        while name.startswith(("doc", "required")) and name in self.columns:
            name += "_"
        return name

    def _declarable(
        self, fields: Sequence[spark_types.StructField], path: tuple[str, ...] = (), *, lower: bool = True
    ) -> list[spark_types.StructField]:
        """Give the columns, or fields of a struct, that can be attributes of a class, and note the others."""
        found = []
        for one in fields:
            why = why_unnamed(one.name, lower=lower) or _why_undeclared(one.dataType)
            if not why:
                found.append(one)
                continue
            todo = f"rename it, such as to {nameable(one.name, (f.name for f in fields))}, and import the table again"
            shown = ".".join((*path, one.name))
            self.left_out.append(f"{shown} ({one.dataType.simpleString()}): {why}; {todo}")
        return found

    def _column(self, one: spark_types.StructField, path: tuple[str, ...] = (), *, lower: bool = True) -> list[str]:
        marks: list[Code] = []
        if not path and not one.nullable and one.name not in self.live.key:
            self.imports.add("required")
            marks.append(self._mark("required"))
        if said := (one.metadata or {}).get("comment", ""):
            self.imports.add("doc")
            unit = _UNIT.fullmatch(said)
            parts: tuple[Code, ...] = (Text(unit[1]), f"unit={literal(unit[2])}") if unit else (Text(said),)
            marks.append(Group(f"{self._mark('doc')}(", parts, ")"))
        type_ = f"Column[{self._type(one.dataType, (*path, one.name), lower=lower)}]"
        # Linters take it for a digit.
        after = "  # noqa: E741" if one.name == "l" else ""
        if not marks:
            return [f"    {one.name}: {type_}{after}"]
        self.imports.add("Annotated")
        first, *more = laid_out(Group("Annotated[", (type_, *marks), "]"), before=f"{one.name}: ", indent=4)
        return [f"{first}{after}", *more]

    def _type(self, found: spark_types.DataType, path: tuple[str, ...], *, lower: bool = False) -> str:
        """Write a type. Fields in arrays and maps may have capitals, as ``_why_undeclared`` lets them."""
        if isinstance(found, spark_types.StructType):
            return self._using("StructType", f"StructType[{self._struct(found, path, lower=lower)}]")
        if isinstance(found, spark_types.ArrayType):
            return self._using("ArrayType", f"ArrayType[{self._type(found.elementType, path)}]")
        if isinstance(found, spark_types.MapType):
            key, value = self._type(found.keyType, (*path, "key")), self._type(found.valueType, path)
            return self._using("MapType", f"MapType[{key}, {value}]")
        if isinstance(found, spark_types.DecimalType):
            self.imports.add("Literal")
            return self._using("DecimalType", f"DecimalType[Literal[{found.precision}], Literal[{found.scale}]]")
        return self._using(TYPE_NAMES[found.simpleString()], TYPE_NAMES[found.simpleString()])

    def _using(self, name: str, code: str) -> str:
        self.imports.add(name)
        return code

    def _struct(self, found: spark_types.StructType, path: tuple[str, ...], *, lower: bool) -> str:
        """Write the class of a struct, before those that name it."""
        name = self._named((self.name.split(".")[1], *path))
        declared = self._declarable(found.fields, path, lower=lower)
        columns = [line for one in declared for line in self._column(one, path, lower=lower)]
        what = docstring(f"Field ``{'.'.join(path)}`` of {self.name}.", indent=4)
        self.structs += [f"class {name}({self._using('Schema', 'Schema')}):", *what, "", *columns, "", ""]
        return name

    def _declaration(self, bases: Sequence[type[Schema]]) -> list[str]:
        """Write ``@table(…)``; what cannot be said in it is noted."""
        live = self.live
        code: list[Code] = [literal(self.name)]
        partitioned = [one.sql.replace("`", "") for one in live.partitioned_by]
        for keyword, texts, columns in (
            ("key", live.key, live.key),
            ("partitioned_by", partitioned, [one.column for one in live.partitioned_by]),
            ("sorted_by", live.sorted_by, live.sorted_by),
        ):
            if any(self._undeclared(one, nested=keyword != "key") for one in columns):
                self.left_out.append(f"{keyword}: in the table it is {', '.join(texts)}, which cannot be said here")
            elif texts:
                code.append(strings(texts, before=f"{keyword}="))
        implied = {**DEFAULT_PROPERTIES, **(STREAM_PROPERTIES if KafkaRecord in bases else {})}
        if properties := unsaid_properties(live, implied):
            shown = tuple(f"{literal(key)}: {literal(value)}" for key, value in properties.items())
            code.append(Group("properties={", shown, "}"))
        if not self.external:
            return laid_out(Group("@table(", tuple(code), ")"))
        why = "# external: no build or stream of this library has filled it; take it away once one does."
        return [why, *laid_out(Group("@table(", (*code, "external=True"), ")"))]

    def _undeclared(self, column: str, *, nested: bool) -> bool:
        """Tell whether a column that the table names elsewhere is none of the contract."""
        path = column.split(".")
        left_out = {one.split(" (")[0] for one in self.left_out}
        gone = any(".".join(path[:end]) in left_out for end in range(1, len(path) + 1))
        return gone or (len(path) > 1 and not nested) or not all(one in self.columns for one in path)


def _bases_of(struct: spark_types.StructType) -> tuple[list[type[Schema]], list[spark_types.StructField]]:
    """Give the bases that declare some of the columns, and the other columns.

    Those of a Kafka record stand first, those of scores last, as they do in a table that a contract has made.
    """
    bases: list[type[Schema]] = []
    own = list(struct.fields)
    record, scored = len(KafkaRecord.all_column_names()), len(Scored.all_column_names())
    if _are(KafkaRecord, own[:record]):
        bases, own = [*bases, KafkaRecord], own[record:]
    if _are(Scored, own[-scored:]):
        bases, own = [*bases, Scored], own[:-scored]
    return bases, own


def _are(base: type[Schema], fields: Sequence[spark_types.StructField]) -> bool:
    """Tell whether columns are those that a base declares."""
    declared = [(c.name, c.type.simpleString(), not c.required, c.comment) for c in schema_columns(base)]
    return declared == [
        (f.name, f.dataType.simpleString(), f.nullable, (f.metadata or {}).get("comment", "")) for f in fields
    ]


def _names_in(found: spark_types.DataType) -> Iterator[str]:
    if isinstance(found, spark_types.StructType):
        for one in found.fields:
            yield one.name
            yield from _names_in(one.dataType)
    elif isinstance(found, spark_types.ArrayType):
        yield from _names_in(found.elementType)
    elif isinstance(found, spark_types.MapType):
        yield from _names_in(found.keyType)
        yield from _names_in(found.valueType)


def _why_undeclared(found: spark_types.DataType) -> str:
    """Say why a type cannot be declared; empty where it can.

    A struct may be declared without some of its fields, but not one in an array or a map.
    """
    if isinstance(found, spark_types.StructType):
        named = (one for one in found.fields if not why_unnamed(one.name) and not _why_undeclared(one.dataType))
        return "" if next(named, None) else "none of its fields can be declared"
    if isinstance(found, spark_types.ArrayType | spark_types.MapType):
        return next(
            (f"{name} in it: {why}" for name in _names_in(found) if (why := why_unnamed(name, lower=False))), ""
        )
    return ""
