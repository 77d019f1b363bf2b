"""Rules on the table as a whole: each with rows that are right, that are wrong, and that cannot be judged."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

import pytest
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql.types import IntegerType, StringType

from lakehouse import Column, Schema, table
from lakehouse.errors import ContractError
from lakehouse.quality import (
    Agrees,
    Arrived,
    Distribution,
    Facts,
    Finding,
    Fresh,
    Gate,
    HasColumns,
    NotInFuture,
    NotNull,
    References,
    RowCount,
    RowCountAsBefore,
    TableRule,
    TableScore,
    Unique,
    UniqueApprox,
    rule_set,
    score,
)

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)


def rows(spark: SparkSession, *found: tuple[Any, ...], columns: str = "id string, country string") -> DataFrame:
    return spark.createDataFrame(list(found), columns)


def found(rule: TableRule, df: DataFrame, **facts: Any) -> tuple[int, int, str]:
    finding = rule.measure(df, Facts(instant=NOON, **facts))
    return finding.failed, finding.assessed, finding.detail


def test_all_rows_that_share_a_key_fail_and_those_without_one_are_not_judged(spark: SparkSession) -> None:
    df = rows(spark, ("1", "a"), ("1", "b"), ("2", "a"), (None, "a"), (None, "b"))
    assert found(Unique("id"), df) == (2, 3, "1 keys occur more than once")


def test_a_combination_is_unique_where_its_parts_are_not(spark: SparkSession) -> None:
    assert found(Unique("id", "country"), rows(spark, ("1", "a"), ("1", "b"), ("2", "a")))[:2] == (0, 3)


def test_what_was_made_unique_is_not_looked_at(spark: SparkSession) -> None:
    twice = rows(spark, ("1", "a"), ("1", "a"))
    assert found(Unique("id"), twice, unique=("id",), rows=2)[:2] == (0, 2)
    assert found(Unique("id", "country"), twice, unique=("id",), rows=2)[:2] == (2, 2)


def test_of_a_table_whose_keys_were_unique_only_those_that_came_are_counted(spark: SparkSession) -> None:
    df = rows(spark, ("1", "a"), ("1", "a"), ("2", "b"), (None, "c"), (None, "c"))
    # Had it looked at all keys, it would have found the one that is there twice.
    assert Unique("id").measure_since(df, rows(spark, ("2", "b"), (None, "c"))) == Finding(failed=0, assessed=3)
    assert Unique("id", "country").measure_since(df, rows(spark, ("1", "b"))) == Finding(failed=0, assessed=3)


def test_a_key_that_came_and_is_there_twice_takes_a_look_at_all_keys(spark: SparkSession) -> None:
    df = rows(spark, ("1", "a"), ("1", "b"), ("2", "b"))
    assert Unique("id").measure_since(df, rows(spark, ("1", "b"))) is None


def test_a_sketch_tells_of_many_duplicates_and_not_of_few(spark: SparkSession) -> None:
    few, many = spark.range(10_000), spark.range(10_000).selectExpr("id % 5000 as id")
    assert found(UniqueApprox("id"), few)[0] == 0
    assert found(UniqueApprox("id"), many)[0] == pytest.approx(5_000, rel=0.05)


def test_the_newest_row_must_not_be_too_old(spark: SparkSession) -> None:
    df = spark.sql("select timestamp'2026-05-01T09:00:00Z' as at")
    assert found(Fresh(column="at", within=timedelta(hours=4)), df)[:2] == (0, 1)
    failed, _, detail = found(Fresh(column="at", within=timedelta(hours=1)), df)
    assert (failed, detail) == (
        1,
        "the newest is of 2026-05-01 09:00 UTC, 3 h old; at most 60 min",
    )


def test_no_rows_are_neither_fresh_nor_stale(spark: SparkSession) -> None:
    df = spark.sql("select timestamp'2026-05-01T09:00:00Z' as at where false")
    assert found(Fresh(column="at", within=timedelta(hours=1)), df) == (0, 0, "")


def test_a_clock_ahead_of_the_run_is_told(spark: SparkSession) -> None:
    df = spark.sql("select explode(array(timestamp'2026-05-01T12:03:00Z', timestamp'2026-05-02T00:00:00Z')) as at")
    assert found(NotInFuture(column="at"), df) == (1, 2, "the last is of 2026-05-02 00:00 UTC")


def test_an_event_that_came_late_is_counted(spark: SparkSession) -> None:
    df = spark.sql(
        "select timestamp'2026-05-01T00:00:00Z' as at, explode(array(timestamp'2026-05-01T00:10:00Z', "
        "timestamp'2026-05-01T03:00:00Z', null)) as arrived_at"
    )
    rule = Arrived(column="at", arrival="arrived_at", within=timedelta(hours=1))
    assert found(rule, df) == (1, 2, "the latest came after 3 h")


def test_keys_that_are_not_in_the_other_table_fail(spark: SparkSession) -> None:
    df = rows(spark, ("1", "NO"), ("2", "NO"), ("3", "XX"), ("4", "XX"), ("5", None))
    known = rows(spark, ("NO",), ("SE",), ("NO",), columns="code string")
    rule = References(columns=("country",), table="gold.countries", keys=("code",))
    assert found(rule, df, read=lambda _: known) == (2, 4, "1 keys are not in gold.countries")


def test_rows_that_say_something_else_than_another_table_fail(spark: SparkSession) -> None:
    other = rows(spark, ("1", "NO"), ("2", None), ("9", "SE"))
    df = rows(spark, ("1", "NO"), ("2", "SE"), ("3", "NO"))
    assert found(Agrees(columns=("country",), table="silver.other", on=("id",)), df, read=lambda _: other)[:2] == (1, 2)


def test_another_distribution_is_told_by_its_stability_index(spark: SparkSession) -> None:
    rule = Distribution(column="country", shares={"NO": 0.5, "SE": 0.4, None: 0.1})
    near = rows(spark, *[("1", "NO")] * 5, *[("1", "SE")] * 4, ("1", None))
    far = rows(spark, *[("1", "NO")] * 1, *[("1", "SE")] * 8, ("1", "DK"))
    assert found(rule, near)[:2] == (0, 1)
    assert found(rule, far)[0] == 1


def test_rows_are_held_against_limits(spark: SparkSession) -> None:
    assert found(RowCount(at_least=1), spark.range(0)) == (1, 1, "0 rows; at least 1")
    assert found(RowCount(at_least=1, at_most=3), spark.range(3))[0] == 0


def test_rows_are_held_against_the_last_publishes_once_there_are_enough(spark: SparkSession) -> None:
    past = [TableScore(table="t", rule_set="", rows=count, rows_failed=0, rules=()) for count in (100, 90, 110)]
    rule = RowCountAsBefore(within=0.3)
    assert found(rule, spark.range(95), past=past)[:2] == (0, 1)
    assert found(rule, spark.range(20), past=past)[2] == "20 rows, -80% of the usual 100; at most ±30%"
    assert found(rule, spark.range(20), past=past[:2]) == (0, 0, "")


def test_columns_that_are_missing_of_another_type_or_too_many_are_told(spark: SparkSession) -> None:
    rule = HasColumns(types={"id": "int", "country": "string", "cities": "int"}, others=False)
    assert found(rule, rows(spark, columns="id string, country string, citys int"))[2] == (
        "id: expected int, found string; cities: missing (found citys); citys: not expected"
    )


@pytest.mark.parametrize(
    "wrong",
    [
        Unique,
        lambda: UniqueApprox("a", rsd=0.9),
        lambda: Fresh(column="a", within=timedelta(-1)),
        lambda: References(columns=("a", "b"), table="x.y", keys=("a",)),
        lambda: Agrees(columns=(), table="x.y", on=("a",)),
        lambda: Distribution(column="a", shares={"x": 0.5}),
        lambda: RowCount(at_least=3, at_most=2),
        lambda: RowCountAsBefore(within=0),
        HasColumns,
    ],
)
def test_arguments_that_cannot_work_are_refused_when_the_rule_is_made(wrong: Any) -> None:
    with pytest.raises(ContractError):
        wrong()


@table("silver.ids", rules=(Unique("id"), RowCount(at_least=1), Gate(rules={"id_unique": 0.9})))
class Ids(Schema):
    """Ids."""

    id: Annotated[Column[StringType], NotNull()]
    n: Column[IntegerType]


def test_table_rules_stand_beside_row_rules_in_a_score(spark: SparkSession) -> None:
    scored = score(rows(spark, ("1", 1), ("1", 2), (None, 3), columns="id string, n int"), Ids)
    assert {rule.name: (rule.failed, rule.assessed) for rule in scored.rules} == {
        "id_not_null": (1, 3),
        "id_unique": (2, 2),
        "row_count": (0, 1),
    }
    assert scored.by_dimension["uniqueness"] == 0.0


def test_a_table_rule_changes_the_fingerprint_and_has_no_bit() -> None:
    with_, without = rule_set(Ids), rule_set(Ids, more=[("", RowCount(at_least=2, name="more"))])
    assert (len(with_.rules), len(with_.table_rules)) == (1, 2)
    assert with_.id != without.id


def test_a_table_rule_on_a_column_is_refused() -> None:
    with pytest.raises(ContractError, match=r"silver\.ids\.id: .* judges more than a column"):
        rule_set(Ids, more=[("id", Unique("id"))])


def test_instants_beyond_what_python_knows_are_judged_all_the_same(spark: SparkSession) -> None:
    df = spark.sql("select timestamp_seconds(900000000000) as at")
    assert found(NotInFuture(column="at"), df) == (1, 1, "the last is of 9999-12-31 23:59 UTC")
    assert found(Fresh(column="at", within=timedelta(hours=1)), df)[:2] == (0, 1)
