"""A table whose rules look into another one is built after it."""

from __future__ import annotations

from typing import Annotated

from pyspark.sql.types import StringType

from lakehouse import Column, DataSet, Schema, build, table
from lakehouse.contract import required
from lakehouse.pipeline.graph import discover
from lakehouse.quality import Agrees, References


@table("lake.source", external=True)
class Source(Schema):
    id: Annotated[Column[StringType], required]


@table("lake.a_visits", key=("id",), rules=(References(columns=("id",), table="lake.z_guests"),))
class Visits(Schema):
    id: Annotated[Column[StringType], required]


@table("lake.z_guests", key=("id",), rules=(Agrees(columns=("id",), table="lake.b_names", on=("id",)),))
class Guests(Schema):
    id: Annotated[Column[StringType], required]


@table("lake.b_names", key=("id",), rules=(References(columns=("id",), table="lake.m_rooms"),))
class Names(Schema):
    id: Annotated[Column[StringType], required]


@table("lake.m_rooms", key=("id",))
class Rooms(Schema):
    id: Annotated[Column[StringType], required]


@build
def visits(source: DataSet[Source]) -> DataSet[Visits]:
    raise AssertionError


@build
def guests(source: DataSet[Source]) -> DataSet[Guests]:
    raise AssertionError


@build
def names(source: DataSet[Source]) -> DataSet[Names]:
    raise AssertionError


@build
def rooms(names: DataSet[Names]) -> DataSet[Rooms]:
    raise AssertionError


ORDER = [one.table.name for one in discover([__name__]).builds]


def test_a_rule_that_looks_into_what_is_made_of_its_table_changes_no_order() -> None:
    assert ORDER.index("lake.b_names") < ORDER.index("lake.m_rooms")


def test_what_a_rule_looks_into_is_built_before() -> None:
    assert ORDER.index("lake.b_names") < ORDER.index("lake.z_guests") < ORDER.index("lake.a_visits")
