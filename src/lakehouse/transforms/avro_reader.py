"""The reader's schema: a writer's, cut to what a contract wants, or the field that cannot be read as declared."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from typing import Any

from pyspark.sql import types as spark_types

from lakehouse.transforms.avro_schema import AvroSchema

_PLAIN: dict[type[spark_types.DataType], Any] = {
    spark_types.StringType: "string",
    spark_types.BinaryType: "bytes",
    spark_types.BooleanType: "boolean",
    spark_types.IntegerType: "int",
    spark_types.LongType: "long",
    spark_types.FloatType: "float",
    spark_types.DoubleType: "double",
    spark_types.DateType: {"type": "int", "logicalType": "date"},
    spark_types.TimestampType: {"type": "long", "logicalType": "timestamp-micros"},
    spark_types.TimestampNTZType: {"type": "long", "logicalType": "local-timestamp-micros"},
}
_READS: dict[type[spark_types.DataType], tuple[str, ...]] = {
    spark_types.StringType: ("string", "enum", "bytes"),
    spark_types.BinaryType: ("bytes", "fixed", "string"),
    spark_types.BooleanType: ("boolean",),
    spark_types.IntegerType: ("int",),
    spark_types.LongType: ("int", "long"),
    spark_types.FloatType: ("int", "long", "float"),
    spark_types.DoubleType: ("int", "long", "float", "double"),
    spark_types.DateType: ("int:date",),
    spark_types.TimestampType: ("long:timestamp-millis", "long:timestamp-micros"),
    spark_types.TimestampNTZType: ("long:local-timestamp-millis", "long:local-timestamp-micros"),
}
_DIGITS = {"int": 10, "long": 19}


class IncompatibleError(Exception):
    """What was written cannot be read as the contract declares it."""


class Reader:
    """Makes the reader's schema for one writer's.

    What a field holds is read as it was written and cast afterwards: Avro itself would take milliseconds for
    microseconds. Named types get names of their own, because one may be cut in two ways; those whose name counts when
    they are read (enum, fixed) keep it.
    """

    def __init__(self, writer: AvroSchema) -> None:
        self._writer = writer
        self._numbers: Iterator[int] = count()
        self._seen: set[str] = set()

    def schema(self, payload: spark_types.StructType) -> Any:
        """Give the reader's schema of a payload, in Avro's JSON.

        Raises:
            IncompatibleError: A field cannot be read; the text names it.
        """
        return self._node(self._writer.root, payload, "")

    def _node(self, written: Any, want: spark_types.DataType, path: str) -> Any:
        written = self._writer.at(written)
        if isinstance(written, list) or written == "null":
            return self._union(written if isinstance(written, list) else [written], want, path)
        kind = written if isinstance(written, str) else written["type"]
        if isinstance(want, spark_types.StructType) and kind == "record":
            return self._record(written, want, path)
        if isinstance(want, spark_types.ArrayType) and kind == "array":
            return {"type": "array", "items": self._node(written["items"], want.elementType, f"{path}[]")}
        if isinstance(want, spark_types.MapType) and kind == "map" and _is_text(want.keyType):
            return {"type": "map", "values": self._node(written["values"], want.valueType, f"{path}{{}}")}
        if isinstance(want, spark_types.DecimalType) and _decimal_fits(written, kind, want):
            return self._as_written(written)
        if _scalar_fits(written, kind, want):
            return self._without_logic(written, kind, want)
        raise IncompatibleError(
            f"{path or 'the message'}: the schema has {_shown(written)}, the contract {want.simpleString()}"
        )

    def _union(self, branches: list[Any], want: spark_types.DataType, path: str) -> Any:
        values = [one for one in branches if one != "null"]
        if not values:
            return ["null", self._plain(want, path)]
        made = [self._node(one, want, path) for one in values]
        if len(made) > 1 and not all(isinstance(one, str) for one in made):
            # Spark makes a struct of such a union, with a field for each of its types.
            kinds = ", ".join(_shown(self._writer.at(one)) for one in values)
            raise IncompatibleError(f"{path or 'the message'}: the schema has one of {kinds}, the contract one type")
        # Of several numbers the contract's own holds all.
        return ["null", made[0] if len(made) == 1 else self._plain(want, path)]

    def _record(self, written: Any, want: spark_types.StructType, path: str) -> Any:
        fields = []
        for field in want.fields:
            inner = f"{path}.{field.name}" if path else field.name
            found = _field(written["fields"], field.name)
            if found is None:
                fields.append(
                    {"name": field.name, "type": ["null", self._plain(field.dataType, inner)], "default": None}
                )
            else:
                fields.append({"name": found["name"], "type": self._node(found["type"], field.dataType, inner)})
        return {"type": "record", "name": self._name(written["name"].rpartition(".")[2]), "fields": fields}

    def _plain(self, want: spark_types.DataType, path: str) -> Any:
        """Give what a type of the contract is in Avro, for what was not written."""
        if isinstance(want, spark_types.StructType):
            fields = [
                {"name": one.name, "type": ["null", self._plain(one.dataType, path)], "default": None}
                for one in want.fields
            ]
            return {"type": "record", "name": self._name("Absent"), "fields": fields}
        if isinstance(want, spark_types.ArrayType):
            return {"type": "array", "items": ["null", self._plain(want.elementType, path)]}
        if isinstance(want, spark_types.MapType):
            return {"type": "map", "values": ["null", self._plain(want.valueType, path)]}
        if isinstance(want, spark_types.DecimalType):
            return {"type": "bytes", "logicalType": "decimal", "precision": want.precision, "scale": want.scale}
        if type(want) not in _PLAIN:
            raise IncompatibleError(f"{path}: {want.simpleString()} of the contract is no type that Avro has")
        return _PLAIN[type(want)]

    def _without_logic(self, written: Any, kind: str, want: spark_types.DataType) -> Any:
        if kind in ("enum", "fixed"):
            return self._as_written({name: value for name, value in written.items() if name != "logicalType"})
        return written if ":" in _READS[type(want)][0] else kind

    def _as_written(self, written: Any) -> Any:
        if isinstance(written, str) or "name" not in written:
            return written
        if written["name"] in self._seen:
            return written["name"]
        self._seen.add(written["name"])
        return written

    def _name(self, short: str) -> str:
        return f"r{next(self._numbers)}.{short}"


def _field(fields: list[dict[str, Any]], name: str) -> dict[str, Any] | None:
    """Find a field by its name, by a former one that the schema tells, or in letters of another case."""
    for fits in (
        lambda field: field["name"] == name,
        lambda field: name in field["aliases"],
        lambda field: field["name"].lower() == name,
    ):
        found = [field for field in fields if fits(field)]
        if found:
            return found[0]
    return None


def _scalar_fits(written: Any, kind: str, want: spark_types.DataType) -> bool:
    accepted = _READS.get(type(want), ())
    logic = "" if isinstance(written, str) else written.get("logicalType", "")
    # Digits of a decimal are no text.
    return f"{kind}:{logic}" in accepted or (kind in accepted and logic != "decimal")


def _decimal_fits(written: Any, kind: str, want: spark_types.DecimalType) -> bool:
    whole = want.precision - want.scale
    if isinstance(written, str):
        return kind in _DIGITS and whole >= _DIGITS[kind]
    if kind not in ("bytes", "fixed") or written.get("logicalType") != "decimal":
        return False
    scale = int(written.get("scale", 0))
    return scale <= want.scale and int(written["precision"]) - scale <= whole


def _is_text(want: spark_types.DataType) -> bool:
    return isinstance(want, spark_types.StringType)


def _shown(written: Any) -> str:
    if isinstance(written, str):
        return written
    logic = written.get("logicalType")
    return f"{written['type']} ({logic})" if logic else str(written["type"])
