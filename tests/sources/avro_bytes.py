"""Messages as a producer of Avro writes them."""

from __future__ import annotations

import io
import struct
from typing import Any

from pyiceberg.avro.encoder import BinaryEncoder


def message(schema_id: int, schema: Any, value: Any) -> bytes:
    """Give a value by its schema, behind the five bytes that name it."""
    return b"\0" + struct.pack(">i", schema_id) + encoded(schema, value)


def encoded(schema: Any, value: Any) -> bytes:
    """Give a value by its schema; named types that are repeated are not known here."""
    out = io.BytesIO()
    _write(BinaryEncoder(out), schema, value)
    return out.getvalue()


def _write(to: BinaryEncoder, schema: Any, value: Any) -> None:
    kind = schema["type"] if isinstance(schema, dict) else schema
    plain: dict[str, Any] = {
        "null": lambda _: None, "boolean": to.write_boolean, "int": to.write_int, "long": to.write_int,
        "float": to.write_float, "double": to.write_double, "bytes": to.write_bytes, "string": to.write_utf8,
        "fixed": to.write,
    }  # fmt: skip
    if isinstance(schema, list):
        branch = schema.index("null") if value is None else next(n for n, one in enumerate(schema) if one != "null")
        to.write_int(branch)
        _write(to, schema[branch], value)
    elif kind == "record":
        for one in schema["fields"]:
            _write(to, one["type"], value[one["name"]])
    elif kind == "enum":
        to.write_int(schema["symbols"].index(value))
    elif kind == "array":
        if value:
            to.write_int(len(value))
        for item in value:
            _write(to, schema["items"], item)
        to.write_int(0)
    elif kind == "map":
        if value:
            to.write_int(len(value))
        for name, item in value.items():
            to.write_utf8(name)
            _write(to, schema["values"], item)
        to.write_int(0)
    else:
        plain[kind](value)


def record(name: str, /, **fields: Any) -> dict[str, Any]:
    """Give the schema of a record by the types of its fields."""
    return {"type": "record", "name": name, "fields": [{"name": key, "type": kind} for key, kind in fields.items()]}
