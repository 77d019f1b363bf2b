from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from math import inf, nan

import pytest
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from lakehouse.errors import ContractError
from lakehouse.quality.rule import Col, Rule
from lakehouse.quality.validity import Between, CastableTo, Finite, Length, Matches, OneOf
from tests.quality.judged import Case, judge


def noon(day: int) -> datetime:
    return datetime(2026, 1, day, 12)


CASES = [
    Case(Matches("[a-z]+"), right=["abc"], wrong=["abc1", "abc\n", "\nabc", ""]),
    Case(Matches("a|b"), right=["a", "b"], wrong=["ab", "ba"]),
    Case(Matches(r"\p{L}+"), right=["Zoë"], wrong=["R2D2"]),
    Case(Length(2, 3), right=["ab", "äöü", "😀😀😀", "  "], wrong=["a", "", "abcd", "😀"]),
    Case(Length(0, 0), right=[""], wrong=["a"]),
    Case(Between(0, 120), "int", right=[0, 1, 120], wrong=[-1, 121]),
    Case(Between(0, 1), "double", right=[0.0, -0.0, 1.0], wrong=[nan, inf, -inf, 1.0001]),
    Case(Between(-inf, 0), "double", right=[-inf, -1.0], wrong=[nan, inf, 0.1]),
    Case(Between(0, 9), right=["0", " 9 ", "8.5"], wrong=["10", "nine", "", "NaN"]),
    Case(Between(Decimal("0.01"), Decimal("0.02")), "decimal(5,3)", right=[Decimal("0.015")], wrong=[Decimal("0.021")]),
    Case(
        Between(date(2026, 1, 2), date(2026, 1, 3)),
        "date",
        right=[date(2026, 1, 2), date(2026, 1, 3)],
        wrong=[date(2026, 1, 1), date(2026, 1, 4)],
    ),
    Case(Between(date(2026, 1, 2), date(2026, 1, 3)), right=["2026-01-02"], wrong=["2026-01-04", "2026-13-01", "soon"]),
    Case(Between(noon(2), noon(3)), "timestamp", right=[noon(2), noon(3)], wrong=[noon(1), noon(4)]),
    Case(Between(0, Col("ten")), "int", right=[0, 10], wrong=[-1, 11]),
    Case(Between(Col("ten"), Col("nan")), "double", right=[10.0, 11.0], wrong=[nan, inf, 9.0]),
    Case(Between(Col("minus_inf"), 10), "double", right=[10.0], wrong=[-inf, inf, nan]),
    Case(Between(Col("none"), 10), "int", not_judged=[9, 11, None]),
    Case(Between(Col("day"), Col("day")), "date", right=[date(2026, 1, 2)], wrong=[date(2026, 1, 1)]),
    Case(Finite(), "double", right=[0.0, 1e308], wrong=[nan, inf, -inf]),
    Case(Finite(), "float", right=[0.5], wrong=[nan, inf, -inf]),
    Case(Finite(), "int", right=[0, -(2**31)]),
    Case(Finite(), right=["1", "1e300"], wrong=["NaN", "Infinity", "one", "1e999"]),
    Case(OneOf("a", "b"), right=["a", "b"], wrong=["c", "A", "a ", ""]),
    Case(OneOf("other"), right=["other"], wrong=["a"]),
    Case(OneOf("1", "x"), "int", right=[1], wrong=[2]),
    Case(OneOf(1, 2.5), "double", right=[1.0, 2.5], wrong=[2.0, nan]),
    Case(OneOf(1, 2), right=["1", "2.0"], wrong=["3", "one", ""]),
    Case(OneOf(True), "boolean", right=[True], wrong=[False]),
    Case(OneOf(2**62), "bigint", right=[2**62], wrong=[2**62 + 1]),
    Case(CastableTo("int"), right=["1", "-2147483648", " 7 "], wrong=["", "1.5", "2147483648", "one"]),
    Case(CastableTo("Decimal(4, 2)"), right=["99.99", "1.234"], wrong=["100", "1,5"]),
    Case(CastableTo("date"), right=["2026-02-28", "2026"], wrong=["2026-02-30", "28.02.2026"]),
    Case(CastableTo("timestamp"), right=["2026-02-28T10:00:00Z"], wrong=["10 o'clock"]),
    Case(CastableTo("boolean"), right=["true", "no", "1"], wrong=["maybe"]),
    Case(CastableTo("tinyint"), "bigint", right=[127], wrong=[128]),
]
COLUMNS = [
    "10 AS ten", "double('NaN') AS nan", "double('-Infinity') AS minus_inf", "int(null) AS none", "'a' AS other",
    "date('2026-01-02') AS day",
]  # fmt: skip


@pytest.fixture(scope="module")
def said(spark: SparkSession) -> list[list[tuple[str, str]]]:
    return judge(spark, CASES, columns=COLUMNS)


@pytest.mark.parametrize("n", range(len(CASES)), ids=map(str, CASES))
def test_a_value_that_is_allowed_is_told_from_one_that_is_not(said: list[list[tuple[str, str]]], n: int) -> None:
    assert said[n] == CASES[n].expected


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: Matches("[a-z"), "no regular expression"),
        (lambda: Matches("^a"), "leave out"),
        (lambda: Matches("a$"), "leave out"),
        (lambda: Length(-1, 2), "from 0 on"),
        (lambda: Length(3, 2), "lower limit"),
        (lambda: Between(2, 1), "lower limit"),
        (lambda: Between(date(2026, 1, 2), date(2026, 1, 1)), "lower limit"),
        (lambda: Between(1, date(2026, 1, 1)), "two types"),
        (lambda: Between(datetime(2026, 1, 1), datetime(2026, 1, 2, tzinfo=UTC)), "two types"),
        (lambda: Between(nan, 1), "a limit is"),
        (lambda: Between("ten", 20), "a limit is"),  # type: ignore[arg-type]
        (OneOf, "at least one"),
        (lambda: OneOf("a", 1), "all text, all numbers"),
        (lambda: OneOf(1, True), "all text, all numbers"),
        (lambda: OneOf(Col("a")), "all text, all numbers"),  # type: ignore[arg-type]
        (lambda: CastableTo("number"), "types such as"),
        (lambda: CastableTo("array<int>"), "types such as"),
        (lambda: CastableTo("decimal(39,2)"), "types such as"),
        (lambda: CastableTo("decimal(0)"), "types such as"),
        (lambda: CastableTo("decimal(2,3)"), "types such as"),
        (lambda: CastableTo("int)) OR (true"), "types such as"),
    ],
)
def test_a_rule_that_cannot_work_is_refused_when_it_is_declared(make: Callable[[], Rule], says: str) -> None:
    with pytest.raises(ContractError, match=says):
        make()


@pytest.mark.parametrize(("rule", "branch"), [(Between(0, 9), "try_cast"), (OneOf(1, 2), "try_cast")], ids=str)
def test_only_text_is_cast(spark: SparkSession, capsys: pytest.CaptureFixture[str], rule: Rule, branch: str) -> None:
    spark.range(3).select(rule.violated(F.col("id")).alias("bad")).explain()
    assert branch not in capsys.readouterr().out.lower().split("as bad")[0]
