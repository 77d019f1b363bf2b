from __future__ import annotations

import hashlib
import hmac

import pytest
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from lakehouse.transforms.masking import generalise_number, generalise_text, not_anonymous, pseudonym, redact, token

SALT = "0123456789abcdef!"


def test_what_is_masked_tells_no_more_than_asked(spark: SparkSession) -> None:
    df = spark.createDataFrame([("4012-88", 34), ("é", -1), (None, None)], "text string, number int")
    text, number = F.col("text"), F.col("number")
    found = df.select(
        redact(text), redact(text, keep_last=2), generalise_text(text, keep=3), generalise_number(number, step=10)
    ).collect()
    assert [tuple(row) for row in found] == [
        ("*******", "*****88", "401****", "30-39"),
        ("*", "*", "é", "-10--1"),
        (None, None, None, None),
    ]


def test_a_pseudonym_is_the_hmac_of_the_value(spark: SparkSession) -> None:
    df = spark.createDataFrame([("Ann",), ("",), (None,)], "text string")
    found = df.select("text", pseudonym(F.col("text"), salt=SALT), token(F.col("text"), salt=SALT)).collect()
    for text, made, short in found:
        expected = None if text is None else hmac.new(SALT.encode(), text.encode(), hashlib.sha256).hexdigest()
        assert (made, short) == (expected, expected and expected[:12].upper())


@pytest.mark.parametrize("salt", ["short", "x" * 65])
def test_a_salt_that_is_too_short_or_too_long_is_refused(salt: str) -> None:
    with pytest.raises(ValueError, match="a salt has at"):
        pseudonym(F.lit("a"), salt=salt)


def test_groups_that_are_too_small_are_found(spark: SparkSession) -> None:
    df = spark.createDataFrame([("0150", 30)] * 3 + [("0150", 40), (None, 30), (None, 30)], "postcode string, age int")
    found = not_anonymous(df, quasi_identifiers=["postcode", "age"], k=3).collect()
    assert {tuple(row) for row in found} == {("0150", 40, 1), (None, 30, 2)}
