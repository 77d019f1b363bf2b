from __future__ import annotations

import pytest
from pyspark.sql import SparkSession

from lakehouse.errors import ContractError
from lakehouse.quality.completeness import Complete, NotBlank, NotEmpty, NotNull, RequiredIf
from tests.quality.judged import Case, judge

CASES = [
    Case(NotNull(), right=["x", ""], wrong=[None], not_judged=[]),
    Case(NotBlank(), right=["x", " x\n"], wrong=["", " \t\n", None], not_judged=[]),
    Case(NotEmpty(), "array<int>", right=[[1], [None]], wrong=[[], None], not_judged=[]),
    Case(NotEmpty(), "map<string,int>", right=[{"a": 1}], wrong=[{}, None], not_judged=[]),
    Case(RequiredIf("shipped"), right=["x", ""], wrong=[None], not_judged=[]),
    Case(RequiredIf("NOT shipped"), not_judged=["x", None]),
    Case(RequiredIf("unknown"), not_judged=["x", None]),
    Case(Complete("here", "shipped"), right=["x", None], not_judged=[]),
    Case(Complete("here", "unknown"), wrong=["x", None], not_judged=[]),
]


@pytest.fixture(scope="module")
def said(spark: SparkSession) -> list[list[tuple[str, str]]]:
    return judge(spark, CASES, columns=["true AS shipped", "boolean(null) AS unknown", "1 AS here"])


@pytest.mark.parametrize("n", range(len(CASES)), ids=map(str, CASES))
def test_what_has_to_be_there_is_told_from_what_is_not(said: list[list[tuple[str, str]]], n: int) -> None:
    assert said[n] == CASES[n].expected


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: RequiredIf(" "), "needs an expression"),
        (Complete, "at least 1 column"),
        (lambda: Complete("a", ""), "at least 1 column"),
        (lambda: Complete("a", "a"), "twice"),
    ],
)
def test_a_rule_that_cannot_work_is_refused_when_it_is_declared(make: object, says: str) -> None:
    with pytest.raises(ContractError, match=says):
        make()  # type: ignore[operator]
