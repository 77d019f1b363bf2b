"""What a query asks of Sail that was not tried there with equal rows, read from its plan before it runs."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from lakehouse.engines.sail_functions import (
    BY_TYPE,
    CASTS,
    FIT_FOR_SQL,
    FUNCTIONS,
    REGULAR,
    RELATIONS,
    SQL_WORDS,
    unlike_java,
)

if TYPE_CHECKING:
    from google.protobuf.message import Message
    from pyspark.sql import DataFrame

_CALL = re.compile(r"\b([a-z_][a-z0-9_]*)\s*\(", re.IGNORECASE)
_TEXT = re.compile(r"r?'(?:[^'\\]|\\.)*'|r?\"(?:[^\"\\]|\\.)*\"|`[^`]*`")
_SQL_ARITHMETIC = re.compile(r"[*+/]|(?<![<=])-(?!>)|\bdiv\b", re.IGNORECASE)
_AGGREGATES = {"sum", "avg", "min", "max"}


def unlike_spark(df: DataFrame) -> tuple[str, ...]:
    """List what the plan of a DataFrame of Sail has that Sail does otherwise than Spark, or was not tried with.

    Functions, operators, casts and relations go by the lists of ``sail_functions``; patterns of regular expressions are
    looked into, and the types of what is calculated and cast. Cost: none of its rows is read; Sail is asked for types.
    """
    # A client of Spark Connect keeps its plan to itself; there is no public way to it.
    asked: Any = df
    client = asked.sparkSession.client
    return tuple(dict.fromkeys(_Reader(client).found(asked._plan.to_proto(client).root, None)))


class _Reader:
    """Walks a plan; ``within`` is the relation whose columns an expression sees."""

    def __init__(self, client: Any) -> None:
        self._client = client

    def found(self, message: Message, within: Message | None) -> Iterator[str]:
        kind = message.DESCRIPTOR.name
        if kind == "Relation":
            yield from self._of_relation(message)
            return
        if kind == "Expression":
            yield from self._of_expression(message, within)
        for inner in _inside(message):
            yield from self.found(inner, within)

    def _of_relation(self, relation: Any) -> Iterator[str]:
        name = relation.WhichOneof("rel_type")
        if name not in RELATIONS:
            yield f"{name}, which was not tried"
            return
        body = getattr(relation, name)
        within = body.input if "input" in body.DESCRIPTOR.fields_by_name and body.HasField("input") else None
        for inner in _inside(body):
            yield from self.found(inner, within)

    def _of_expression(self, expression: Any, within: Message | None) -> Iterator[str]:
        kind = expression.WhichOneof("expr_type")
        if kind in {"unresolved_function", "call_function"}:
            yield from self._of_function(expression, getattr(expression, kind), within)
        elif kind == "cast":
            target, found = _cast_to(expression.cast), self._type_of(expression.cast.expr, within)
            if found != "void" and found not in CASTS.get(target, ()):
                yield f"a cast of {found or 'what is not known here'} to {target}, which was not tried"
        elif kind == "expression_string":
            yield from _of_sql(expression.expression_string.expression)
        elif kind in {"common_inline_user_defined_function", "subquery_expression", "unresolved_regex"}:
            yield f"{kind.removeprefix('common_inline_').replace('_', ' ')}, which was not tried"

    def _of_function(self, expression: Any, function: Any, within: Message | None) -> Iterator[str]:
        name = function.function_name.lower()
        if name in BY_TYPE:
            refused, why = BY_TYPE[name]
            # An aggregate can stand in no projection; what it is over can.
            found = self._type_of(function.arguments[0] if name in _AGGREGATES else expression, within)
            if not found or found in refused:
                yield f"{name} of {found or 'a type that is not known here'}: {why}"
        elif name not in FUNCTIONS:
            yield f"{name}, which was not tried"
        if name in REGULAR:
            yield from _of_patterns(name, [one.literal.string for one in function.arguments if _is_text(one)])

    def _type_of(self, expression: Any, within: Message | None) -> str:
        """Give the type of an expression without its arguments; empty where that cannot be known."""
        from pyspark.errors import PySparkException
        from pyspark.sql.connect.proto import Plan, Relation

        relation = Relation()
        relation.project.expressions.append(expression)
        if within is not None:
            relation.project.input.CopyFrom(within)
        try:
            return _head(self._client.schema(Plan(root=relation)).fields[0].dataType.simpleString())
        except (PySparkException, IndexError):
            return ""


def _of_sql(text: str) -> Iterator[str]:
    """Look into SQL by its words: what a build gives as text is not parsed here."""
    bare = _TEXT.sub("''", text)
    for name in dict.fromkeys(found.lower() for found in _CALL.findall(bare)):
        if name in BY_TYPE and name not in FIT_FOR_SQL:
            yield f"{name}(…) in SQL, whose type is not known here: {BY_TYPE[name][1]}"
        elif name not in FUNCTIONS | SQL_WORDS | FIT_FOR_SQL:
            yield f"{name}, which was not tried"
    if _SQL_ARITHMETIC.search(bare.replace("count(*)", "")):
        yield f"arithmetic in SQL, whose types are not known here: {text[:60]}"
    if re.search(r"\brlike\b|\bregexp", bare, re.IGNORECASE):
        yield from _of_patterns("rlike", [quoted.strip("r'\"") for quoted in _TEXT.findall(text)])


def _of_patterns(name: str, texts: list[str]) -> Iterator[str]:
    for text in texts:
        if why := unlike_java(text, replaces=name == "regexp_replace"):
            yield f"{name} with {why}: {text[:60]!r}"


def _is_text(expression: Any) -> bool:
    return bool(expression.HasField("literal") and expression.literal.HasField("string"))


def _cast_to(cast: Any) -> str:
    from pyspark.sql.connect.types import proto_schema_to_pyspark_data_type

    if cast.WhichOneof("cast_to_type") == "type":
        return _head(proto_schema_to_pyspark_data_type(cast.type).simpleString())
    name = _head(cast.type_str)
    return {"integer": "int", "long": "bigint", "short": "smallint", "byte": "tinyint"}.get(name, name)


def _head(text: str) -> str:
    return re.split(r"[(<]", text.strip().lower())[0]


def _inside(message: Message) -> Iterator[Message]:
    for field, value in message.ListFields():
        # What a map of a plan holds matters not: options and hints.
        if field.message_type is not None and not field.message_type.GetOptions().map_entry:
            yield from (value,) if hasattr(value, "ListFields") else value
