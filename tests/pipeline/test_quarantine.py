"""Rows that fail an error rule: kept, dropped, set aside, or a reason to publish nothing."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
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


Make = Callable[..., Case]


@pytest.fixture
def make(lake: Lake, unique: str) -> Make:
    def made(policy: Policy, *, rules: tuple[object, ...] = (), scored: type[Schema] = Target) -> Case:
        source: Any = table(f"bronze.{unique}")(type("S", (Source,), {"__annotations__": {}}))
        declare = table(f"silver.{unique}", key=("name",), rules=(Gate(policy=policy), *rules))
        target: Any = declare(type("T", (scored,), {"__annotations__": {}}))

        def copy(people):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
            return conform(people, target)

        copy.__annotations__ = {"people": DataSet[source], "return": DataSet[target]}
        found = build_of(build(copy))
        assert found
        lake.ensure(spec_of(source))
        return Case(lake, spec_of(source), found)

    return made


ROWS = [("a", 30), ("b", 300), ("B", 40), ("c", -1)]


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


def test_good_and_quarantined_rows_are_the_rows_of_the_build_however_often_one_occurs(make: Make) -> None:
    case = make(Policy.QUARANTINE)
    rows = [*ROWS, ("c", -1), ("c", -1), (None, 3)]
    case.fill(*[row for row in rows if row[0]])
    case.run()
    aside = [(row["row"]["name"], row["row"]["age"]) for row in case.waiting()]
    assert Counter([*case.names(), *aside]) == Counter(row for row in rows if row[0])


def test_a_row_in_quarantine_says_why_and_where_it_came_from(make: Make) -> None:
    case = make(Policy.QUARANTINE)
    case.fill(("b", 300))
    case.run()
    (row,) = case.waiting()
    entry = ledger.latest(case.lake.table(case.build.table.name))
    assert entry
    assert (row["failed_rules"], row["run_id"], row["released_at"]) == (["age_between"], entry.run_id, None)
    assert row["inputs"] == f'{{"{case.source.name}": {entry.inputs[case.source.name]}}}'


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


def test_rows_that_still_fail_stay_and_the_rule_is_told(make: Make) -> None:
    case = make(Policy.QUARANTINE)
    case.fill(*ROWS)
    case.run()
    done = case.release()
    assert (done.chosen, done.repaired, done.still_failing) == (2, 0, {"age_between": 2})
    assert case.names() == [("B", 40), ("a", 30)]


def test_a_dry_run_counts_and_changes_nothing(make: Make) -> None:
    case = make(Policy.QUARANTINE)
    case.fill(*ROWS)
    case.run()
    done = case.release(age="30", dry_run=True)
    assert (done.repaired, len(case.names()), {row["released_at"] for row in case.waiting()}) == (2, 2, {None})


def test_a_release_leaves_a_table_that_the_next_run_finds_up_to_date(make: Make) -> None:
    case = make(Policy.QUARANTINE)
    case.fill(*ROWS)
    case.run()
    case.release(age="30")
    assert case.run().status.value == "up to date"
    assert len(case.names()) == 4


def test_a_repair_of_no_column_or_no_sql_is_refused(make: Make) -> None:
    case = make(Policy.QUARANTINE)
    case.fill(*ROWS)
    case.run()
    with pytest.raises(ConfigError, match="has no column aeg to repair; it has name, age"):
        case.release(aeg="1")
    with pytest.raises(ConfigError, match="cannot be read as SQL"):
        case.release(age="agee + 1")


def test_nothing_was_set_aside_is_told(make: Make) -> None:
    case = make(Policy.KEEP)
    case.fill(("a", 1))
    case.run()
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
