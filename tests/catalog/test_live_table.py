"""A live table from Iceberg's metadata is the one that Spark sees."""

from __future__ import annotations

import dataclasses

import pytest
from pyiceberg.schema import Schema as IcebergSchema
from pyiceberg.types import NestedField, TimeType

from lakehouse.catalog.iceberg import Lake
from lakehouse.catalog.live_table import live_table
from lakehouse.contract.ddl import after_create_sql, create_table_sql
from lakehouse.contract.evolution import Evolution, evolve, unsaid
from lakehouse.contract.table import TableSpec, spec_of
from lakehouse.errors import ContractError
from tests.contract.tables import Orders, OrdersRaw
from tests.contract.test_python_source import declared, source

TYPES = """a boolean, b int NOT NULL, c bigint, d float, e double, f decimal(12, 2), g date, h timestamp COMMENT 'When',
i timestamp_ntz, j string, k binary, l array<struct<x: int COMMENT 'X', y: array<date>>>, m map<string, struct<z: int>>,
n struct<o: int COMMENT 'O', p: struct<q: string>>"""


def test_its_columns_are_those_that_spark_reads(lake: Lake, unique: str) -> None:
    lake.spark.sql("CREATE NAMESPACE IF NOT EXISTS lake.silver")
    lake.spark.sql(f"CREATE TABLE lake.silver.{unique} ({TYPES}) USING iceberg")
    assert live_table(lake.table(f"silver.{unique}")).struct == lake.spark.table(f"lake.silver.{unique}").schema


@pytest.mark.parametrize("schema", [Orders, OrdersRaw])
def test_a_table_that_a_contract_has_made_fits_it_and_gives_it_back(lake: Lake, unique: str, schema: type) -> None:
    spec = dataclasses.replace(spec_of(schema), name=f"silver.{unique}")
    lake.ensure(spec)
    live = live_table(lake.table(spec.name))
    assert (evolve(spec, live, catalog="lake"), unsaid(spec, live)) == (Evolution(), ())
    assert ddl(declared(source(live, name=spec.name))) == ddl(spec)


def ddl(spec: TableSpec) -> tuple[str, ...]:
    return create_table_sql(spec, catalog="lake"), *after_create_sql(spec, catalog="lake")


def test_a_key_and_an_order_that_a_contract_is_given_later_are_set(lake: Lake, unique: str) -> None:
    spec = dataclasses.replace(spec_of(Orders), name=f"silver.{unique}")
    lake.ensure(dataclasses.replace(spec, key=(), sorted_by=(), comment="Before"))
    assert len(lake.ensure(spec)) == 3
    assert lake.ensure(spec) == ()


def test_a_type_that_spark_does_not_read_is_refused_with_the_column(lake: Lake, unique: str) -> None:
    lake.catalog.create_namespace_if_not_exists("silver")
    clock = IcebergSchema(NestedField(1, "opens", TimeType(), required=False))
    table = lake.catalog.create_table(f"silver.{unique}", clock)
    with pytest.raises(ContractError, match=rf"silver\.{unique}\.opens is time in Iceberg, which Spark does not read"):
        live_table(table)
