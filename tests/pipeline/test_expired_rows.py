"""A bronze table that keeps its records for a time: what was made of them stays, and is not built away."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest
from pyspark.sql import functions as F
from pyspark.sql.types import LongType

from lakehouse import Column, DataSet, Schema, build, conform, table
from lakehouse.contract.build import BuildSpec, build_of
from lakehouse.contract.follows import Follows, Keys, Rows
from lakehouse.errors import ExpiredInputError
from lakehouse.pipeline.build_plan import Strategy
from lakehouse.pipeline.cost import FOLLOW_ALWAYS
from lakehouse.pipeline.graph import Graph
from lakehouse.pipeline.lake_plan import plan_lake
from lakehouse.pipeline.run import Built, Run, Status, run_build
from lakehouse.pipeline.table_plan import Verdict
from tests.pipeline.conftest import Bench

pytestmark = pytest.mark.slow  # each streams into a table of its own and builds another of it


class Newest(Schema):
    """The newest reading of a value."""

    value: Column[LongType]
    at: Column[LongType]


@dataclass
class Kept:
    """A stream, and a build of the table that it fills."""

    bench: Bench
    build: BuildSpec

    def receive(self, *values: int) -> None:
        self.bench.send(*({"sensor": "a", "value": value} for value in values))
        self.bench.run()

    def expire(self, condition: str) -> None:
        self.bench.lake.refresh(self.bench.ingest.spec.name)
        self.bench.lake.spark.sql(f"DELETE FROM lake.{self.bench.ingest.spec.name} WHERE {condition}")

    def run(self, **options: Any) -> Built:
        return run_build(self.bench.lake, self.build, self.options(**options))

    def options(self, **more: Any) -> Run:
        return Run(minimum_score=lambda _table, _declared: 0.0, costs=FOLLOW_ALWAYS, instant=NOW, **more)

    def values(self) -> list[int]:
        return sorted(row.value for row in self.bench.lake.read(self.build.output).collect())


NOW = datetime(2026, 1, 1, tzinfo=UTC)


def kept(bench: Bench, unique: str, follows: Follows) -> Kept:
    raw = bench.ingest.spec.schema
    made: Any = table(f"silver.{unique}", key=("value",), newest_by=("at",))(
        type("Made", (Newest,), {"__annotations__": {}})
    )

    def newest(rows):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
        return conform(rows.select(F.col("record.value").alias("value"), F.col("offset").alias("at")), made)

    newest.__annotations__ = {"rows": DataSet[raw], "return": DataSet[made]}  # type: ignore[valid-type]
    found = build_of(build(follows=follows)(newest))
    assert found is not None
    return Kept(bench, found)


def test_what_was_made_of_records_that_expired_stays(bench: Bench, unique: str) -> None:
    readings = kept(bench, unique, Rows())
    readings.receive(1, 2)
    readings.run()
    readings.receive(3)
    readings.expire("offset < 2")
    built = readings.run()
    assert (built.status, built.strategy) == (Status.PUBLISHED, Strategy.MERGE)
    assert readings.values() == [1, 2, 3]


def test_a_whole_build_without_them_is_refused_and_says_which_offsets_are_gone(bench: Bench, unique: str) -> None:
    readings = kept(bench, unique, Rows())
    readings.receive(1, 2, 3)
    readings.run()
    readings.expire("offset < 2")
    with pytest.raises(ExpiredInputError, match=r"bronze\.\w+: 2\n +\w+-0: offsets 0 to 1") as refused:
        readings.run(full=True)
    assert f"lakehouse run {readings.build.table.name} --accept-loss" in str(refused.value)
    assert readings.values() == [1, 2, 3]


def test_a_loss_is_accepted_once(bench: Bench, unique: str) -> None:
    readings = kept(bench, unique, Rows())
    readings.receive(1, 2, 3)
    readings.run()
    readings.expire("offset < 1")
    readings.run(full=True, accept_loss=True)
    assert readings.values() == [2, 3]
    assert readings.run(full=True).rows == 2
    readings.expire("offset < 2")
    with pytest.raises(ExpiredInputError):
        readings.run(full=True)


def test_keys_are_not_made_anew_of_what_is_left_of_their_rows(bench: Bench, unique: str) -> None:
    readings = kept(bench, unique, Keys("value", rows="record.value"))
    readings.receive(1, 2)
    readings.run()
    readings.receive(1)
    readings.expire("offset < 1")
    with pytest.raises(ExpiredInputError):
        readings.run()


def test_a_plan_foresees_the_refusal(bench: Bench, unique: str) -> None:
    readings = kept(bench, unique, Rows())
    readings.receive(1, 2)
    readings.run()
    readings.expire("offset < 1")
    tables = {spec.name: spec for spec in (bench.ingest.spec, readings.build.table)}
    graph = Graph(tables=tables, builds=(readings.build,))
    plans = {loss: plan_lake(bench.lake, graph, graph.builds, readings.options(full=True, accept_loss=loss)).tables[0]
             for loss in (False, True)}  # fmt: skip
    assert (plans[False].verdict, plans[True].verdict) == (Verdict.FAILS, Verdict.BUILD)
    assert f"rows gone from {bench.ingest.spec.name}: 1;" in plans[False].problems[0]


def test_the_first_build_takes_what_is_there(bench: Bench, unique: str) -> None:
    readings = kept(bench, unique, Rows())
    readings.receive(1, 2)
    readings.expire("offset < 1")
    readings.run()
    assert readings.run(full=True).rows == 1
