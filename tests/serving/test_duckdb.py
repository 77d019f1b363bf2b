"""The local warehouse reads what Iceberg published; tables are made with PyIceberg alone."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import pyarrow as pa
import pytest
from pyiceberg.catalog import Catalog, load_catalog
from pyiceberg.table import Table
from pyspark.sql.types import LongType, StringType

from lakehouse import Column, Schema, doc, table
from lakehouse.contract.table import spec_of
from lakehouse.errors import ServingError
from lakehouse.serving.duckdb import DuckDbWarehouse
from lakehouse.serving.protocol import ServedTable


@table("gold.cities", key=("city",))
class Cities(Schema):
    """One row per city."""

    city: Annotated[Column[StringType], doc("The city's name")]
    people: Annotated[Column[LongType], doc("Who live there", unit="people")]


ROWS = pa.table({"city": ["Oslo", "Bergen", None], "people": [700_000, 290_000, None]})


@pytest.fixture
def catalog(tmp_path: Path) -> Catalog:
    found = load_catalog("lake", type="sql", uri=f"sqlite:///{tmp_path}/c.db", warehouse=f"file://{tmp_path}/wh")
    found.create_namespace("gold")
    return found


@pytest.fixture
def cities(catalog: Catalog) -> Table:
    made = catalog.create_table("gold.cities", ROWS.schema)
    made.append(ROWS)
    return made


@pytest.fixture
def warehouse(tmp_path: Path, cities: Table) -> DuckDbWarehouse:
    made = DuckDbWarehouse(tmp_path / "warehouse.duckdb")
    made.publish([served(cities)])
    return made


def served(cities: Table) -> ServedTable:
    return ServedTable(spec=spec_of(Cities), metadata_location=cities.metadata_location)


def test_a_query_gives_what_the_table_holds(warehouse: DuckDbWarehouse, cities: Table) -> None:
    found = warehouse.query("select * from gold.cities order by people nulls last")
    expected = cities.scan().to_arrow().sort_by("people").to_pylist()
    assert [dict(zip(found.columns, row, strict=True)) for row in found.rows] == expected


def test_a_view_keeps_its_snapshot_until_it_is_published_again(warehouse: DuckDbWarehouse, cities: Table) -> None:
    cities.append(ROWS)
    before = warehouse.query("select count(*) from gold.cities").rows
    warehouse.publish([served(cities)])
    assert (before, warehouse.query("select count(*) from gold.cities").rows) == (((3,),), ((6,),))


def test_comments_of_the_contract_are_in_the_warehouse(warehouse: DuckDbWarehouse) -> None:
    found = warehouse.query("select comment from duckdb_columns() where table_name = 'cities' order by column_index")
    assert found.rows == (("The city's name",), ("Who live there [people]",))


def test_a_misspelt_table_is_answered_with_those_that_exist(warehouse: DuckDbWarehouse) -> None:
    with pytest.raises(ServingError, match=r"The warehouse has gold\.cities"):
        warehouse.query("select * from gold.citties")


def test_a_wrong_statement_is_answered_with_its_place(warehouse: DuckDbWarehouse) -> None:
    with pytest.raises(ServingError, match=r'syntax error at or near "selec"'):
        warehouse.query("selec 1")


def test_a_reader_cannot_write(warehouse: DuckDbWarehouse) -> None:
    with pytest.raises(ServingError, match="read-only"):
        warehouse.query("create table t (a int)")


def test_a_warehouse_that_is_not_there_says_what_makes_it(tmp_path: Path) -> None:
    with pytest.raises(ServingError, match="lakehouse publish duckdb"):
        DuckDbWarehouse(tmp_path / "none.duckdb").query("select 1")


def test_a_publish_that_fails_leaves_the_old_views(warehouse: DuckDbWarehouse, cities: Table) -> None:
    with pytest.raises(ServingError):
        warehouse.publish(
            [served(cities), ServedTable(spec=spec_of(Cities), metadata_location="/no/such.metadata.json")]
        )
    assert warehouse.query("select count(*) from gold.cities").rows == ((3,),)


def test_a_limit_tells_that_rows_were_cut_off(warehouse: DuckDbWarehouse) -> None:
    found = warehouse.query("select * from gold.cities", limit=2)
    assert (len(found.rows), found.more) == (2, True)
