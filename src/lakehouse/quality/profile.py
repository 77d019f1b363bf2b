"""What is in a table: counts, limits and lengths from one scan, common values and patterns from a sample."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import reduce
from typing import Any

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F
from pyspark.sql import types as spark_types

from lakehouse.quality.codes import CountryCode, CurrencyCode
from lakehouse.quality.completeness import NotBlank
from lakehouse.quality.formats import EmailSyntax, Format, IpAddress, Url, Uuid

CUT = 60
"""Values and patterns are shown with at most so many characters."""
CHOICES = 20
"""A column with at most so many values is a choice."""
FORMATS: tuple[type[Format], ...] = (Uuid, EmailSyntax, IpAddress, Url, CountryCode, CurrencyCode)
"""The formats that text is held against. No text is in two of them."""
QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)
OTHER, CUT_OFF = "x", "…"
"""In a pattern: a character beyond ASCII, and what a run of more than 20 goes on with."""

_ERROR = 0.02
_TOLD_APART = 1000
_LONGEST_RUN = 20
_LETTERS = "BCDEFGHIJKLMNOPQRSTUVWXYZ" + "bcdefghijklmnopqrstuvwxyz" + "012345678"
_CLASSES = "A" * 25 + "a" * 25 + "9" * 9
_NUMBER = spark_types.NumericType
_TEXT = spark_types.StringType
_INSTANTS = (spark_types.DateType, spark_types.TimestampType, spark_types.TimestampNTZType)
_PLAIN = (_NUMBER, _TEXT, spark_types.BooleanType, *_INSTANTS)
_AGGREGATED = ("nulls", "nans", "distinct", "minimum", "maximum", "mean", "shortest", "longest", "blanks")
Counts = tuple[tuple[str, int], ...]


@dataclass(frozen=True, kw_only=True)
class ColumnProfile:
    """What is in a column. Of a struct, array, map or binary, only ``nulls`` is known; of others what fits the type.

    Args:
        name: Of the column.
        type: Of Spark SQL, such as ``decimal(12,2)``.
        hidden: Whether its values are not shown.
        nulls: Rows without a value.
        nans: Values that are not a number. They are in no other figure but ``distinct`` and what is sampled.
        distinct: Different values, by a HyperLogLog sketch: right to some 5 %.
        minimum: The least value as text; instants in the session's time zone.
        maximum: The greatest.
        mean: Of the finite numbers, as ``quantiles`` is.
        quantiles: At 5, 25, 50, 75 and 95 %, approximate.
        shortest: Characters of the shortest text.
        longest: Characters of the longest.
        blanks: Texts of white space alone, or of nothing.
        sampled: Values in the sample. All that follows is from there.
        top: The most common values and how often each occurs.
        commonest: How often the most common value occurs, hidden or not.
        choices: Every value, sorted, where there are at most 20, none cut, and they are not hidden.
        patterns: The most common patterns of text, such as ``AA-9999``: digits are 9, letters A or a, others ``x``.
        formats: How many texts are in a known format, by the kind of its rule.
    """

    name: str
    type: str
    hidden: bool = False
    nulls: int = 0
    nans: int = 0
    distinct: int | None = None
    minimum: str | None = None
    maximum: str | None = None
    mean: float | None = None
    quantiles: tuple[float, ...] = ()
    shortest: int | None = None
    longest: int | None = None
    blanks: int = 0
    sampled: int = 0
    top: Counts = ()
    commonest: int = 0
    choices: tuple[str, ...] = ()
    patterns: Counts = ()
    formats: Counts = ()


@dataclass(frozen=True, kw_only=True)
class Profile:
    """What is in a table. ``sampled`` is how many of its rows were looked at for common values and patterns."""

    rows: int
    sampled: int
    columns: tuple[ColumnProfile, ...]


def profile(df: DataFrame, *, top: int = 10, sample: int = 100_000, hidden: Collection[str] = ()) -> Profile:
    """Profile rows.

    Cost: one scan and one job for all counts, limits and lengths; one more for values and patterns, over a random
    sample, which shuffles the distinct values of the sample. Only the most common of them come to the driver.

    Args:
        df: The rows. Batch only; they are read twice, so keep them where they are dear to make.
        top: So many common values and patterns of each column.
        sample: Values and patterns are counted in at most so many rows: all if there are no more, else random ones,
            a little fewer than this. Values are told apart by their first 1,000 characters.
        hidden: Columns with personal data: no value of them is shown, nor a mean or quantile; lengths and patterns are.

    Raises:
        ValueError: A hidden column is not there, ``top`` is below 1 or ``sample`` below 100.
    """
    if unknown := sorted(set(hidden) - set(df.columns)):
        raise ValueError(f"hidden names columns that are not there: {', '.join(unknown)}; there is {df.columns}")
    if top < 1 or sample < 100:
        raise ValueError(f"top={top} and sample={sample}: at least 1 and at least 100")
    fields = df.schema.fields
    shown = [field.name not in hidden for field in fields]
    # By position: names may hold dots, or be there twice.
    rows = df.toDF(*(f"c{n}" for n in range(len(fields))))
    wanted = {"rows": F.count(F.lit(1))}
    for n, field in enumerate(fields):
        wanted |= {f"{what}_{n}": one for what, one in _aggregates(F.col(f"c{n}"), field.dataType, shown[n]).items()}
    facts = rows.agg(*(one.alias(name) for name, one in wanted.items())).collect()[0].asDict()
    counts = _frequencies(_sampled(rows, facts["rows"], sample), fields, shown, most=max(top, CHOICES + 1))
    return Profile(
        rows=facts["rows"],
        sampled=sum(count for _, count in counts.get((-1, "row"), ())),
        columns=tuple(_column(n, field, shown[n], facts, counts, top) for n, field in enumerate(fields)),
    )


def _aggregates(value: Column, type_: spark_types.DataType, shown: bool) -> dict[str, Column]:
    found = {"nulls": F.count(F.when(value.isNull(), 1))}
    if not isinstance(type_, _PLAIN):
        return found
    found["distinct"] = F.approx_count_distinct(value, _ERROR)
    limits = value
    if isinstance(type_, _TEXT):
        length = F.char_length(value)
        found |= {"shortest": F.min(length), "longest": F.max(length)}
        found["blanks"] = F.count(F.when(value.isNotNull() & NotBlank().violated(value), 1))
        limits = F.left(value, F.lit(CUT + 1))
    if isinstance(type_, spark_types.FloatType | spark_types.DoubleType):
        found["nans"] = F.count(F.when(F.isnan(value), 1))
        # As double: 0.1 of a float is a little more than the 0.1 that it is written as.
        limits = F.when(~F.isnan(value), value.cast("double"))
    if shown:
        found |= {"minimum": F.min(limits).cast("string"), "maximum": F.max(limits).cast("string")}
    if shown and isinstance(type_, _NUMBER):
        number = value.cast("double")
        finite = F.when(F.abs(number) < F.lit(math.inf), number)
        found |= {"mean": F.avg(finite), "quantiles": F.percentile_approx(finite, list(QUANTILES))}
    return found


def _sampled(rows: DataFrame, count: int, most: int) -> DataFrame:
    # So much less than the share that chance does not exceed it. A limit would bring all rows into one task.
    return rows if count <= most else rows.sample(fraction=(most - 5 * math.sqrt(most)) / count, seed=7)


def _frequencies(
    rows: DataFrame, fields: list[spark_types.StructField], shown: list[bool], *, most: int
) -> Mapping[tuple[int, str], list[tuple[str, int]]]:
    """Count values, patterns and formats by column, the most common first, in one job."""
    things = [(-1, "row", F.lit(""))]
    for n, field in enumerate(fields):
        things += [(n, what, text) for what, text in _things(F.col(f"c{n}"), field.dataType, shown[n])]
    ones = [F.struct(F.lit(n).alias("n"), F.lit(what).alias("what"), text.alias("text")) for n, what, text in things]
    counted = (
        rows.select(F.explode(F.array(*ones)).alias("one"))
        .select("one.*")
        .where("text IS NOT NULL")
        .groupBy("n", "what", "text")
    )
    order = Window.partitionBy("n", "what").orderBy(F.desc("count"), "text")
    ranked = counted.count().withColumn("rank", F.row_number().over(order)).where(F.col("rank") <= most)
    found: dict[tuple[int, str], list[tuple[str, int]]] = {}
    for row in ranked.orderBy("n", "what", "rank").collect():
        found.setdefault((row["n"], row["what"]), []).append((row["text"], row["count"]))
    return found


def _things(value: Column, type_: spark_types.DataType, shown: bool) -> Iterator[tuple[str, Column]]:
    if not isinstance(type_, _PLAIN):
        return
    text = F.left(value.cast("string"), F.lit(_TOLD_APART))
    yield "value", text if shown else F.when(value.isNotNull(), F.xxhash64(value).cast("string"))
    format_ = F.lit("")
    if isinstance(type_, _TEXT):
        yield "pattern", _pattern(text)
        format_ = reduce(lambda other, one: F.when(~one().violated(value), one.kind).otherwise(other), FORMATS, format_)
    yield "format", F.when(value.isNotNull(), format_)


def _pattern(text: Column) -> Column:
    classes = F.regexp_replace(F.translate(text, _LETTERS, _CLASSES), r"[^\x00-\x7F]", OTHER)
    return _cut(F.regexp_replace(classes, rf"(([\s\S])\2{{{_LONGEST_RUN - 1}}})\2+", f"$1{CUT_OFF}"))


def _cut(text: Column) -> Column:
    return F.when(F.char_length(text) > CUT, F.concat(F.left(text, F.lit(CUT - 1)), F.lit(CUT_OFF))).otherwise(text)


def _column(
    n: int,
    field: spark_types.StructField,
    shown: bool,
    facts: Mapping[str, Any],
    counts: Mapping[tuple[int, str], list[tuple[str, int]]],
    top: int,
) -> ColumnProfile:
    known = {what: facts[f"{what}_{n}"] for what in _AGGREGATED if facts.get(f"{what}_{n}") is not None}
    known |= {what: _short(known[what]) for what in ("minimum", "maximum") if what in known}
    values, formats = counts.get((n, "value"), []), counts.get((n, "format"), [])
    is_choice = shown and len(values) <= CHOICES and all(len(text) <= CUT for text, _ in values)
    there = facts["rows"] - facts[f"nulls_{n}"]
    if "distinct" in known:
        known["distinct"] = min(known["distinct"], there)
    return ColumnProfile(
        name=field.name,
        type=field.dataType.simpleString(),
        hidden=not shown,
        **known,
        quantiles=tuple(facts.get(f"quantiles_{n}") or ()),
        sampled=sum(count for _, count in formats),
        top=tuple((_short(text), count) for text, count in values[:top]) if shown else (),
        commonest=values[0][1] if values else 0,
        choices=tuple(sorted(text for text, _ in values)) if is_choice else (),
        patterns=tuple(counts.get((n, "pattern"), [])[:top]),
        formats=tuple((kind, count) for kind, count in formats if kind),
    )


def _short(text: str) -> str:
    return text if len(text) <= CUT else f"{text[: CUT - 1]}{CUT_OFF}"
