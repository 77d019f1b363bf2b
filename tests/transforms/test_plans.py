"""What Spark makes of the transforms that are expressions: nothing is moved, and nothing is Python."""

from __future__ import annotations

import pytest
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from lakehouse.transforms.country_places import is_in_country, time_zone
from lakehouse.transforms.currency import convert_unit
from lakehouse.transforms.geography import distance_km, geohash, is_on_earth
from lakehouse.transforms.hash_key import hash_key
from lakehouse.transforms.instants import parse_instant
from lakehouse.transforms.masking import generalise_number, generalise_text, pseudonym, redact
from lakehouse.transforms.matching import matched_pairs, with_cluster
from lakehouse.transforms.names import initials, name_key, person_name
from lakehouse.transforms.reshape import unpivot
from lakehouse.transforms.sessions import with_sessions

TEXT, NUMBER = "cast(id as string)", "cast(id as double)"


def test_expressions_and_unpivot_move_no_row_and_take_no_python(
    spark: SparkSession, capsys: pytest.CaptureFixture[str]
) -> None:
    text, number = F.expr(TEXT), F.expr(NUMBER)
    made = [person_name(text), initials(text), name_key(text), hash_key(text), parse_instant(text), redact(text)]
    made += [pseudonym(text, salt="x" * 16), generalise_text(text, keep=2), generalise_number(number, step=10)]
    made += [is_on_earth(number, number), convert_unit(number, from_="ft", to="m")]
    made += [time_zone(text), is_in_country(number, number, text)]
    made += [geohash(number, number), distance_km(number, number, number, number)]
    columns = spark.range(9).select("id", *(one.cast("string").alias(f"c{n}") for n, one in enumerate(made)))
    unpivot(columns, key=["id"], columns=[f"c{n}" for n in range(len(made))], name="of", value="is").explain()
    plan = capsys.readouterr().out
    assert [word for word in ("Exchange", "Python", "Arrow") if word in plan] == []


def test_sessions_take_one_shuffle_and_pairs_one_by_block_and_one_by_pair(
    spark: SparkSession, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = spark.range(0, 9, 1, 2).select("id", F.expr(TEXT).alias("text"), F.timestamp_seconds("id").alias("at"))
    with_sessions(rows, key=["text"], at="at", gap_seconds=60).explain()
    sessions = capsys.readouterr().out.count("Exchange")
    matched_pairs(rows, identifier="id", blocks={"text": F.col("text")}, evidence={"text": F.col("text")}).explain()
    assert (sessions, capsys.readouterr().out.count("Exchange")) == (1, 2)


def test_a_cluster_takes_one_shuffle_for_each_round(spark: SparkSession, capsys: pytest.CaptureFixture[str]) -> None:
    with_cluster(spark.range(0, 9, 1, 2).selectExpr("id AS one", "id + 1 AS other"), rounds=3).explain()
    assert capsys.readouterr().out.count("Exchange") == 3
