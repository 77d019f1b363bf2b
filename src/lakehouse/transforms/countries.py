"""Countries by whatever people call them: ISO 3166-1 codes, English names, continents."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from pyspark.sql import Column
from pyspark.sql import functions as F

from lakehouse.contract.engine import SPARK_AND_SAIL, runs_on
from lakehouse.transforms.literal_lookup import looked_up

FILE = "countries.tsv"


@dataclass(frozen=True, kw_only=True)
class Country:
    """A country or territory of ISO 3166-1.

    Args:
        code: Alpha-2.
        code3: Alpha-3.
        continent: One of seven; the Americas are two.
        name: In English.
        other_names: Those of ISO, common ones, and the name in each official language.
    """

    code: str
    code3: str
    continent: str
    name: str
    other_names: tuple[str, ...]


@cache
def countries() -> tuple[Country, ...]:
    """Read all of them, by code. Cost: a file of 15 kB, once."""
    text = (files("lakehouse.transforms") / FILE).read_text(encoding="utf-8")
    found = []
    for line in text.splitlines():
        if not line.startswith("#"):
            code, code3, continent, name, others = line.split("\t")
            names = tuple(other for other in others.split("|") if other)
            found.append(Country(code=code, code3=code3, continent=continent, name=name, other_names=names))
    return tuple(found)


@runs_on(*SPARK_AND_SAIL)
def country_code(text: Column) -> Column:
    """Give the ISO 3166-1 alpha-2 code of a country; null where none is meant.

    Rows: unchanged. Columns: text. Cost: some 2 µs per row; 20 kB in the plan, once. No shuffle, no Python; batch and
    stream.

    Args:
        text: A code of two or three letters, or a name: in English, of ISO, or in an official language of the country.
            Case, spaces and punctuation do not count; accents do.

    Example:
        >>> df = spark.createDataFrame([("Deutschland",), ("u.s.a.",), ("Atlantis",)], "country string")
        >>> [row.code for row in df.select(country_code(F.col("country")).alias("code")).collect()]
        ['DE', 'US', None]

    Source: ISO 3166-1; names of Unicode CLDR.
    """
    letters = F.lower(F.regexp_replace(text, r"[^\p{L}\p{N}]+", ""))
    return F.nullif(looked_up(letters, _codes(), default=""), F.lit(""))


@runs_on(*SPARK_AND_SAIL)
def country_name(code: Column) -> Column:
    """Give the English name of an alpha-2 code in capitals; null for others. Cost: 1 µs per row."""
    return _of_code(code, {one.code: one.name for one in countries()})


@runs_on(*SPARK_AND_SAIL)
def continent(code: Column) -> Column:
    """Give the continent of an alpha-2 code in capitals; null for others. Cost: 1 µs per row."""
    return _of_code(code, {one.code: one.continent for one in countries()})


def _of_code(code: Column, table: dict[str, str]) -> Column:
    return F.nullif(looked_up(code, table, default=""), F.lit(""))


@cache
def _codes() -> dict[str, str]:
    """Give the code of each way to write a country, without what is neither letter nor digit."""
    names = ((one.code, (one.code, one.code3, one.name, *one.other_names)) for one in countries())
    return {_letters(name): code for code, known in names for name in known}


def _letters(name: str) -> str:
    return "".join(one for one in name if unicodedata.category(one)[0] in "LN").lower()
