"""Builds: pinned inputs, scores in the write, the gate, up-to-date tables left alone."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

import pytest
from pyspark.sql import functions as F
from pyspark.sql.types import DateType, IntegerType, StringType

from lakehouse import Column, DataSet, Schema, Scored, build, conform, table
from lakehouse.catalog import ledger
from lakehouse.catalog.iceberg import Lake, TableNotFoundError
from lakehouse.catalog.leases import Holder, leases, take
from lakehouse.catalog.leasing import Leasing, hold
from lakehouse.catalog.quality_metrics import past_scores
from lakehouse.catalog.retention import Retention
from lakehouse.contract.build import BuildSpec, build_of
from lakehouse.contract.ddl import full_name
from lakehouse.contract.table import TableSpec, spec_of
from lakehouse.errors import QualityGateError, SchemaMismatchError
from lakehouse.pipeline.run import Built, Run, Status, run_build
from lakehouse.quality import Between, NotNull


class Source(Schema):
    """People."""

    name: Column[StringType]
    age: Column[IntegerType]


class Target(Scored):
    """People with a score."""

    name: Annotated[Column[StringType], NotNull()]
    age: Annotated[Column[IntegerType], Between(0, 120)]
    built_on: Column[DateType]


@dataclass
class Case:
    """A source table, a target table and the build between them."""

    lake: Lake
    source: TableSpec
    build: BuildSpec

    def fill(self, *rows: tuple[str | None, int | None]) -> None:
        df = self.lake.spark.createDataFrame(list(rows), "name string, age int")
        df.writeTo(full_name(self.source, catalog="lake")).append()

    def run(self, minimum: float = 0.5, **options: Any) -> Built:
        return run_build(self.lake, self.build, Run(minimum_score=lambda _table, _declared: minimum, **options))

    def rows(self) -> list[Any]:
        self.lake.refresh(self.build.table.name)
        return self.lake.rows(self.build.table).orderBy("name").collect()


def make(lake: Lake, unique: str, body: Callable[[Any, datetime], Any] | None = None) -> Case:
    source: Any = table(f"bronze.{unique}")(type("S", (Source,), {"__annotations__": {}}))
    target: Any = table(f"silver.{unique}", key=("name",))(type("T", (Target,), {"__annotations__": {}}))

    def copy(people, now):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
        if body:
            return body(people, now)
        return conform(people.withColumn("built_on", F.lit(now.date())), target)

    copy.__annotations__ = {"people": DataSet[source], "now": datetime, "return": DataSet[target]}
    found = build_of(build(copy))
    assert found is not None
    return Case(lake, spec_of(source), found)


@pytest.fixture(name="case")
def filled_case(lake: Lake, unique: str) -> Case:
    made = make(lake, unique)
    lake.ensure(made.source)
    return made


@dataclass(frozen=True)
class Once:
    """A table that was built of two rows, and what its run said."""

    case: Case
    built: Built
    instant: datetime


@pytest.fixture(scope="module")
def once(lake: Lake) -> Once:
    """For those who only look."""
    case = make(lake, f"t{uuid.uuid4().hex[:10]}")
    lake.ensure(case.source)
    case.fill(("a", 30), ("b", 300))
    instant = datetime.now(UTC)
    return Once(case, case.run(instant=instant), instant)


def test_rows_are_published_with_their_score_and_failed_rules(once: Once) -> None:
    assert [(r.name, r.quality_score, r.failed_rules) for r in once.case.rows()] == [
        ("a", 1.0, []),
        ("b", 0.5, ["age_between"]),
    ]


def test_the_score_of_the_table_is_counted_while_it_is_written(once: Once) -> None:
    built = once.built
    assert built.score is not None
    assert (built.rows, built.score.score, built.score.rows_failed) == (2, 0.75, 1)


def test_a_build_without_rows_has_no_score_and_is_published(case: Case) -> None:
    """Spark may drop an empty plan, and with it the node that counts."""
    case.fill(("a", 30))
    case.run()
    case.lake.spark.sql(f"DELETE FROM {full_name(case.source, catalog='lake')}")
    built = case.run(minimum=1.0)
    assert built.score
    assert (built.rows, built.score.score, built.score.rows, case.rows()) == (0, None, 0, [])


def test_each_publish_is_a_row_of_the_metrics(once: Once) -> None:
    lake, name = once.case.lake, once.case.build.table.name
    (found,) = past_scores(lake.catalog, name)
    lake.refresh("quality.metrics")
    metrics = lake.spark.table("`lake`.quality.metrics").where(f"table_name = '{name}'")
    rows = {row["rule"]: (row["failed"], row["assessed"]) for row in metrics.collect()}
    assert found.score == once.built.score
    assert rows == {None: (1, 2), "name_not_null": (0, 2), "age_between": (1, 2)}


def test_the_ledger_knows_inputs_code_rules_and_score(once: Once) -> None:
    case = once.case
    entry = ledger.latest(case.lake.table(case.build.table.name))
    head = case.lake.table(case.source.name).current_snapshot()
    assert entry is not None
    assert head is not None
    assert (entry.inputs, entry.snapshot_id) == ({case.source.name: head.snapshot_id}, once.built.snapshot_id)
    assert all((entry.code, entry.rules, entry.score))


def test_a_table_whose_inputs_and_code_are_unchanged_is_left_alone(once: Once) -> None:
    # By another day it would be stale: its build takes the instant.
    first, second = once.built, once.case.run(instant=once.instant)
    assert (second.status, second.snapshot_id, second.score) == (Status.UP_TO_DATE, first.snapshot_id, first.score)


def test_new_input_makes_a_table_stale(case: Case) -> None:
    case.fill(("a", 30))
    case.run()
    case.fill(("b", 30))
    assert (case.run().status, len(case.rows())) == (Status.PUBLISHED, 2)


def test_the_next_day_makes_a_table_stale_that_takes_the_instant(case: Case) -> None:
    case.fill(("a", 30))
    case.run(instant=datetime(2026, 1, 1, tzinfo=UTC))
    built = case.run(instant=datetime(2026, 1, 2, tzinfo=UTC))
    assert (built.status, case.rows()[0].built_on.day) == (Status.PUBLISHED, 2)


def test_full_builds_what_is_up_to_date_and_a_run_keeps_as_many_publishes_as_it_is_told(case: Case) -> None:
    case.fill(("a", 30))
    case.run()
    built = case.run(full=True, retention=Retention(keep_count=1))
    assert built.status is Status.PUBLISHED
    refs = case.lake.table(case.build.table.name).refs()
    assert [ref.snapshot_id for name, ref in refs.items() if name.startswith("publish_")] == [built.snapshot_id]


def test_rows_below_the_minimum_are_not_published_and_wait_on_a_branch(case: Case) -> None:
    case.fill(("a", 30))
    case.run()
    case.fill(("b", 300), ("c", 300))
    with pytest.raises(QualityGateError) as told:
        case.run(minimum=0.9)
    assert [row.name for row in case.rows()] == ["a"]
    name = full_name(case.build.table, catalog="lake")
    assert case.lake.spark.sql(f"SELECT * FROM {name} VERSION AS OF '{told.value.branch}'").count() == 3


def test_a_refusal_names_the_rule_that_cost_the_most(case: Case) -> None:
    case.fill(("a", 300), ("b", 3))
    with pytest.raises(QualityGateError, match=r"age_between: 1 of 2 rows failed \(50\.0%\)"):
        case.run(minimum=0.9)


def test_an_input_that_changes_during_a_run_is_read_as_it_was_at_its_start(lake: Lake, unique: str) -> None:
    def body(people: Any, now: datetime) -> Any:
        case.fill(("late", 1))
        return conform(people.withColumn("built_on", F.lit(now.date())), case.build.output)

    case: Case = make(lake, unique, body)
    lake.ensure(case.source)
    case.fill(("a", 30))
    case.run()
    assert [row.name for row in case.rows()] == ["a"]


def test_an_input_that_does_not_exist_says_what_to_run(lake: Lake, unique: str) -> None:
    case = make(lake, unique)
    with pytest.raises(TableNotFoundError, match=f"lakehouse stream bronze.{unique}"):
        case.run()


def test_a_build_that_gives_other_columns_is_refused_with_all_differences(lake: Lake, unique: str) -> None:
    case: Case = make(lake, unique, lambda df, _: conform(df.withColumnRenamed("age", "aeg"), case.build.output))
    lake.ensure(case.source)
    case.fill(("a", 30))
    with pytest.raises(SchemaMismatchError) as told:
        case.run()
    assert told.value.differences == ("age: missing (found aeg)", "built_on: missing")


ADA = Holder(run_id="ada", host="h1", pid=1, command="lakehouse run")
BOB = Holder(run_id="bob", host="h2", pid=2, command="lakehouse run")


def test_two_runs_at_once_do_not_build_the_same_twice(case: Case) -> None:
    case.fill(("a", 30))
    taken, awaited = threading.Event(), threading.Event()

    def first() -> None:
        with hold(Leasing(holder=BOB), case.lake.catalog, case.build.table.name):
            taken.set()
            awaited.wait(timeout=60)
            case.run(run_id="bob")

    other = threading.Thread(target=first)
    other.start()
    taken.wait(timeout=60)
    built = case.run(run_id="ada", leasing=Leasing(holder=ADA, say=lambda _text: awaited.set()))
    other.join()
    assert (built.status, [one.run_id for one in ledger.history(case.lake.table(built.table))]) == (
        Status.UP_TO_DATE,
        ["bob"],
    )


def test_a_run_whose_lease_was_taken_over_is_told_and_publishes_if_main_has_not_moved(lake: Lake, unique: str) -> None:
    said: list[str] = []

    def slow(people: Any, now: datetime) -> Any:
        take(lake.catalog, case.build.table.name, BOB, now=now + timedelta(hours=1), ttl=timedelta(hours=1))
        return conform(people.withColumn("built_on", F.lit(now.date())), case.build.output)

    case = make(lake, unique, slow)
    lake.ensure(case.source)
    case.fill(("a", 30))
    built = case.run(leasing=Leasing(holder=ADA, say=said.append))
    assert (built.status, built.rows, len(said), "run bob" in said[0]) == (Status.PUBLISHED, 1, 1, True)
    assert [one.holder for one in leases(lake.catalog) if one.table == built.table] == [BOB]
