"""The mask and what is derived from it: names, row scores, table scores; laws over any rows."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Annotated, Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql.types import DateType, DoubleType, IntegerType, StringType

from lakehouse import Column, Schema, table
from lakehouse.errors import ContractError
from lakehouse.quality import Between, Holds, NotNull, OneOf, Severity, Unique, rule_set, score, with_quality
from lakehouse.quality.mask import failed_any
from lakehouse.quality.score import measure


@table("silver.things", rules=(Holds("small_or_named", "size < 10 OR name IS NOT NULL", weight=3.0),))
class Things(Schema):
    """Things."""

    name: Annotated[Column[StringType], NotNull(), OneOf("a", "b", severity=Severity.WARN, weight=0.5)]
    size: Annotated[Column[IntegerType], NotNull(weight=2.0), Between(0, 100)]
    share: Annotated[Column[DoubleType], Between(0.0, 1.0)]


WIDE = 1_000


@table("silver.wide", rules=tuple(Holds(f"r{n}", f"c{n % 500} >= {n}", weight=1 + n % 3) for n in range(WIDE)))
class Wide(Schema):
    """The columns are made below; rules of the row name them."""

    c0: Column[IntegerType]


def things(spark: SparkSession, rows: list[tuple[Any, ...]]) -> DataFrame:
    return spark.createDataFrame(rows, "name string, size int, share double")


def test_names_are_those_of_the_bits_that_are_set(spark: SparkSession) -> None:
    rules = rule_set(Things)
    found = with_quality(things(spark, [("a", 1, 0.5), (None, 50, float("nan")), ("c", None, None)]), rules).collect()
    for row in found:
        assert row.failed_rules == [one.name for bit, one in enumerate(rules.rules) if row.quality_mask >> bit & 1]


def test_a_row_is_scored_by_the_weights_of_the_rules_that_it_fails(spark: SparkSession) -> None:
    found = with_quality(things(spark, [("a", 1, 0.5), ("c", 1, 0.5), (None, None, None)]), rule_set(Things)).collect()
    assert [round(row.quality_score, 6) for row in found] == [1.0, round(1 - 0.5 / 8.5, 6), round(1 - 3 / 8.5, 6)]


def test_only_errors_make_a_row_bad(spark: SparkSession) -> None:
    rules = rule_set(Things)
    rows = with_quality(things(spark, [("c", 1, 0.5), (None, 1, 0.5)]), rules)
    assert [row.bad for row in rows.select(failed_any(rules).alias("bad")).collect()] == [False, True]


def test_each_row_says_which_rule_set_its_mask_means(spark: SparkSession) -> None:
    rules = rule_set(Things)
    assert with_quality(things(spark, [("a", 1, 0.5)]), rules).first().quality_rules == rules.id  # type: ignore[union-attr]


def test_nan_and_infinity_are_in_no_range(spark: SparkSession) -> None:
    rows = [("a", 1, value) for value in (float("nan"), float("inf"), float("-inf"), 0.5, None)]
    found = {rule.name: rule for rule in score(things(spark, rows), Things).rules}["share_between"]
    assert (found.failed, found.assessed) == (3, 4)


def test_the_rows_with_a_value_are_not_counted_apart_from_those_without(spark: SparkSession) -> None:
    @table("silver.known")
    class Known(Schema):
        """A column that has to be there and that another rule judges."""

        name: Annotated[Column[StringType], NotNull(), OneOf("a", "b")]

    found = score(spark.createDataFrame([("a",), ("c",), (None,)], "name string"), Known).rules
    assert [(rule.failed, rule.assessed) for rule in found] == [(1, 3), (1, 2)]
    assert not rule_set(Known).assessments[0]


def test_the_mark_of_a_delete_is_not_judged(spark: SparkSession) -> None:
    @table("silver.deletable", key=("id",), newest_by=("at",), deleted_by="op = 'd'", rules=(Unique("name"),))
    class Deletable(Schema):
        """Things that can be deleted."""

        id: Column[IntegerType]
        at: Column[IntegerType]
        op: Column[StringType]
        name: Annotated[Column[StringType], NotNull()]

    rows = spark.createDataFrame(
        [(1, 1, "u", "a"), (2, 1, None, None), (3, 1, "d", None), (4, 1, "d", "a")],
        "id int, at int, op string, name string",
    )
    counted, masked = score(rows, Deletable), measure(with_quality(rows, rule_set(Deletable)), rule_set(Deletable))
    assert (counted.rows, counted.rows_failed) == (masked.rows, masked.rows_failed) == (2, 1)
    assert [(rule.failed, rule.assessed) for rule in counted.rules] == [(1, 2), (0, 1)]


def test_an_empty_table_has_no_score(spark: SparkSession) -> None:
    found = score(things(spark, []), Things)
    assert (found.score, found.by_dimension, found.weakest) == (None, {}, None)


def test_columns_of_nulls_alone_have_no_validity_and_no_completeness(spark: SparkSession) -> None:
    found = score(things(spark, [(None, None, None)] * 3), Things)
    assert found.by_dimension == {"completeness": 0.0}


def test_no_higher_order_function_takes_the_stage_out_of_code_generation(
    spark: SparkSession, capsys: pytest.CaptureFixture[str]
) -> None:
    with_quality(
        spark.range(9).selectExpr("cast(id as string) name", "1 size", "0.5D share"), rule_set(Things)
    ).explain()
    operators = [line for line in capsys.readouterr().out.splitlines() if "Project" in line or "Range" in line]
    assert operators
    assert all("*(1)" in line for line in operators)


def test_a_rule_on_a_missing_column_is_refused_with_the_nearest_name(spark: SparkSession) -> None:
    rows = things(spark, []).withColumnRenamed("size", "sizes")
    with pytest.raises(ContractError) as told:
        with_quality(rows, rule_set(Things))
    assert "size_between: no column 'size'; did you mean 'sizes'?" in str(told.value)
    assert "share_between" not in str(told.value)


@pytest.mark.parametrize(
    ("condition", "why"), [("size +", "[Ss]yntax error"), ("size", "true or false; found int"), ("nope(size)", "nope")]
)
def test_a_condition_that_spark_cannot_read_is_refused_before_it_runs(
    spark: SparkSession, condition: str, why: str
) -> None:
    wrong = rule_set(Things, more=[("", Holds("wrong", condition))])
    with pytest.raises(ContractError, match=rf"(?s)rules of silver\.things.*wrong: .*{why}"):
        with_quality(things(spark, []), wrong)


@pytest.mark.slow
def test_a_thousand_rules_over_five_hundred_columns_take_further_words(spark: SparkSession) -> None:
    rules = rule_set(Wide)
    wide = spark.range(3).selectExpr(*(f"cast(id * 400 as int) as c{n}" for n in range(500)))
    found = (
        with_quality(wide, rules).select("quality_mask", "quality_mask_more", "failed_rules", "quality_score").collect()
    )
    for at, row in enumerate(found):
        wrong = [n for n in range(WIDE) if at * 400 < n]
        assert row.failed_rules == [f"r{n}" for n in wrong]
        assert len(row.quality_mask_more) == (WIDE - 1) // 63
        weights = [1 + n % 3 for n in range(WIDE)]
        assert row.quality_score == pytest.approx(1 - sum(weights[n] for n in wrong) / sum(weights))


@pytest.mark.slow
def test_the_score_of_a_thousand_rules_counts_each(spark: SparkSession) -> None:
    wide = spark.range(2).selectExpr(*(f"cast(id * 999 as int) as c{n}" for n in range(500)))
    found = score(wide, Wide)
    assert [rule.failed for rule in found.rules] == [0] + [1] * (WIDE - 1)


values = st.tuples(
    st.none() | st.sampled_from(["a", "b", "c"]),
    st.none() | st.integers(-5, 105),
    st.none() | st.floats(-0.5, 1.5) | st.just(float("nan")),
)
lists = st.lists(values, min_size=1, max_size=30)
few = hypothesis_settings(max_examples=5, deadline=None, suppress_health_check=list(HealthCheck))


@given(lists)
@few
def test_scores_lie_between_0_and_1(spark: SparkSession, rows: list[tuple[Any, ...]]) -> None:
    df = with_quality(things(spark, rows), rule_set(Things))
    assert all(0 <= row.quality_score <= 1 for row in df.collect())
    found = score(things(spark, rows), Things)
    assert 0 <= (found.score or 0) <= 1
    assert all(0 <= part <= 1 for part in (*found.by_dimension.values(), *found.by_column.values()))


@given(lists, st.randoms(use_true_random=False), st.integers(1, 5))
@few
def test_neither_order_nor_partitions_change_a_score(
    spark: SparkSession, rows: list[tuple[Any, ...]], chance: Any, partitions: int
) -> None:
    mixed = chance.sample(rows, len(rows))
    assert score(things(spark, rows), Things) == score(things(spark, mixed).repartition(partitions), Things)


@given(lists, st.integers(0, 30))
@few
def test_the_counts_of_two_halves_sum_to_those_of_the_whole(
    spark: SparkSession, rows: list[tuple[Any, ...]], at: int
) -> None:
    first, second = (score(things(spark, part), Things) for part in (rows[:at], rows[at:]))
    assert first.merged(second) == score(things(spark, rows), Things)


@given(lists)
@few
def test_one_more_failing_row_never_raises_a_score(spark: SparkSession, rows: list[tuple[Any, ...]]) -> None:
    bad = (None, -1, 7.0)
    before, after = (score(things(spark, some), Things) for some in (rows, [*rows, bad]))
    for old, new in zip(before.rules, after.rules, strict=True):
        if new.failed > old.failed:
            assert (new.score or 0) <= (1 if old.score is None else old.score)
    assert after.rows_failed == before.rows_failed + 1


def test_rows_of_a_stream_are_scored_as_those_of_a_batch(spark: SparkSession, tmp_path: Path) -> None:
    rows, rules = [("a", 1, 0.5), (None, 500, 2.0)], rule_set(Things)
    things(spark, rows).write.parquet(str(tmp_path / "in"))
    stream = spark.readStream.schema("name string, size int, share double").parquet(str(tmp_path / "in"))
    query = with_quality(stream, rules).writeStream.format("parquet").trigger(availableNow=True)
    query.option("checkpointLocation", str(tmp_path / "c")).start(str(tmp_path / "out")).awaitTermination()
    found = spark.read.parquet(str(tmp_path / "out")).orderBy("size").collect()
    assert found == with_quality(things(spark, rows), rules).orderBy("size").collect()


def test_dates_that_only_spark_knows_are_judged(spark: SparkSession) -> None:
    @table("silver.days")
    class Days(Schema):
        """Days."""

        day: Annotated[Column[DateType], Between(date(1900, 1, 1), date(2100, 1, 1))]

    df = spark.sql("select explode(array(date'2000-01-01', date_add(date'9999-12-31', 99), date'-0044-03-15')) as day")
    assert (score(df, Days).rules[0].failed, score(df, Days).rules[0].assessed) == (2, 3)
