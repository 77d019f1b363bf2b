from __future__ import annotations

from datetime import date
from decimal import Decimal
from math import inf, nan

import pytest
from pyspark.sql import SparkSession

from lakehouse.errors import ContractError
from lakehouse.quality.completeness import Complete
from lakehouse.quality.consistency import DerivedFrom, Holds, Ordered, SumOf
from lakehouse.quality.rule import RowRule
from tests.quality.judged import Case, judge

HUGE, TINY = 2**63 - 1, -(2**63)
COLUMNS = [
    "1 AS one", "1 AS same", "2 AS two", "int(null) AS none", "0.10BD AS tax", "1.00BD AS net", "double('NaN') AS nan",
    f"{HUGE}L AS huge", "date('2026-01-02') AS day",
]  # fmt: skip

CASES = [
    Case(Holds("h", "one < two"), right=["x", None], not_judged=[]),
    Case(Holds("h", "one > two"), wrong=["x", None], not_judged=[]),
    Case(Holds("h", "one > none"), not_judged=["x", None]),
    Case(Ordered("one", "same", "two"), right=["x", None], not_judged=[]),
    Case(Ordered("one", "two", "same"), wrong=["x", None], not_judged=[]),
    Case(Ordered("two", "one", "none"), not_judged=["x", None]),
    Case(DerivedFrom("one + two"), "int", right=[3], wrong=[2, 4]),
    Case(DerivedFrom("one + none"), "int", not_judged=[3, None]),
    Case(DerivedFrom("concat(one, '-', two)"), right=["1-2"], wrong=["1-3", ""]),
    Case(DerivedFrom("date_add(day, one)"), "date", right=[date(2026, 1, 3)], wrong=[date(2026, 1, 2)]),
    Case(DerivedFrom("one / two", tolerance=0.25), "double", right=[0.25, 0.75], wrong=[0.24, 0.76, nan, inf, -inf]),
    Case(DerivedFrom("nan", tolerance=0.1), "double", right=[nan], wrong=[1.0, inf]),
    Case(DerivedFrom("huge", tolerance=1), "bigint", right=[HUGE, HUGE - 1], wrong=[HUGE - 2, -2, TINY]),
    Case(
        SumOf("net", "tax"),
        "decimal(10,4)",
        right=[Decimal("1.1000"), Decimal("1.1050"), Decimal("1.0950")],
        wrong=[Decimal("1.1051"), Decimal("1.0949")],
    ),
    Case(SumOf("one", "two", tolerance=0), "int", right=[3], wrong=[2, 4]),
    Case(SumOf("one", "none"), "int", not_judged=[1, None]),
    Case(SumOf("huge", "one"), "bigint", wrong=[TINY, HUGE]),
    Case(SumOf("nan", "one"), "double", right=[nan], wrong=[1.0]),
]


@pytest.fixture(scope="module")
def said(spark: SparkSession) -> list[list[tuple[str, str]]]:
    return judge(spark, CASES, columns=COLUMNS)


@pytest.mark.parametrize("n", range(len(CASES)), ids=map(str, CASES))
def test_what_fits_together_is_told_from_what_does_not(said: list[list[tuple[str, str]]], n: int) -> None:
    assert said[n] == CASES[n].expected


@pytest.mark.parametrize("rule", [Holds("h", "a > 0"), Ordered("a", "b"), Complete("a")], ids=lambda rule: rule.kind)
def test_a_rule_of_the_row_needs_no_column(spark: SparkSession, rule: RowRule) -> None:
    df = spark.createDataFrame([(1, 2)], "a int, b int")
    found = df.select(rule.violated().alias("bad"), rule.assessed().alias("judged"))
    assert found.first() == (False, True)


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: Holds("h", ""), "needs an expression"),
        (lambda: Ordered("a"), "at least 2 columns"),
        (lambda: Ordered("a", "a"), "twice"),
        (lambda: DerivedFrom(""), "needs an expression"),
        (lambda: DerivedFrom("a", tolerance=-0.1), "tolerance"),
        (lambda: DerivedFrom("a", tolerance=nan), "tolerance"),
        (SumOf, "at least 1 column"),
        (lambda: SumOf("a", tolerance=inf), "tolerance"),
    ],
)
def test_a_rule_that_cannot_work_is_refused_when_it_is_declared(make: object, says: str) -> None:
    with pytest.raises(ContractError, match=says):
        make()  # type: ignore[operator]
