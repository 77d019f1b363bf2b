"""What a reader cannot take of a table, looked up before it is published: by engine, with the source of each limit."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from pyiceberg import types as iceberg
from pyiceberg.table import Table

from lakehouse.catalog.ledger import summed
from lakehouse.errors import ServingError

MOST_FIELDS = 1000
"""Of a structured type of Snowflake, with all inside of it."""


class Feature(StrEnum):
    """What a table may have that not every reader takes."""

    EQUALITY_DELETES = "equality deletes"
    FORMAT_3 = "format version 3"
    NANOSECONDS = "timestamps in nanoseconds"
    MIXED_CASE = "names that are not lower case"
    SAME_IN_UPPER_CASE = "names that differ in case alone"
    LOCAL_TIMESTAMPS = "timestamps without a time zone"
    MAP_KEYS = "maps by something else than text or integers"
    MANY_FIELDS = "more than 1,000 fields inside of a column"
    TIMES = "times of day"
    FIXED = "binary values of a fixed length"
    UUIDS = "UUIDs as such"


class Verdict(StrEnum):
    """What becomes of it."""

    REFUSED = "refused"
    WARNED = "warned"


@dataclass(frozen=True, kw_only=True)
class Limit:
    """How an engine takes a feature, why, and who says so."""

    engine: str
    feature: Feature
    verdict: Verdict
    why: str
    source: str


_ICEBERG = "docs.snowflake.com/en/user-guide/tables-iceberg"
_TYPES = f"{_ICEBERG}-data-types"
_ATHENA = "docs.aws.amazon.com/athena/latest/ug/querying-iceberg"
_ATHENA_NAMES = "docs.aws.amazon.com/athena/latest/ug/tables-databases-columns-names"
_REDSHIFT_NAMES = "docs.aws.amazon.com/redshift/latest/dg/r_names"
_REDSHIFT = "docs.aws.amazon.com/redshift/latest/dg/querying-iceberg-supported-data-types"
_LIMITS = {
    "snowflake": (
        (Feature.EQUALITY_DELETES, Verdict.REFUSED, "it reads position deletes and deletion vectors", _ICEBERG),
        (Feature.FORMAT_3, Verdict.WARNED, "one that was v2 is read again only after CREATE OR REPLACE", _ICEBERG),
        (Feature.MIXED_CASE, Verdict.WARNED, "Glue's names are lower case, others have to be quoted", _ICEBERG),
        (Feature.SAME_IN_UPPER_CASE, Verdict.REFUSED, "a view has one column of a name", _ICEBERG),
        (Feature.LOCAL_TIMESTAMPS, Verdict.WARNED, "TIMESTAMP_NTZ is no instant", _TYPES),
        (Feature.MAP_KEYS, Verdict.REFUSED, "keys of a MAP are text or integers", _TYPES),
        (Feature.MANY_FIELDS, Verdict.REFUSED, "a structured type has 1,000 at most", _TYPES),
    ),
    "athena": (
        (Feature.FORMAT_3, Verdict.REFUSED, "it reads tables of version 2", _ATHENA),
        (Feature.SAME_IN_UPPER_CASE, Verdict.REFUSED, "Glue's names have no case", _ATHENA_NAMES),
        (Feature.MIXED_CASE, Verdict.WARNED, "it shows them in lower case", _ATHENA_NAMES),
        (Feature.TIMES, Verdict.REFUSED, "it has no such type", f"{_ATHENA}-supported-data-types"),
        (Feature.FIXED, Verdict.REFUSED, "it has no such type", f"{_ATHENA}-supported-data-types"),
    ),
    "redshift": (
        (Feature.FORMAT_3, Verdict.REFUSED, "it reads tables of version 2", _REDSHIFT),
        (Feature.SAME_IN_UPPER_CASE, Verdict.REFUSED, "Glue's names have no case", _REDSHIFT_NAMES),
        (Feature.MIXED_CASE, Verdict.WARNED, "it shows them in lower case", _REDSHIFT_NAMES),
        (Feature.TIMES, Verdict.REFUSED, "it has no such type", _REDSHIFT),
        (Feature.FIXED, Verdict.REFUSED, "it has no such type", _REDSHIFT),
        (Feature.UUIDS, Verdict.REFUSED, "it has no such type", _REDSHIFT),
    ),
    "duckdb": (
        (Feature.SAME_IN_UPPER_CASE, Verdict.REFUSED, "its names have no case", "duckdb.org/docs/stable/sql/dialect"),
    ),
}
LIMITS = tuple(
    Limit(engine=engine, feature=feature, verdict=verdict, why=why, source=source)
    for engine, lines in _LIMITS.items()
    for feature, verdict, why, source in lines
)
"""An engine that has no line for a feature takes it."""


@dataclass(frozen=True, kw_only=True)
class Finding:
    """A table that has what a reader limits."""

    table: str
    limit: Limit

    def __str__(self) -> str:
        """Say it in a line."""
        limit = self.limit
        return f"{self.table}: {limit.engine}, {limit.feature}: {limit.why} ({limit.source})"


def lint(table: Table, *, name: str, engine: str) -> tuple[Finding, ...]:
    """Give what an engine limits of a table. Reads metadata alone."""
    has = set(features(table))
    return tuple(Finding(table=name, limit=one) for one in LIMITS if one.engine == engine and one.feature in has)


def refuse(findings: Sequence[Finding]) -> None:
    """Raise if anything of it is refused.

    Raises:
        ServingError: A reader could not take a table.
    """
    lines = "".join(f"\n  - {one}" for one in findings if one.limit.verdict is Verdict.REFUSED)
    if lines:
        raise ServingError(
            f"what is published could not be read:{lines}\n"
            "Compact tables that have equality deletes (`lakehouse maintain`); change the others in their contract."
        )


def features(table: Table) -> Iterator[Feature]:
    """Give what a table has of these."""
    if summed(table.current_snapshot(), "total-equality-deletes"):
        yield Feature.EQUALITY_DELETES
    if table.format_version > 2:
        yield Feature.FORMAT_3
    schema = table.schema()
    names = [schema.find_column_name(field_id) or "" for field_id in schema.field_ids]
    if any(name != name.lower() for name in names):
        yield Feature.MIXED_CASE
    if len({name.upper() for name in names}) < len(names):
        yield Feature.SAME_IN_UPPER_CASE
    yield from _of_types(schema.columns)


_TYPED = (
    (Feature.NANOSECONDS, (iceberg.TimestampNanoType, iceberg.TimestamptzNanoType)),
    (Feature.LOCAL_TIMESTAMPS, (iceberg.TimestampType, iceberg.TimestampNanoType)),
    (Feature.TIMES, (iceberg.TimeType,)),
    (Feature.FIXED, (iceberg.FixedType,)),
    (Feature.UUIDS, (iceberg.UUIDType,)),
)


def _of_types(fields: Sequence[iceberg.NestedField]) -> Iterator[Feature]:
    found = [list(walk(field.field_type)) for field in fields]
    kinds = {type(one) for inner in found for one in inner}
    yield from (feature for feature, types in _TYPED if kinds & set(types))
    maps = [one for inner in found for one in inner if isinstance(one, iceberg.MapType)]
    if any(not isinstance(m.key_type, iceberg.StringType | iceberg.IntegerType | iceberg.LongType) for m in maps):
        yield Feature.MAP_KEYS
    if any(len(inner) - 1 > MOST_FIELDS for inner in found):
        yield Feature.MANY_FIELDS


def walk(found: iceberg.IcebergType) -> Iterator[iceberg.IcebergType]:
    """Give a type and all inside of it."""
    yield found
    if isinstance(found, iceberg.StructType):
        for field in found.fields:
            yield from walk(field.field_type)
    elif isinstance(found, iceberg.ListType):
        yield from walk(found.element_type)
    elif isinstance(found, iceberg.MapType):
        yield from walk(found.key_type)
        yield from walk(found.value_type)
