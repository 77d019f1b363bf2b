"""Suggested rules as code: lines to paste into the class of a contract."""

from __future__ import annotations

import ast
import inspect
import keyword
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from enum import Enum
from itertools import groupby

from lakehouse.contract.python_source import TYPE_NAMES
from lakehouse.contract.python_text import literal
from lakehouse.quality.rule import Col, Rule
from lakehouse.quality.table_rule import TableRule

_MODULES = {
    "UTC": "datetime", "date": "datetime", "datetime": "datetime", "timedelta": "datetime", "Decimal": "decimal",
    "Literal": "typing", "ArrayType": "lakehouse.contract", "DecimalType": "lakehouse.contract",
    "MapType": "lakehouse.contract", "Col": "lakehouse.quality", "Severity": "lakehouse.quality",
}  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Suggestion:
    """A rule for a column, and what in the profile speaks for it. ``type`` is that of the column in Spark SQL."""

    column: str
    type: str
    rule: Rule
    evidence: str


def code(suggestions: Sequence[Suggestion]) -> str:
    """Write suggestions as lines for the class of a contract, each with its evidence.

    What is needed above the class stands before them as comments: imports, and rules of the whole table. So do columns
    that cannot be written as an annotation, such as structs, whose class is not known here.
    """
    if not suggestions:
        return ""
    whole = [one for one in suggestions if isinstance(one.rule, TableRule)]
    marks = [one for one in suggestions if not isinstance(one.rule, TableRule)]
    tables = [f"    # in @table(…, rules=(…)): {source_of(one.rule)},  # {one.evidence}" for one in whole]
    columns = [_line(list(group)) for _, group in groupby(marks, key=lambda one: (one.column, one.type))]
    return "\n".join([*_imports(suggestions), *tables, *columns, ""])


def source_of(rule: Rule) -> str:
    """Write a rule as the code that makes it, without arguments that have their default."""
    given = [one for one in inspect.signature(type(rule)).parameters.values() if one.kind is not one.VAR_KEYWORD]
    splat = [value for one in given if one.kind is one.VAR_POSITIONAL for value in getattr(rule, one.name)]
    plain = [getattr(rule, one.name) for one in given if one.kind is one.POSITIONAL_OR_KEYWORD]
    must = {
        one.name: getattr(rule, one.name) for one in given if one.kind is one.KEYWORD_ONLY and one.default is one.empty
    }
    # Held against a rule with the same needed arguments: a class may have other defaults than its base.
    bare = type(rule)(*plain, *splat, **must)
    differ = [f.name for f in fields(rule) if f.name in must or getattr(rule, f.name) != getattr(bare, f.name)]
    arguments = [*map(_source, (*plain, *splat)), *(f"{name}={_source(getattr(rule, name))}" for name in differ)]
    return f"{type(rule).__name__}({', '.join(arguments)})"


def _line(marks: Sequence[Suggestion]) -> str:
    rules = ", ".join(source_of(one.rule) for one in marks)
    evidence = "; ".join(one.evidence for one in marks)
    if not _can_be_written(marks[0]):
        return f"    # {marks[0].column!r}: {rules}  # {evidence}"
    return f"    {marks[0].column}: Annotated[Column[{_type_source(marks[0].type)}], {rules}]  # {evidence}"


def _can_be_written(one: Suggestion) -> bool:
    named = one.column.isidentifier() and not keyword.iskeyword(one.column) and one.column == one.column.lower()
    return named and _type_source(one.type) is not None


def _type_source(type_: str) -> str | None:
    """Write a type of Spark SQL as it stands in a contract; none for a struct, whose class is not known."""
    if decimal := re.fullmatch(r"decimal\((\d+),(\d+)\)", type_):
        return f"DecimalType[Literal[{decimal[1]}], Literal[{decimal[2]}]]"
    if nested := re.fullmatch(r"array<(.*)>|map<(\w+),(.*)>", type_):
        inner = [_type_source(part) for part in nested.groups() if part is not None]
        return None if None in inner else f"{'ArrayType' if nested[1] else 'MapType'}[{', '.join(map(str, inner))}]"
    return TYPE_NAMES.get(type_)


def _imports(suggestions: Sequence[Suggestion]) -> list[str]:
    """Give the imports that the code of suggestions needs."""
    written = [one for one in suggestions if _can_be_written(one)]
    texts = [source_of(one.rule) for one in suggestions] + [_type_source(one.type) or "" for one in written]
    names = {node.id for text in texts for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Name)}
    modules = {name: _MODULES.get(name, "pyspark.sql.types" if name in TYPE_NAMES.values() else "") for name in names}
    if any(not isinstance(one.rule, TableRule) for one in written):
        modules |= {"Annotated": "typing", "Column": "lakehouse"}
    modules |= {type(one.rule).__name__: "lakehouse.quality" for one in suggestions}
    pairs = sorted((module, name) for name, module in modules.items() if module)
    grouped = groupby(pairs, key=lambda pair: pair[0])
    return [f"    # from {module} import {', '.join(name for _, name in group)}" for module, group in grouped]


def _source(value: object) -> str:
    """Write an argument of a rule as code."""
    if isinstance(value, str) and not isinstance(value, Enum):
        return literal(value)
    if isinstance(value, Enum):
        return f"{type(value).__name__}.{value.name}"
    if isinstance(value, Col):
        return f"Col({_source(value.name)})"
    if isinstance(value, tuple):
        return f"({', '.join(map(_source, value))}{',' * (len(value) == 1)})"
    if isinstance(value, int) and abs(value) >= 10_000:
        return f"{value:_}"
    endless = isinstance(value, float) and not math.isfinite(value)
    shown = f'float("{value}")' if endless else repr(value).replace("datetime.", "")
    return shown.replace("timezone.utc", "UTC") if isinstance(value, datetime) else shown
