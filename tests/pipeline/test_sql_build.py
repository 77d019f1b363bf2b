"""A build that is a SQL file, from its text to what is published."""

from __future__ import annotations

import importlib
from datetime import UTC, date, datetime
from pathlib import Path

import pyarrow as pa
import pytest

from lakehouse.catalog.iceberg import Lake
from lakehouse.contract.build import BuildSpec, build_of
from lakehouse.contract.table import spec_of
from lakehouse.pipeline.run import Run, Status, run_build
from lakehouse.pipeline.type_check import EmptyTables, check_build
from lakehouse.quality import rule_set
from lakehouse.testing import assert_build, assert_build_laws, make_rows

MODULE = """
from pyspark.sql.types import DateType, LongType, StringType
from lakehouse import Column, Scored, Schema, table
from lakehouse.contract import Groups, sql_build
from lakehouse.quality import Between

@table("silver.{name}", external=True)
class Orders(Schema):
    day: Column[StringType]
    amount: Column[LongType]

@table("gold.{name}", key=("day",))
class Revenue(Scored):
    day: Column[StringType]
    amount: Column[LongType]
    asked_on: Column[DateType]

revenue = sql_build(
    "revenue.sql", inputs={{"orders": Orders}}, output=Revenue, follows=Groups("day"), instant="now"
)
"""
TEXT = """-- Sums by day.
SELECT day, sum(amount) AS amount, CAST(:now AS date) AS asked_on
FROM {orders} AS o GROUP BY day"""
NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)


class Place:
    def __init__(self, folder: Path, name: str) -> None:
        self.folder, self.name, self.count = folder, name, 0

    def declare(self, text: str = TEXT) -> BuildSpec:
        self.count += 1
        package = f"sql_{self.name}_{self.count}"
        (self.folder / "revenue.sql").write_text(text)
        (self.folder / f"{package}.py").write_text(MODULE.format(name=self.name))
        self.module = importlib.import_module(package)
        found = build_of(self.module.revenue)
        assert found is not None
        return found


@pytest.fixture
def place(tmp_path: Path, unique: str, monkeypatch: pytest.MonkeyPatch) -> Place:
    monkeypatch.syspath_prepend(tmp_path)
    return Place(tmp_path, unique)


def test_it_is_published_followed_and_built_anew_when_its_text_changes(lake: Lake, place: Place) -> None:
    build = place.declare()
    spec = spec_of(place.module.Orders)
    lake.ensure(spec)

    def sell(*rows: tuple[str, int]) -> None:
        table = lake.table(spec.name)
        names = ("day", "amount")
        table.append(pa.Table.from_pylist([dict(zip(names, r, strict=True)) for r in rows], table.schema().as_arrow()))

    run = Run(minimum_score=lambda _table, _declared: 0, instant=NOW)
    sell(("mo", 1), ("mo", 2), ("tu", 5))
    assert run_build(lake, build, run).status is Status.PUBLISHED
    assert run_build(lake, build, run).status is Status.UP_TO_DATE
    changed = run_build(lake, place.declare(TEXT.replace("sum(", "max(")), run)
    assert changed.reason == "its code, its contract or its day changed"
    rows = {(row.day, row.amount, row.asked_on) for row in lake.read(build.output).collect()}
    assert rows == {("mo", 2, date(2026, 5, 1)), ("tu", 5, date(2026, 5, 1))}


def test_it_is_called_in_tests_as_any_build(lake: Lake, place: Place) -> None:
    build = place.declare()
    orders = make_rows(lake.spark, place.module.Orders, [{"day": "mo", "amount": n} for n in range(5)])
    assert_build(place.module.revenue, [{"day": "mo", "amount": 10}], orders=orders)
    assert [row.amount for row in place.module.revenue(orders, NOW).collect()] == [10]
    assert build.function.__name__ == "revenue"


@pytest.mark.slow  # each input is changed in turn, each time two jobs
def test_its_declaration_can_be_tried(lake: Lake, place: Place) -> None:
    place.declare()
    orders = make_rows(lake.spark, place.module.Orders, [{"day": d, "amount": n} for n in range(5) for d in ("a", "b")])
    assert_build_laws(place.module.revenue, orders=orders)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (TEXT.replace("sum(amount)", "sum(sums)"), "revenue.sql:2: "),
        (TEXT.replace("GROUP BY", "GROUP OF"), "revenue.sql:3: "),
        (TEXT.replace("AS amount", "AS total"), "amount: missing"),
        (TEXT.replace("AS o", "JOIN nowhere"), "nowhere"),
    ],
)
def test_a_mistake_is_found_without_data_and_with_its_line(lake: Lake, place: Place, wrong: str, said: str) -> None:
    build = place.declare(wrong)
    empty = EmptyTables(lake.spark)
    (problem,) = check_build(build, rule_set(build.table), instant=NOW, empty=empty)
    assert said in problem
    assert "\n" not in problem
    assert "_pyspark" not in problem
