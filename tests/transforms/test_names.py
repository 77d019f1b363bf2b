from __future__ import annotations

from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from lakehouse.transforms.names import initials, name_key, person_name

# As typed: as written, its initials, and its key.
NAMES = {
    " VAN DER BERG ": ("van der Berg", "B", "berg der van"),
    "o'neil-smith": ("O'Neil-Smith", "OS", "oneil smith"),
    "McDonald": ("McDonald", "M", "mcdonald"),
    "Müller, ANNA": ("Müller, ANNA", "MA", "anna muller"),
    "anna  muller": ("Anna Muller", "AM", "anna muller"),
    "jean-luc picard": ("Jean-Luc Picard", "JLP", "jean luc picard"),
    "Søren Ærø": ("Søren Ærø", "SÆ", "aero soren"),
    "Đorđe Łukasz": ("Đorđe Łukasz", "ĐŁ", "dorde lukasz"),
    "Дмитрий": ("Дмитрий", "Д", "dmitrii"),
    "Γιώργος": ("Γιώργος", "Γ", "giorgos"),
    "سارا": ("سارا", "س", None),
    "\u00a0": (None, None, None),
}


def test_names_are_written_and_found_in_any_spelling(spark: SparkSession) -> None:
    df = spark.createDataFrame([(name,) for name in NAMES], "name string")
    name = F.col("name")
    found = df.select(name, person_name(name), initials(name), name_key(name)).collect()
    assert {row[0]: tuple(row)[1:] for row in found} == NAMES


@given(st.lists(st.text("aBéßøЖя '-,\u0301"), min_size=40))
@hypothesis_settings(max_examples=3, deadline=None, suppress_health_check=list(HealthCheck))
def test_a_key_of_a_key_is_itself_in_any_case_and_order(spark: SparkSession, names: list[str]) -> None:
    rows = [(name, " ".join(reversed(name.split()))) for name in names]
    df = spark.createDataFrame(rows, "name string, turned string").withColumn("key", name_key(F.col("name")))
    keys = df.select("key", name_key(F.col("key")), name_key(F.upper("key")), name_key(F.col("turned"))).collect()
    assert [row for row in keys if len(set(row)) > 1] == []
