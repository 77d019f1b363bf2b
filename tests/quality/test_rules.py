from __future__ import annotations

from typing import Annotated

import pytest
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql.types import DateType, IntegerType, LongType, StringType

from lakehouse import Column, Schema, Scored, conform, table
from lakehouse.errors import ContractError, QualityGateError
from lakehouse.quality import (
    Between,
    EmailSyntax,
    Gate,
    Holds,
    NotNull,
    Severity,
    observe,
    require,
    rule_set,
    score,
    with_quality,
)


@table("silver.people", key=("id",), rules=(Holds("end_after_start", "ends >= starts", weight=2.0),))
class People(Scored):
    """People."""

    id: Annotated[Column[LongType], NotNull(name="id_there")]
    name: Annotated[Column[StringType], NotNull()]
    age: Annotated[Column[IntegerType], Between(0, 120), NotNull(severity=Severity.WARN)]
    starts: Column[DateType]
    ends: Column[DateType]


ROWS = """
    VALUES (1, 'a', 30, '2026-01-01', '2026-01-02'), (2, null, 200, '2026-01-02', '2026-01-01'),
           (3, 'c', null, null, '2026-01-01') AS t(id, name, age, starts, ends)
"""


@pytest.fixture
def people(spark: SparkSession) -> DataFrame:
    return spark.sql(f"SELECT bigint(id) id, name, int(age) age, date(starts) starts, date(ends) ends FROM {ROWS}")


def test_rules_are_named_after_column_and_kind() -> None:
    names = [bound.name for bound in rule_set(People).rules]
    assert names == ["id_there", "name_not_null", "age_between", "age_not_null", "end_after_start"]


def test_each_row_says_which_rules_failed(people: DataFrame) -> None:
    found = with_quality(people, rule_set(People)).orderBy("id").collect()
    assert [row.failed_rules for row in found] == [
        [],
        ["name_not_null", "age_between", "end_after_start"],
        ["age_not_null"],
    ]


def test_a_rows_score_is_one_less_the_weighted_share_that_failed(people: DataFrame) -> None:
    found = with_quality(people, rule_set(People)).orderBy("id").collect()
    assert [round(row.quality_score, 4) for row in found] == [1.0, round(1 - 4 / 6, 4), round(1 - 1 / 6, 4)]


def test_a_bit_of_the_mask_belongs_to_each_rule(people: DataFrame) -> None:
    found = with_quality(people, rule_set(People)).orderBy("id").collect()
    assert [row.quality_mask for row in found] == [0, 0b10110, 0b01000]


def test_what_is_missing_is_not_judged_twice(people: DataFrame) -> None:
    rules = {rule.name: (rule.failed, rule.assessed) for rule in score(people, People).rules}
    assert (rules["age_between"], rules["age_not_null"], rules["end_after_start"]) == ((1, 2), (1, 3), (1, 2))


def test_only_errors_make_a_row_fail(people: DataFrame) -> None:
    assert score(people, People).rows_failed == 1


def test_counts_of_the_write_pass_equal_those_of_a_scan(people: DataFrame) -> None:
    rules = rule_set(People)
    df, observed = observe(with_quality(people, rules), rules)
    df.write.format("noop").mode("overwrite").save()
    assert observed.score() == score(people, People)


def test_counts_that_never_come_are_given_up_after_the_time_out(people: DataFrame) -> None:
    rules = rule_set(People)
    _, observed = observe(with_quality(people, rules), rules)
    assert observed.score(timeout_seconds=0.2) is None


def test_a_score_below_what_is_required_names_the_worst_rules(people: DataFrame) -> None:
    with pytest.raises(QualityGateError) as told:
        require(score(people, People), Gate(minimum=0.99))
    assert told.value.worst[0] == "end_after_start: 1 of 2 rows failed (50.0%)"


def test_the_plan_evaluates_each_regex_once_and_scans_once(
    spark: SparkSession, capsys: pytest.CaptureFixture[str]
) -> None:
    @table("silver.mails")
    class Mails(Scored):
        """Mails."""

        mail: Annotated[Column[StringType], EmailSyntax()]

    df = spark.range(10).selectExpr("string(id) AS mail")
    with_quality(df, rule_set(Mails)).explain()
    plan = capsys.readouterr().out.split("== Physical Plan ==")[-1]
    assert (plan.count("RLIKE"), plan.count("Range (")) == (1, 1)


def test_rules_of_one_name_are_refused() -> None:
    @table("silver.twice")
    class Twice(Schema):
        """Twice."""

        a: Annotated[Column[StringType], NotNull(), NotNull()]

    with pytest.raises(ContractError, match="a_not_null"):
        rule_set(Twice)


def test_the_fingerprint_changes_with_a_rule_and_only_then() -> None:
    @table("silver.one")
    class One(Schema):
        """One."""

        a: Annotated[Column[IntegerType], Between(0, 1)]

    @table("silver.other")
    class Other(Schema):
        """Other."""

        a: Annotated[Column[IntegerType], Between(0, 2)]

    assert rule_set(One).id == rule_set(One).id != rule_set(Other).id


def test_an_empty_mask_that_a_build_left_is_not_taken_for_a_score(people: DataFrame) -> None:
    assert score(conform(people, People), People) == score(people, People)
