"""Rows that fail an error rule: kept, dropped, set aside, or a reason to publish nothing."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Annotated, Any

import pytest
from pyspark.sql.types import IntegerType, StringType

from lakehouse import Column, DataSet, Schema, Scored, build, conform, table
from lakehouse.catalog import ledger
from lakehouse.catalog.iceberg import Lake, TableNotFoundError
from lakehouse.contract.build import BuildSpec, build_of
from lakehouse.contract.ddl import full_name
from lakehouse.contract.table import TableSpec, spec_of
from lakehouse.errors import ConfigError, ContractError, LakehouseError, QualityGateError
from lakehouse.pipeline.quarantine import mark_repaired, quarantine_spec
from lakehouse.pipeline.release import Released, release
from lakehouse.pipeline.run import Built, Run, run_build
from lakehouse.quality import Between, Gate, Holds, Matches, NotNull, Policy, Severity, rule_set


class Source(Schema):
    """People."""

    name: Column[StringType]
    age: Column[IntegerType]


class Target(Scored):
    """People with a score."""

    name: Annotated[Column[StringType], NotNull(), Matches("[a-z]+", severity=Severity.WARN)]
    age: Annotated[Column[IntegerType], Between(0, 120)]


@dataclass
class Case:
    """A source, a target with a policy, and the build between them."""

    lake: Lake
    source: TableSpec
    build: BuildSpec

    def fill(self, *rows: tuple[str | None, int | None]) -> None:
        df = self.lake.spark.createDataFrame(list(rows), "name string, age int")
        df.writeTo(full_name(self.source, catalog="lake")).append()

    def run(self) -> Built:
        return run_build(self.lake, self.build, Run(minimum_score=lambda _table, _declared: 0.0))

    def names(self) -> list[tuple[str, int]]:
        return sorted((row["name"], row["age"]) for row in self.lake.rows(self.build.table).collect())

    def waiting(self) -> list[Any]:
        return self.lake.rows(quarantine_spec(self.build.table)).collect()

    def release(self, *, where: str | None = None, dry_run: bool = False, **repairs: str) -> Released:
        table, run_id = self.build.table, uuid.uuid4().hex
        return release(
            self.lake, table, rules=rule_set(table), repairs=repairs, where=where, run_id=run_id, dry_run=dry_run
        )


def case_of(
    lake: Lake, name: str, policy: Policy, *, rules: tuple[object, ...] = (), scored: type[Schema] = Target
) -> Case:
    source: Any = table(f"bronze.{name}")(type("S", (Source,), {"__annotations__": {}}))
    declare = table(f"silver.{name}", key=("name",), rules=(Gate(policy=policy), *rules))
    target: Any = declare(type("T", (scored,), {"__annotations__": {}}))

    def copy(people):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
        return conform(people, target)

    copy.__annotations__ = {"people": DataSet[source], "return": DataSet[target]}
    found = build_of(build(copy))
    assert found
    lake.ensure(spec_of(source))
    return Case(lake, spec_of(source), found)


Make = Callable[..., Case]


@pytest.fixture
def make(lake: Lake, unique: str) -> Make:
    return partial(case_of, lake, unique)


ROWS = [("a", 30), ("b", 300), ("B", 40), ("c", -1)]
TWICE_MORE = [("c", -1), ("c", -1)]


def test_bad_rows_are_kept_with_their_mask_when_nothing_else_is_said(make: Make) -> None:
    case = make(Policy.KEEP)
    case.fill(*ROWS)
    case.run()
    assert case.names() == sorted(ROWS)


def test_dropped_rows_are_counted_in_the_score_and_nowhere_else(make: Make) -> None:
    case = make(Policy.DROP)
    case.fill(*ROWS)
    built = case.run()
    assert case.names() == [("B", 40), ("a", 30)]
    assert built.score
    assert (built.score.rows, built.score.rows_failed) == (4, 2)


def test_nothing_is_published_while_a_row_is_bad_where_none_may_be(make: Make) -> None:
    case = make(Policy.FAIL)
    case.fill(*ROWS)
    with pytest.raises(QualityGateError, match="2 of 4 rows fail an error rule, and none may"):
        case.run()
    assert case.names() == []


@pytest.fixture(scope="module")
def aside(lake: Lake) -> Case:
    """A table whose bad rows were set aside, for those who only look."""
    case = case_of(lake, f"t{uuid.uuid4().hex[:10]}", Policy.QUARANTINE)
    case.fill(*ROWS, *TWICE_MORE)
    case.run()
    return case


def test_good_and_quarantined_rows_are_the_rows_of_the_build_however_often_one_occurs(aside: Case) -> None:
    waiting = [(row["row"]["name"], row["row"]["age"]) for row in aside.waiting()]
    assert Counter([*aside.names(), *waiting]) == Counter([*ROWS, *TWICE_MORE])


def test_a_row_in_quarantine_says_why_and_where_it_came_from(aside: Case) -> None:
    (row,) = [row for row in aside.waiting() if row["row"]["name"] == "b"]
    entry = ledger.latest(aside.lake.table(aside.build.table.name))
    assert entry
    assert (row["failed_rules"], row["run_id"], row["released_at"]) == (["age_between"], entry.run_id, None)
    assert row["inputs"] == f'{{"{aside.source.name}": {entry.inputs[aside.source.name]}}}'


def test_where_no_row_is_bad_and_none_was_the_quarantine_is_left_alone(make: Make) -> None:
    case = make(Policy.QUARANTINE)
    case.fill(("a", 30))
    case.run()
    assert case.lake.table(quarantine_spec(case.build.table).name).current_snapshot() is None
    assert case.names() == [("a", 30)]


def test_what_the_build_does_not_give_any_more_leaves_the_quarantine(make: Make) -> None:
    case = make(Policy.QUARANTINE)
    case.fill(("b", 300))
    case.run()
    case.lake.spark.sql(f"DELETE FROM {full_name(case.source, catalog='lake')}")
    case.fill(("a", 30))
    case.run()
    assert (case.waiting(), case.names()) == ([], [("a", 30)])


@pytest.mark.slow  # three builds
def test_repaired_rows_go_back_once_and_stay_over_the_next_build(make: Make) -> None:
    case = make(Policy.QUARANTINE)
    case.fill(*ROWS)
    case.run()
    done = case.release(age="abs(age)", where="age < 0")
    again = case.release(age="abs(age)", where="age < 0")
    assert (done.chosen, done.repaired, done.put_back) == (1, 1, 1)
    assert (again.chosen, again.put_back) == (0, 0)
    case.fill(("d", 50))
    case.run()
    assert case.names() == [("B", 40), ("a", 30), ("c", 1), ("d", 50)]


def test_a_release_that_died_before_its_publish_is_completed_by_the_next_one(make: Make) -> None:
    case = make(Policy.QUARANTINE)
    case.fill(*ROWS)
    case.run()
    table, lake = case.build.table, case.lake
    waiting = lake.rows(quarantine_spec(table)).where("row.name = 'c'")
    repaired = waiting.selectExpr("row_id", "named_struct('name', row.name, 'age', 1) as repaired")
    mark_repaired(lake, table, repaired, datetime(2026, 5, 1, tzinfo=UTC))
    assert (case.release(where="false").put_back, case.names()) == (1, [("B", 40), ("a", 30), ("c", 1)])


def test_rows_that_still_fail_stay_and_the_rule_is_told(aside: Case) -> None:
    done = aside.release()
    assert (done.chosen, done.repaired, done.still_failing) == (4, 0, {"age_between": 4})
    assert (len(aside.waiting()), aside.names()) == (4, [("B", 40), ("a", 30)])


def test_a_dry_run_counts_and_changes_nothing(aside: Case) -> None:
    done = aside.release(age="if(age < 0, 30, age)", dry_run=True)
    assert (done.chosen, done.repaired, done.still_failing) == (4, 3, {"age_between": 1})
    assert (len(aside.names()), {row["released_at"] for row in aside.waiting()}) == (2, {None})


def test_a_release_leaves_a_table_that_the_next_run_finds_up_to_date(make: Make) -> None:
    case = make(Policy.QUARANTINE)
    case.fill(*ROWS)
    case.run()
    case.release(age="30")
    assert case.run().status.value == "up to date"
    assert len(case.names()) == 4


def test_a_repair_of_no_column_or_no_sql_is_refused(aside: Case) -> None:
    with pytest.raises(ConfigError, match="has no column aeg to repair; it has name, age"):
        aside.release(aeg="1")
    with pytest.raises(ConfigError, match="cannot be read as SQL"):
        aside.release(age="agee + 1")


def test_nothing_was_set_aside_is_told(make: Make) -> None:
    case = make(Policy.KEEP)
    case.lake.ensure(case.build.table)
    with pytest.raises(TableNotFoundError, match="was set aside so far"):
        case.release()


def test_a_table_that_keeps_no_mask_has_no_quarantine() -> None:
    bare: Any = table("silver.bare", key=("name",))(type("Bare", (Source,), {"__annotations__": {}}))
    with pytest.raises(ContractError, match="make its class a Scored and give it a key"):
        quarantine_spec(spec_of(bare))


@pytest.mark.usefixtures("ansi")
def test_a_rule_that_throws_on_a_value_is_named(make: Make) -> None:
    case = make(Policy.KEEP, rules=(Holds("name_is_a_number", "cast(name as int) > 0"),))
    case.fill(("a", 1))
    with pytest.raises(LakehouseError, match=r"(?s)rule name_is_a_number threw on a value.*try_cast"):
        case.run()
