"""Tables that PyIceberg makes of a contract: as Spark's DDL would."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import pytest
from pyspark.sql.types import IntegerType, LongType, StringType, TimestampType

from lakehouse.catalog.arrow_lake import ArrowLake
from lakehouse.catalog.iceberg import Lake
from lakehouse.catalog.live_table import live_table
from lakehouse.contract import Column, Schema, doc, table
from lakehouse.contract.evolution import evolve
from lakehouse.contract.table import TableSpec, spec_of
from lakehouse.domains.users.bronze import UsersRaw
from lakehouse.domains.users.gold_dimensions import DimUser
from lakehouse.domains.users.silver import Users
from lakehouse.errors import SchemaMismatchError
from tests.engines.filled_lakes import catalog_in


@table("silver.things", key=("id",), partitioned_by=("days(at)",), sorted_by=("id",))
class Things(Schema):
    """Things as they are first."""

    id: Annotated[Column[StringType], doc("Identifier")]
    at: Column[TimestampType]
    number: Annotated[Column[IntegerType], doc("Number")]


@table(
    "silver.things",
    key=("id",),
    partitioned_by=("days(at)", "bucket(4, id)"),
    properties={"commit.retry.num-retries": "7"},
)
class MoreThings(Schema):
    """Things with a column, a wider type, a partition and a property more."""

    id: Annotated[Column[StringType], doc("Identifier of the thing")]
    at: Column[TimestampType]
    number: Annotated[Column[LongType], doc("Number")]
    name: Annotated[Column[StringType], doc("Name")]


@table("silver.things", key=("id",))
class OtherThings(Schema):
    """Things that do not fit those that are there."""

    id: Column[LongType]


@pytest.fixture
def arrow(tmp_path: Path) -> ArrowLake:
    return ArrowLake(None, catalog_in(tmp_path), "lake")  # type: ignore[arg-type]


def changes(lake: Lake, spec: TableSpec) -> tuple[str, ...]:
    live = lake.live(spec)
    assert live is not None
    found = evolve(spec, live, catalog=lake.name)
    return (*found.statements, *found.refused)


@pytest.mark.parametrize("schema", [UsersRaw, Users, DimUser])
def test_a_table_that_was_made_fits_its_contract(arrow: ArrowLake, schema: type[Schema]) -> None:
    arrow.ensure(spec_of(schema))
    assert changes(arrow, spec_of(schema)) == ()


def test_a_table_is_evolved_as_its_contract_is(arrow: ArrowLake) -> None:
    arrow.ensure(spec_of(Things))
    assert len(arrow.ensure(spec_of(MoreThings))) == 5
    assert changes(arrow, spec_of(MoreThings)) == ()


def test_a_change_that_would_break_readers_is_refused(arrow: ArrowLake) -> None:
    arrow.ensure(spec_of(Things))
    with pytest.raises(SchemaMismatchError, match="id: declared bigint, found string"):
        arrow.ensure(spec_of(OtherThings))


@pytest.mark.parametrize("schema", [UsersRaw, Users])
def test_spark_makes_the_same_table(arrow: ArrowLake, lake: Lake, schema: type[Schema]) -> None:
    spec = spec_of(schema)
    for one in (arrow, lake):
        one.ensure(spec)
    mine, theirs = (one.table(spec.name) for one in (arrow, lake))
    assert mine.schema() == theirs.schema()
    assert mine.schema().identifier_field_names() == theirs.schema().identifier_field_names()
    assert [(f.name, str(f.transform)) for f in mine.spec().fields] == [
        (f.name, str(f.transform)) for f in theirs.spec().fields
    ]
    assert live_table(mine).struct == lake.rows(spec).schema
