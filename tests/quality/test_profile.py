from __future__ import annotations

import math
import statistics
from collections import Counter
from datetime import date, datetime

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from lakehouse.quality.profile import ColumnProfile, Profile, profile

SCHEMA = (
    "id bigint, name string, score double, born date, seen timestamp, nothing string, spot struct<x:int>, "
    "tags array<string>, more map<string,int>, bytes binary, `odd.name` int"
)
SECRET = "Zoë Quatermain"
NAN = math.nan


@pytest.fixture(scope="module")
def found(spark: SparkSession) -> Profile:
    day, instant = date(2024, 2, 29), datetime(2024, 5, 1, 12)
    rows = [
        (1, "AB-1234", 1.0, day, instant, None, (1,), ["a"], {"a": 1}, b"x", 7),
        (2, "CD-9876", NAN, day, None, None, None, None, None, None, 7),
        (3, " ", 3.0, None, None, None, (2,), [], {}, b"", 8),
        (4, "é" * 70, None, date(1999, 1, 1), None, None, None, ["b"], None, None, None),
    ]
    return profile(spark.createDataFrame(rows, SCHEMA).coalesce(1))


def column(found: Profile, name: str) -> ColumnProfile:
    return next(one for one in found.columns if one.name == name)


TEXT = st.none() | st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=8)
NUMBERS = st.none() | st.integers(-50, 50)


@settings(max_examples=3, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(TEXT, NUMBERS), max_size=30))
def test_counts_are_those_of_plain_python(spark: SparkSession, rows: list[tuple[str | None, int | None]]) -> None:
    text, number = profile(spark.createDataFrame(rows, "text string, number int").coalesce(1)).columns
    texts = [one for one, _ in rows if one is not None]
    numbers = [one for _, one in rows if one is not None]
    assert (text.nulls, number.nulls) == (len(rows) - len(texts), len(rows) - len(numbers))
    assert (text.shortest, text.longest) == (min(map(len, texts), default=None), max(map(len, texts), default=None))
    assert (number.minimum, number.maximum) == ((str(min(numbers)), str(max(numbers))) if numbers else (None, None))
    assert number.mean == (pytest.approx(statistics.mean(numbers)) if numbers else None)
    assert dict(number.top).items() <= {str(one): n for one, n in Counter(numbers).items()}.items()
    assert text.sampled == len(texts)
    assert text.commonest == max(Counter(texts).values(), default=0)


def test_a_column_has_the_figures_that_fit_its_type(found: Profile) -> None:
    number = column(found, "id")
    assert (number.minimum, number.maximum, number.mean, number.distinct) == ("1", "4", 2.5, 4)
    assert number.quantiles == (1.0, 1.0, 2.0, 3.0, 4.0)
    assert (column(found, "born").minimum, column(found, "born").maximum) == ("1999-01-01", "2024-02-29")
    assert column(found, "born").quantiles == ()
    assert column(found, "seen").minimum == "2024-05-01 12:00:00"
    assert (column(found, "name").shortest, column(found, "name").longest, column(found, "name").blanks) == (1, 70, 1)


def test_nan_is_counted_and_is_in_no_limit_and_no_mean(found: Profile) -> None:
    score = column(found, "score")
    assert (score.nans, score.nulls, score.minimum, score.maximum, score.mean) == (1, 1, "1.0", "3.0", 2.0)


def test_an_infinity_is_a_limit_but_in_no_mean(spark: SparkSession) -> None:
    score = profile(spark.createDataFrame([(math.inf,), (2.0,)], "score double")).columns[0]
    assert (score.maximum, score.mean, score.quantiles[-1]) == ("Infinity", 2.0, 2.0)


@pytest.mark.parametrize(("name", "nulls"), [("spot", 2), ("tags", 1), ("more", 2), ("bytes", 2)])
def test_of_a_nested_column_only_nulls_are_counted(found: Profile, name: str, nulls: int) -> None:
    one = column(found, name)
    assert one == ColumnProfile(name=name, type=one.type, nulls=nulls)


def test_a_column_of_nulls_has_no_values(found: Profile) -> None:
    assert column(found, "nothing") == ColumnProfile(name="nothing", type="string", nulls=4, distinct=0)


def test_a_name_with_a_dot_is_a_column_like_any_other(found: Profile) -> None:
    assert column(found, "odd.name").top == (("7", 2), ("8", 1))


def test_an_empty_table_has_its_columns_and_no_figures(spark: SparkSession) -> None:
    empty = profile(spark.createDataFrame([], "name string, age int, tags array<int>"))
    assert (empty.rows, empty.sampled) == (0, 0)
    assert [(one.nulls, one.minimum, one.shortest, one.top) for one in empty.columns] == [(0, None, None, ())] * 3


def test_patterns_have_a_letter_for_each_class_and_long_runs_are_cut(found: Profile) -> None:
    assert dict(column(found, "name").patterns) == {"AA-9999": 2, " ": 1, f"{'x' * 20}…": 1}


def test_a_long_value_is_cut(found: Profile) -> None:
    assert column(found, "name").maximum == f"{'é' * 59}…"
    assert (f"{'é' * 59}…", 1) in column(found, "name").top


def test_the_most_common_values_come_first_and_no_more_than_asked_for(spark: SparkSession) -> None:
    rows = [(value,) for value in "cbbaaaddddeeeee"]
    assert profile(spark.createDataFrame(rows, "v string"), top=2).columns[0].top == (("e", 5), ("d", 4))


def test_formats_are_counted(spark: SparkSession) -> None:
    rows = [("ann@example.org",), ("10.0.0.1",), ("ann@",), (None,), ("http://a.org/x",)]
    formats = profile(spark.createDataFrame(rows, "v string")).columns[0].formats
    assert dict(formats) == {"email_syntax": 1, "ip_address": 1, "url": 1}


def test_hidden_values_never_show(spark: SparkSession) -> None:
    df = spark.createDataFrame([(SECRET, 5123.25)] * 3, "name string, salary double")
    found = profile(df, hidden=("name", "salary"))
    assert "Quatermain" not in repr(found)
    assert "5123" not in repr(found)
    assert (found.columns[0].longest, found.columns[0].commonest) == (14, 3)
    assert found.columns[0].patterns == (("Aax Aaaaaaaaaa", 3),)


def test_a_hidden_column_that_is_not_there_is_refused(spark: SparkSession) -> None:
    with pytest.raises(ValueError, match="not there: nobody"):
        profile(spark.createDataFrame([("x",)], "name string"), hidden=("nobody",))


def test_values_of_a_big_table_come_from_a_sample_and_counts_from_all_rows(spark: SparkSession) -> None:
    found = profile(spark.range(5000).select(F.lit("x").alias("v")), sample=400)
    assert found.rows == 5000
    assert 100 < found.sampled <= 400
    assert found.columns[0].top == (("x", found.sampled),)
    assert found.columns[0].longest == 1
