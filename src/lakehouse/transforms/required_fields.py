"""Which required fields a decoded message lacks."""

from __future__ import annotations

from collections.abc import Iterator
from functools import reduce

from pyspark.sql import Column
from pyspark.sql import functions as F

from lakehouse.contract.columns import ColumnSpec


def any_missing(payload: ColumnSpec, message: str) -> Column:
    """Tell whether a message lacks a required field; ``message`` is the column that holds it."""
    absent = [_absent(message, path, parents) for path, parents in _required(payload.fields)]
    return reduce(Column.__or__, absent, F.lit(False))


def missing_detail(payload: ColumnSpec, message: str) -> Column:
    """Name the required fields that a message lacks."""
    named = [
        F.when(_absent(message, path, parents), F.lit(f"{path}: required, not there"))
        for path, parents in _required(payload.fields)
    ]
    return F.concat_ws("; ", *named)


def _absent(message: str, path: str, parents: tuple[str, ...]) -> Column:
    # What is required of an object is asked only where there is one: the row before an insert has no key.
    there = [F.col(f"{message}.{one}").isNotNull() for one in parents]
    return reduce(Column.__and__, there, F.col(f"{message}.{path}").isNull())


def _required(
    fields: tuple[ColumnSpec, ...], prefix: str = "", parents: tuple[str, ...] = ()
) -> Iterator[tuple[str, tuple[str, ...]]]:
    for field in fields:
        path = f"{prefix}{field.name}"
        if field.required:
            yield path, parents
        yield from _required(field.fields, f"{path}.", parents if field.required else (*parents, path))
