"""What a build is given and does wrong, and what its surroundings do: each is refused in words, and ``main`` stays."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pyiceberg.table.update import AddSnapshotUpdate
from pyspark.sql import functions as F

from lakehouse import conform
from lakehouse.catalog import ledger
from lakehouse.catalog.iceberg import Lake, TableNotFoundError
from lakehouse.catalog.publish import main_of, point_main_to
from lakehouse.contract.ddl import full_name
from lakehouse.errors import BuildError, ClockError, LakehouseError, QualityGateError, SchemaMismatchError
from lakehouse.pipeline.run import Status
from lakehouse.quality import Unique
from tests.pipeline.test_run import Case, make

SLOW = pytest.mark.slow  # together: each builds a table twice
Body = Callable[[Any, datetime], Any]


def broken(lake: Lake, unique: str, body: Body) -> Case:
    """A table that was published once; what its build does from then on is another thing."""
    calls: list[int] = []

    def first_well(people: Any, now: datetime) -> Any:
        calls.append(1)
        if len(calls) > 1:
            return body(people, now)
        return conform(people.withColumn("built_on", F.lit(now.date())), case.build.output)

    case: Case = make(lake, unique, first_well)
    lake.ensure(case.source)
    case.fill(("a", 30))
    case.run()
    case.fill(("b", 31))
    return case


def refused(case: Case, error: type[LakehouseError], **options: Any) -> str:
    """Run, and make sure that it ends with exit code 3 and leaves what was published."""
    before = main_of(case.lake.table(case.build.table.name))
    with pytest.raises(error) as told:
        case.run(**options)
    assert (told.value.exit_code, main_of(case.lake.table(case.build.table.name))) == (3, before)
    return str(told.value)


def _raises(people: Any, _: datetime) -> Any:
    return dict[str, Any]()["no such key"]


def _divides(people: Any, now: datetime) -> Any:
    zero = F.length(F.lit("")) - F.length("name") + 1
    return people.select("name", (F.col("age") / zero).cast("int").alias("age"), F.lit(now.date()).alias("built_on"))


@pytest.mark.usefixtures("ansi")
@pytest.mark.parametrize(
    ("body", "said"),
    [
        (_raises, "raised KeyError: 'no such key' (line "),
        pytest.param(lambda *_: None, "a return is missing", marks=SLOW),
        pytest.param(lambda people, _: people.where("aeg > 1"), "raised A column, variable, or function", marks=SLOW),
        (_divides, "gives rows that Spark could not write: Division by zero"),
    ],
    ids=["an exception of its own", "nothing", "a column that is not there", "a value that cannot be computed"],
)
def test_what_a_build_raises_is_told_with_its_place_and_nothing_is_published(
    lake: Lake, unique: str, body: Body, said: str
) -> None:
    case = broken(lake, unique, body)
    text = refused(case, BuildError)
    assert text.startswith(f"{case.build.table.name} was not built: its build ({__file__.rsplit('/', 1)[0]}/")
    assert said in text


@SLOW
def test_an_input_that_is_dropped_is_told_and_the_table_stays(lake: Lake, unique: str) -> None:
    case = broken(lake, unique, _raises)
    lake.spark.sql(f"DROP TABLE {full_name(case.source, catalog='lake')}")
    assert "does not exist yet: run `lakehouse stream" in refused(case, TableNotFoundError)


@SLOW
def test_a_contract_that_cannot_be_evolved_is_refused_before_anything_is_written(lake: Lake, unique: str) -> None:
    case = broken(lake, unique, _raises)
    lake.spark.sql(f"ALTER TABLE {full_name(case.build.table, catalog='lake')} ADD COLUMN by_hand int")
    text = refused(case, SchemaMismatchError)
    assert "by_hand: in the table, not in the contract" in text
    assert "Nothing was changed." in text


@SLOW
def test_rules_that_fail_all_rows_are_refused_with_the_rows_on_a_branch(lake: Lake, unique: str) -> None:
    case = broken(
        lake, unique, lambda people, _: people.selectExpr("name", "-age AS age", "current_date() AS built_on")
    )
    text = refused(case, QualityGateError, minimum=0.75)
    assert "age_between: 2 of 2 rows failed (100.0%)" in text
    assert f"SELECT * FROM {case.build.table.name} VERSION AS OF 'audit_" in text


@SLOW
def test_a_key_that_comes_twice_is_counted_where_the_contract_says_unique_and_the_gate_refuses_it(
    lake: Lake, unique: str
) -> None:
    case = broken(lake, unique, lambda people, _: people.selectExpr("'a' AS name", "age", "current_date() AS built_on"))
    only_once = [("", Unique("name"))]
    text = refused(case, QualityGateError, minimum=0.9, more_rules=lambda _: only_once)
    assert "unique" in text


@SLOW
def test_a_clock_that_is_behind_the_last_change_is_told_before_anything_is_written(lake: Lake, unique: str) -> None:
    case = broken(lake, unique, _raises)
    table = lake.table(case.build.table.name)
    last = table.current_snapshot()
    assert last is not None
    changed = {"snapshot_id": 7, "parent_snapshot_id": last.snapshot_id, "sequence_number": 99}
    ahead = last.model_copy(update=changed | {"timestamp_ms": int(time.time() * 1000) + 3_600_000})
    table.catalog.commit_table(table, (), (AddSnapshotUpdate(snapshot=ahead), point_main_to(table, 7)))
    assert "it was changed last 3,6" in refused(case, ClockError)


@SLOW
def test_a_clock_that_went_back_builds_for_its_day_and_the_last_to_publish_is_the_newest(
    lake: Lake, unique: str
) -> None:
    case: Case = make(lake, unique)
    lake.ensure(case.source)
    case.fill(("a", 30))
    today = datetime(2026, 1, 2, tzinfo=UTC)
    case.run(instant=today, run_id="today")
    built = case.run(instant=today - timedelta(days=1), run_id="yesterday")
    newest = ledger.latest(lake.table(case.build.table.name))
    assert newest is not None
    assert (built.status, newest.run_id, case.rows()[0].built_on.day) == (Status.PUBLISHED, "yesterday", 1)
