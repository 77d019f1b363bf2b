"""What a property of a contract demands beside its ``quality``: presence, length, limits, values."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any

from lakehouse.quality.odcs_pattern import pattern_from_odcs
from lakehouse.quality.rule_file import nearest

# No text is longer: Spark counts characters in an int.
_LONGEST = 2**31 - 1
_LIMITS = {"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"}
# They say of what form the type is; that is held against the contract whenever the table is written.
_OF_TYPE = {"timezone", "defaultTimezone"}
_KNOWN = {
    "string": {"minLength", "maxLength", "pattern", "format"},
    "integer": _LIMITS | {"format"},
    "number": _LIMITS | {"format"},
    "date": _LIMITS | {"format"},
    "timestamp": _LIMITS | {"format"} | _OF_TYPE,
}
_FORMATS = {"email": "email_syntax", "uuid": "uuid", "password": "", "byte": "", "binary": ""}
# The next value after one, where there is a next; and what no value lies beyond.
_STEPS: dict[str, Any] = {"integer": 1, "date": timedelta(days=1), "timestamp": timedelta(microseconds=1)}
_ENDS: dict[str, tuple[Any, Any]] = {
    "date": (date.min, date.max),
    "timestamp": (datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)),
}


def entries_of_property(described: Mapping[str, Any], *, column: str) -> Iterator[dict[str, Any]]:
    """Give the rules of a property, as entries of a file of rules.

    Raises:
        ValueError: It demands what no rule says exactly.
    """
    if flag(described, "required"):
        yield {"rule": "not_null", "column": column}
    if flag(described, "unique"):
        if "." in column:
            raise ValueError("unique: a field of a struct cannot be a key here; leave it out, or make it a column")
        yield {"rule": "unique", "columns": [column]}
    if (values := described.get("enum")) is not None:
        if not isinstance(values, list) or not all(isinstance(one, Mapping) and "value" in one for one in values):
            raise ValueError(f"enum: a list of items with a value is expected, found {values!r}")
        yield {"rule": "one_of", "column": column, "values": [one["value"] for one in values]}
    options = described.get("logicalTypeOptions") or {}
    if not isinstance(options, Mapping):
        raise ValueError(f"logicalTypeOptions: options by name are expected, found {options!r}")
    for entry in _of_options(options, described.get("logicalType")):
        yield {**entry, "column": column}


def flag(described: Mapping[str, Any], name: str) -> bool:
    """Give whether a property has a mark such as ``required``.

    Raises:
        ValueError: It is neither true nor false.
    """
    value = described.get(name)
    if not isinstance(value, bool | None):
        raise ValueError(f"{name}: true or false is expected, found {value!r}")
    return bool(value)


def _of_options(options: Mapping[str, Any], type_: Any) -> Iterator[dict[str, Any]]:
    known = _KNOWN.get(str(type_), set())
    for name in options:
        if name in known:
            continue
        instead = "write type: custom, engine: lakehouse and a rule such as holds under quality"
        if known:
            raise ValueError(
                f"logicalTypeOptions: no rule says {name!r} of type {type_}{nearest(name, known)}; {instead}"
            )
        raise ValueError(f"logicalTypeOptions: {name!r} of type {type_!r} is no rule here; {instead}")
    if type_ == "string":
        yield from _of_text(options)
    elif _LIMITS & options.keys():
        low, high = (_limit(options, side, str(type_)) for side in ("minimum", "maximum"))
        yield {"rule": "between", "low": low, "high": high}


def _of_text(options: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    if {"minLength", "maxLength"} & options.keys():
        low, high = options.get("minLength", 0), options.get("maxLength", _LONGEST)
        if not all(isinstance(one, int) and not isinstance(one, bool) for one in (low, high)):
            raise ValueError(f"minLength and maxLength: whole numbers are expected, found {low!r} and {high!r}")
        yield {"rule": "length", "low": low, "high": high}
    if "pattern" in options:
        yield {"rule": "matches", "pattern": pattern_from_odcs(options["pattern"])}
    if (form := options.get("format")) is not None:
        if form not in _FORMATS:
            raise ValueError(
                f"format {form!r} of text is no rule here{nearest(str(form), _FORMATS)}; or write a pattern"
            )
        if _FORMATS[form]:
            yield {"rule": _FORMATS[form]}


def _limit(options: Mapping[str, Any], side: str, type_: str) -> Any:
    """Give a limit that is itself allowed; of a side that is open, what no value lies beyond."""
    sign, exclusive = (1, "exclusiveMinimum") if side == "minimum" else (-1, "exclusiveMaximum")
    if side in options and exclusive in options:
        raise ValueError(f"{side} and {exclusive}: keep one")
    if side in options:
        return _value(side, options[side], options, type_)
    if exclusive not in options:
        return _ENDS.get(type_, (-math.inf, math.inf))[0 if sign == 1 else 1]
    if type_ not in _STEPS:
        raise ValueError(
            f"{exclusive}: no rule leaves a limit of type {type_} out; write {side}, or type: custom, "
            "engine: lakehouse and the rule holds with a condition under quality"
        )
    return _value(exclusive, options[exclusive], options, type_) + sign * _STEPS[type_]


def _value(name: str, given: Any, options: Mapping[str, Any], type_: str) -> Any:
    if type_ in {"integer", "number"}:
        kinds = int if type_ == "integer" else int | float
        if not isinstance(given, kinds) or isinstance(given, bool):
            raise ValueError(f"{name}: a number of type {type_} is expected, found {given!r}")
        return given
    try:
        read = given if isinstance(given, date) else datetime.fromisoformat(str(given))
    except ValueError as error:
        raise ValueError(f"{name}: {given!r} is no {type_}; write 2026-01-31, or 2026-01-31T12:00:00Z") from error
    if type_ == "date":
        if isinstance(read, datetime) and read != datetime.combine(read.date(), datetime.min.time()):
            raise ValueError(f"{name}: a date is expected, found {given!r}")
        return read.date() if isinstance(read, datetime) else read
    instant = read if isinstance(read, datetime) else datetime.combine(read, datetime.min.time())
    if instant.tzinfo is None and options.get("defaultTimezone", "UTC") not in {"UTC", "Etc/UTC"}:
        raise ValueError(
            f"{name}: {given!r} has no time zone, and that of defaultTimezone is not read; write it with Z"
        )
    return instant if instant.tzinfo else instant.replace(tzinfo=UTC)
