from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from lakehouse.quality.check_digits import Iban, Luhn
from lakehouse.quality.rule import Rule
from tests.quality.judged import Case, judge

# Examples of the registry: https://www.swift.com/standards/data-standards/iban-international-bank-account-number
IBANS = [
    "DE89370400440532013000", "FR1420041010050500013M02606", "GB29NWBK60161331926819", "NL91ABNA0417164300",
    "ES9121000418450200051332", "IT60X0542811101000000123456", "CH9300762011623852957", "NO9386011117947",
    "PL61109010140000071219812874", "MT84MALT011000012345MTLCAST001S", "SE4550000000058398257466",
]  # fmt: skip

CASES = [
    Case(
        Iban(),
        right=[*IBANS, "DE89 3704 0044 0532 0130 00", "ZZ03ABCDEFGHIJKLMNOPQRSTUVWXYZ0123"],
        wrong=[
            "DE8937040044053201300", "DE893704004405320130000", "de89370400440532013000", "DE00370400440532013000",
            "DE", "ZZ04ABCDEFGHIJKLMNOPQRSTUVWXYZ0123", "370400440532013000", "", " ", "DE89370400440532013000\n",
        ],
    ),
    Case(
        Luhn(),
        right=[
            "4111111111111111", "4111 1111 1111 1111", "5500-0000-0000-0004", "378282246310005", "6304000000000000000",
        ],
        wrong=[
            "4111111111111112", "1411111111111111", "18", "", "4111  1111 1111 1111", "4111111111111111 ", "x" * 16,
            "41111111111111111111", "４111111111111111",
        ],
    ),
]  # fmt: skip


@pytest.fixture(scope="module")
def said(spark: SparkSession) -> list[list[tuple[str, str]]]:
    return judge(spark, CASES)


@pytest.mark.parametrize("n", range(len(CASES)), ids=map(str, CASES))
def test_numbers_with_the_right_check_digit_are_told_from_others(said: list[list[tuple[str, str]]], n: int) -> None:
    assert said[n] == CASES[n].expected


def right_ones(spark: SparkSession, rule: Rule, texts: list[str]) -> list[str]:
    df = spark.createDataFrame([(text,) for text in texts], "x string")
    return [row.x for row in df.where(~rule.violated(F.col("x"))).collect()]


def test_any_one_digit_changed_makes_an_iban_wrong(spark: SparkSession) -> None:
    changed = [
        text[:at] + other + text[at + 1 :]
        for text in IBANS
        for at, digit in enumerate(text)
        if digit.isdigit()
        for other in "0123456789"
        if other != digit
    ]
    assert right_ones(spark, Iban(), changed) == []


def luhn_digit(digits: str) -> str:
    doubled = [2 * int(digit) if at % 2 == 0 else int(digit) for at, digit in enumerate(reversed(digits))]
    return str(-sum(n - 9 if n > 9 else n for n in doubled) % 10)


@settings(max_examples=3, deadline=None)
@given(numbers=st.lists(st.text("0123456789", min_size=11, max_size=18), min_size=20, max_size=200))
def test_exactly_one_digit_behind_any_digits_makes_them_right(spark: SparkSession, numbers: list[str]) -> None:
    texts = [number + digit for number in set(numbers) for digit in "0123456789"]
    assert sorted(right_ones(spark, Luhn(), texts)) == sorted(n + luhn_digit(n) for n in set(numbers))
