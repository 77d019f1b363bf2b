"""What a gate demands, and what it says of what was broken."""

from __future__ import annotations

from typing import Annotated

import pytest
from pyspark.sql import SparkSession
from pyspark.sql.types import StringType

from lakehouse import Column, Schema, table
from lakehouse.errors import ContractError, QualityGateError
from lakehouse.quality import Gate, NotNull, Policy, RuleScore, TableScore, decide, require, rule_set, with_quality
from lakehouse.quality.segments import worst_segments


def rule(name: str, failed: int, *, assessed: int = 100, severity: str = "error", weight: float = 1.0) -> RuleScore:
    return RuleScore(
        name=name,
        column=name,
        dimension=f"d_{name}",
        severity=severity,
        weight=weight,
        failed=failed,
        assessed=assessed,
    )


def scored(*rules: RuleScore, rows_failed: int = 0) -> TableScore:
    return TableScore(table="silver.t", rule_set="x", rows=100, rows_failed=rows_failed, rules=rules)


GOOD, BAD = rule("good", 0, weight=99), rule("bad", 60)


@pytest.mark.parametrize(
    ("gate", "broken"),
    [
        (Gate(), ""),
        (Gate(minimum=0.9), ""),
        (Gate(minimum=0.999), "quality score 0.9940, at least 0.9990 is demanded"),
        (Gate(weakest=0.5), "weakest rule bad: 0.4000, at least 0.5000 is demanded"),
        (Gate(rules={"bad": 0.5}), "rule bad: score 0.4000, at least 0.5000 is demanded"),
        (Gate(dimensions={"d_bad": 0.5, "d_good": 1.0}), "dimension d_bad: score 0.4000, at least 0.5000 is demanded"),
        (Gate(policy=Policy.FAIL), "3 of 100 rows fail an error rule, and none may"),
    ],
)
def test_each_demand_is_held_against_the_score(gate: Gate, broken: str) -> None:
    assert ", ".join(decide(scored(GOOD, BAD, rows_failed=3), gate).broken) == broken


def test_a_good_mean_does_not_hide_the_weakest_error_rule() -> None:
    found = scored(GOOD, BAD, rule("warned", 99, severity="warn", weight=0.1))
    assert found.weakest == BAD
    assert found.score == pytest.approx(0.993, abs=1e-3)


def test_what_was_not_assessed_is_not_judged() -> None:
    gate = Gate(minimum=1.0, weakest=1.0, rules={"none": 1.0}, dimensions={"d_none": 1.0})
    assert decide(scored(rule("none", 0, assessed=0)), gate).passed


def test_the_error_has_the_demands_and_the_rules_that_cost_the_most() -> None:
    with pytest.raises(QualityGateError) as told:
        require(scored(GOOD, BAD), Gate(weakest=0.5))
    assert str(told.value).splitlines() == [
        "silver.t is below its gate:",
        "  - weakest rule bad: 0.4000, at least 0.5000 is demanded",
        "what cost the most:",
        "  - bad: 60 of 100 rows failed (60.0%)",
    ]


@pytest.mark.parametrize("wrong", [{"minimum": 1.1}, {"weakest": -0.1}, {"rules": {"x": 2.0}}])
def test_a_demand_that_is_no_score_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ContractError, match="scores are from 0 to 1"):
        Gate(**wrong)  # type: ignore[arg-type]


def test_segments_of_rows_that_are_dropped_cannot_be_demanded() -> None:
    with pytest.raises(ContractError, match="cannot be scored by segment; set them aside instead"):
        Gate(segments={"country": 0.9}, policy=Policy.DROP)


@table("silver.lands", rules=(Gate(segments={"country": 0.8}),))
class Lands(Schema):
    """Rows of countries."""

    country: Column[StringType]
    name: Annotated[Column[StringType], NotNull()]


def test_a_gate_that_names_what_is_not_there_is_refused_with_the_nearest_name() -> None:
    gate = Gate(segments={"contry": 0.9})
    with pytest.raises(ContractError, match="names the column 'contry'; did you mean 'country'"):
        gate.check(table="silver.lands", rules=[], columns=["country", "name"])


def test_segments_are_scored_by_the_values_of_a_column(spark: SparkSession) -> None:
    rules = rule_set(Lands)
    rows = [("NO", "a"), ("NO", None), ("SE", "b"), (None, None)]
    masked = with_quality(spark.createDataFrame(rows, "country string, name string"), rules)
    found = worst_segments(masked, rules, "country")
    assert found == [("country", "null", 0.0), ("country", "NO", 0.5), ("country", "SE", 1.0)]
    assert decide(scored(GOOD), rules.gate, segments=found).broken[1] == (
        "country = NO: score 0.5000, at least 0.8000 is demanded"
    )
