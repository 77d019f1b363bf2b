"""Several tables released together: made of each other as they are released, and all published, or none."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Annotated, Any

import pytest
from pyspark.sql import functions as F
from pyspark.sql.types import IntegerType, LongType, StringType

from lakehouse import Column, DataSet, Schema, Scored, build, conform, table
from lakehouse.catalog.iceberg import Lake
from lakehouse.catalog.leases import Holder, leases
from lakehouse.catalog.leasing import Leasing
from lakehouse.catalog.ledger import latest
from lakehouse.catalog.publish import main_of
from lakehouse.catalog.release_journal import LakeRelease, ReleaseState, releases
from lakehouse.contract.build import BuildSpec, build_of
from lakehouse.contract.ddl import full_name
from lakehouse.contract.table import spec_of
from lakehouse.errors import QualityGateError
from lakehouse.pipeline.lake_release import look_ahead, release_lake
from lakehouse.pipeline.run import Built, Run, Status, run_build
from lakehouse.quality import Between, References

ADA = Holder(run_id="ada", host="h", pid=1, command="lakehouse release")


class Source(Schema):
    """Letters as they came."""

    letter: Column[StringType]
    amount: Column[IntegerType]


@dataclass
class Shop:
    """A source, a table that is made of it, and one that is made of that and looks into it."""

    lake: Lake
    source: Any
    letters: Any
    sums: Any
    builds: tuple[BuildSpec, ...]
    name: str

    def fill(self, *rows: tuple[str, int]) -> None:
        df = self.lake.spark.createDataFrame(list(rows), "letter string, amount int")
        df.writeTo(full_name(spec_of(self.source), catalog="lake")).append()

    def run(self, **options: Any) -> Run:
        return Run(minimum_score=lambda _table, _declared: 1.0, **options)

    def release(self, number: int) -> tuple[LakeRelease, list[Built]]:
        run = self.run(leasing=Leasing(holder=ADA))
        return release_lake(self.lake, self.builds, run, name=f"{self.name}_{number}")

    def seen(self, schema: Any, as_of: str | None = None) -> list[Any]:
        self.lake.refresh(spec_of(schema).name)
        return sorted(tuple(row)[:2] for row in self.lake.read(schema, as_of=as_of).collect())


@pytest.fixture
def shop(lake: Lake, unique: str) -> Shop:
    source: Any = table(f"bronze.{unique}", external=True)(type("S", (Source,), {"__annotations__": {}}))

    @table(f"silver.{unique}", key=("letter",))
    class Letters(Scored):
        letter: Column[StringType]
        amount: Column[IntegerType]

    @table(f"gold.{unique}", key=("letter",), rules=(References(columns=("letter",), table=f"silver.{unique}"),))
    class Sums(Scored):
        letter: Column[StringType]
        total: Annotated[Column[LongType], Between(0, 100)]

    def letters(rows):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
        return conform(rows, Letters)

    def sums(rows):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
        return conform(rows.groupBy("letter").agg(F.sum("amount").alias("total")), Sums)

    letters.__annotations__ = {"rows": DataSet[source], "return": DataSet[Letters]}
    sums.__annotations__ = {"rows": DataSet[Letters], "return": DataSet[Sums]}
    found = tuple(one for one in (build_of(build(letters)), build_of(build(sums))) if one)
    lake.ensure(spec_of(source))
    return Shop(lake, source, Letters, Sums, found, unique)


def test_tables_are_released_in_one_state_which_their_tag_keeps(shop: Shop) -> None:
    shop.fill(("a", 1), ("b", 2))
    first, built = shop.release(1)
    assert ([one.status for one in built], first.state) == ([Status.PUBLISHED] * 2, ReleaseState.RELEASED)
    made, read = (shop.lake.table(spec_of(one).name) for one in (shop.sums, shop.letters))
    newest = latest(made)
    assert newest is not None
    assert newest.inputs == {spec_of(shop.letters).name: main_of(read)}, "it was made of what is released with it"
    again = [run_build(shop.lake, one, shop.run()).status for one in shop.builds]
    assert again == [Status.UP_TO_DATE] * 2

    shop.fill(("c", 3))
    assert [one.what for one in look_ahead(shop.lake.catalog, shop.builds, shop.run())] == [
        "replace all",
        "will follow",
    ]
    shop.release(2)
    assert shop.seen(shop.sums) == [("a", 1), ("b", 2), ("c", 3)]
    for schema in (shop.letters, shop.sums):
        assert shop.seen(schema, first.tag) == [("a", 1), ("b", 2)]
    _, unchanged = shop.release(3)
    assert [one.status for one in unchanged] == [Status.UP_TO_DATE] * 2
    assert shop.seen(shop.letters, f"release_{shop.name}_3") == shop.seen(shop.letters)
    assert not [one for one in leases(shop.lake.catalog) if one.holder == ADA]


def test_when_one_is_below_its_gate_none_is_published(shop: Shop) -> None:
    shop.fill(("a", 99), ("a", 2))
    with pytest.raises(QualityGateError) as told:
        shop.release(1)
    assert told.value.table == spec_of(shop.sums).name
    for schema in (shop.letters, shop.sums):
        assert shop.seen(schema) == []
    # Only the one that was refused is kept to be looked at.
    assert set(shop.lake.table(spec_of(shop.letters).name).refs()) == {"main"}
    assert set(shop.lake.table(spec_of(shop.sums).name).refs()) == {"main", told.value.branch}
    assert [one for one in releases(shop.lake.catalog) if one.name.startswith(shop.name)] == []


@pytest.mark.slow
def test_when_someone_else_publishes_meanwhile_all_are_built_again_on_top(shop: Shop) -> None:
    shop.fill(("a", 1))
    others = iter([("b", 2)])

    @contextmanager
    def meanwhile(name: str) -> Iterator[None]:
        # Just before the tables are published, another run publishes one of them.
        if name.startswith("publish") and (row := next(others, None)):
            shop.fill(row)
            run_build(shop.lake, shop.builds[0], shop.run())
        yield

    ended, _ = release_lake(shop.lake, shop.builds, shop.run(), name=f"{shop.name}_1", step=meanwhile)
    assert (ended.state, shop.seen(shop.sums, ended.tag)) == (ReleaseState.RELEASED, [("a", 1), ("b", 2)])
