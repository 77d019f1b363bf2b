"""A condition of literals around some values: what a semi-join cannot push into a scan, and file statistics can use."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, datetime
from decimal import Decimal
from functools import reduce
from typing import Any

from pyspark.sql import Column, DataFrame, Row
from pyspark.sql import functions as F

from lakehouse.contract.ddl import quote

_NAMED = 200
"""Values that are named one by one; of more, the least and the greatest."""


def near_values(values: DataFrame, of: Mapping[str, str]) -> str:
    """Give SQL that every row which has one of the values meets, and many others do not.

    Cost: a look at the values, of which there should be a copy at hand. ``of`` maps a column of ``values`` to the SQL
    that gives it where the condition is used. Values whose text depends on a time zone or on rounding are left out.
    """
    first = values.select(*of).limit(_NAMED + 1).collect()
    if not first:
        return "false"
    found = _named(first, of) if len(first) <= _NAMED else _between(values, of)
    return " AND ".join(found) or "true"


def rows_of_values(rows: DataFrame, values: DataFrame, of: Mapping[str, str]) -> DataFrame:
    """Keep the rows that have one of the values, null being one too; ``of``: column of values → SQL over the rows."""
    # Under names of their own: those of the rows may be the same.
    named = values.select(*(F.col(f"`{name}`").alias(f"_value_{at}") for at, name in enumerate(of)))
    same = [F.expr(sql).eqNullSafe(F.col(f"_value_{at}")) for at, sql in enumerate(of.values())]
    return rows.join(named, reduce(Column.__and__, same), "left_semi")


def _named(rows: list[Row], of: Mapping[str, str]) -> Iterator[str]:
    for name, sql in of.items():
        distinct = {row[name] for row in rows}
        literals = [_literal(value) for value in distinct if value is not None]
        if None in literals:
            continue
        named = f"{sql} IN ({', '.join(sorted(filter(None, literals)))})" if literals else "false"
        yield f"({named} OR {sql} IS NULL)" if None in distinct else f"({named})"


def _between(values: DataFrame, of: Mapping[str, str]) -> Iterator[str]:
    bounds = [(F.min(name), F.max(name), F.count_if(F.col(name).isNull())) for name in of]
    row = values.agg(*(column for three in bounds for column in three)).collect()[0]
    for at, sql in enumerate(of.values()):
        least, greatest, nulls = row[3 * at : 3 * at + 3]
        low, high = _literal(least), _literal(greatest)
        if low and high:
            yield f"({sql} BETWEEN {low} AND {high}{f' OR {sql} IS NULL' if nulls else ''})"


def _literal(value: Any) -> str | None:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | Decimal):
        return str(value)
    if isinstance(value, str):
        return quote(value)
    if isinstance(value, date) and not isinstance(value, datetime):
        return f"DATE {quote(value.isoformat())}"
    return None
