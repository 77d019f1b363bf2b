"""Fields of JSON messages that a contract does not declare."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from pyspark.sql import types as spark_types

_LONGEST_NAME = 200
_KINDS = {dict: "object", list: "array", str: "string", bool: "boolean", int: "number", float: "number"}


def undeclared(values: Iterable[bytes], payloads: Sequence[spark_types.DataType]) -> dict[str, tuple[int, str]]:
    """Count the messages that have each field that is in none of the payloads, with the kind of what was found.

    A name that is not declared is given without what is inside of it. What is no JSON is passed over: it is a dead
    letter already.
    """
    counts: Counter[str] = Counter()
    kinds: dict[str, str] = {}
    for value in values:
        try:
            found = dict(_unknown(json.loads(value), payloads, ""))
        except (ValueError, RecursionError):
            continue
        counts.update(found.keys())
        kinds |= found
    return {name: (count, kinds[name]) for name, count in counts.most_common()}


def unwrapped(value: bytes) -> bytes:
    """Give what is inside of Kafka Connect's wrapping; what is not wrapped is left as it is."""
    try:
        message = json.loads(value)
    except (ValueError, RecursionError):
        return value
    inner = message.get("payload") if isinstance(message, dict) else None
    return json.dumps(inner).encode() if isinstance(inner, dict) else value


def _unknown(value: Any, wanted: Sequence[spark_types.DataType], path: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, list):
        inner = [one.elementType for one in wanted if isinstance(one, spark_types.ArrayType)]
        for item in value:
            yield from _unknown(item, inner, f"{path}[]")
    elif isinstance(value, dict):
        # The keys of a map are data and no names.
        structs = [one for one in wanted if isinstance(one, spark_types.StructType)]
        if not structs or any(isinstance(one, spark_types.MapType) for one in wanted):
            return
        for name, item in value.items():
            here = f"{path}.{name}" if path else name
            inner = [one[name].dataType for one in structs if name in one.names]
            if inner:
                yield from _unknown(item, inner, here)
            else:
                yield here[:_LONGEST_NAME], _KINDS.get(type(item), "null")
