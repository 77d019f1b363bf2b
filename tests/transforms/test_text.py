from __future__ import annotations

import re

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from lakehouse.transforms.text import squeeze, title_case

# All that Unicode calls white space.
SPACES = (
    "\t\n\x0b\x0c\r \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u2028\u2029"
    "\u202f\u205f\u3000"
)

SQUEEZED = {"  a  b ": "a b", "a\u00a0\u3000b": "a b", "a\t\nb": "a b", "": None, " \u00a0 ": None, "é": "é"}
TITLED = {
    "ANNE MARIE": "Anne Marie", "anne": "Anne", "McDonald": "McDonald", "van der Berg": "van der Berg",
    " ÖZIL ": "Özil", "سارا": "سارا",
}  # fmt: skip


@pytest.mark.parametrize(("verb", "cases"), [(squeeze, SQUEEZED), (title_case, TITLED)])
def test_text_is_made_comparable(spark: SparkSession, verb: object, cases: dict[str, str | None]) -> None:
    df = spark.createDataFrame([(text,) for text in cases], "text string")
    found = df.select("text", verb(F.col("text")).alias("clean")).collect()  # type: ignore[operator]
    assert {row.text: row.clean for row in found} == cases


texts = st.lists(
    st.text(alphabet=st.characters(exclude_categories=["Cs"])) | st.text(alphabet=f"aBé1'-{SPACES}"), min_size=40
)


@given(texts)
@hypothesis_settings(max_examples=4, deadline=None, suppress_health_check=list(HealthCheck))
def test_cleaning_twice_changes_nothing(spark: SparkSession, cases: list[str]) -> None:
    df = spark.createDataFrame([(text,) for text in cases], "text string").select(
        squeeze(F.col("text")).alias("s"), "text"
    )
    df = df.withColumn("t", title_case(F.col("text")))
    twice = df.select("s", "t", squeeze(F.col("s")).alias("ss"), title_case(F.col("t")).alias("tt")).collect()
    assert [(row.ss, row.tt) for row in twice] == [(row.s, row.t) for row in twice]


@given(texts)
@hypothesis_settings(max_examples=4, deadline=None, suppress_health_check=list(HealthCheck))
def test_every_run_of_white_space_is_one_space(spark: SparkSession, cases: list[str]) -> None:
    df = spark.createDataFrame([(text,) for text in cases], "text string")
    found = [row[0] for row in df.select(squeeze(F.col("text"))).collect()]
    assert found == [re.sub(f"[{SPACES}]+", " ", text).strip(" ") or None for text in cases]


def test_nothing_stays_nothing(spark: SparkSession) -> None:
    null = F.lit(None).cast("string")
    assert spark.range(1).select(squeeze(null), title_case(null)).collect()[0] == (None, None)
