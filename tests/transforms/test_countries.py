from __future__ import annotations

import contextlib
import io
from collections.abc import Callable

import pytest
from phonenumbers import SUPPORTED_REGIONS
from pyspark.sql import Column, SparkSession
from pyspark.sql import functions as F

from lakehouse.transforms.countries import continent, countries, country_code, country_name

WRITTEN = {
    "Germany": "DE",
    " deutschland ": "DE",
    "DEU": "DE",
    "de": "DE",
    "U.S.A.": "US",
    "united states of america": "US",
    "Côte d'Ivoire": "CI",
    "Ivory Coast": "CI",
    "Россия": "RU",
    "भारत": "IN",
    "Antigua & Barbuda": "AG",
    "Antigua and Barbuda": "AG",
    "Atlantis": None,
    "": None,
    "--": None,
    None: None,
}


def test_a_country_is_known_by_its_codes_and_its_names(spark: SparkSession) -> None:
    df = spark.createDataFrame([(text,) for text in WRITTEN], "country string")
    found = df.select("country", country_code(F.col("country")).alias("code")).collect()
    assert {row.country: row.code for row in found} == WRITTEN


def test_each_name_of_the_list_leads_to_its_country(spark: SparkSession) -> None:
    names = [(name, one.code) for one in countries() for name in (one.code, one.code3, one.name, *one.other_names)]
    df = spark.createDataFrame(names, "name string, wanted string")
    other = df.where(~country_code(F.col("name")).eqNullSafe(F.col("wanted")))
    assert [tuple(row) for row in other.collect()] == []


def test_a_code_has_a_name_and_a_continent(spark: SparkSession) -> None:
    df = spark.createDataFrame([("NO",), ("BR",), ("XX",), (None,)], "code string")
    found = df.select(country_name(F.col("code")), continent(F.col("code"))).collect()
    assert list(map(tuple, found)) == [("Norway", "Europe"), ("Brazil", "South America"), (None, None), (None, None)]


def test_the_list_has_every_country_that_has_telephones() -> None:
    # Ascension, Tristan da Cunha and Kosovo have numbers, and no code of ISO.
    assert SUPPORTED_REGIONS - {"AC", "TA", "XK"} <= {one.code for one in countries()}


@pytest.mark.parametrize("verb", [country_code, country_name, continent])
def test_no_row_goes_to_python_or_through_a_shuffle(spark: SparkSession, verb: Callable[[Column], Column]) -> None:
    df = spark.range(3).select(verb(F.col("id").cast("string")).alias("found"))
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        df.explain()
    assert [word for word in ("Python", "Exchange") if word in out.getvalue()] == []
