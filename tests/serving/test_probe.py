"""One protocol for two warehouses: DuckDB for real, Snowflake behind a connection that answers as it would."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from pyiceberg.catalog import Catalog, load_catalog
from pyiceberg.table import Table

from lakehouse.contract.table import spec_of
from lakehouse.serving.duckdb import DuckDbWarehouse
from lakehouse.serving.probe_metrics import write_metrics
from lakehouse.serving.protocol import Probe, ServedTable, Warehouse
from lakehouse.serving.snowflake.warehouse import SnowflakeWarehouse, TrustNeededError
from lakehouse.snowflake.session import Session
from tests.serving.fake_snowflake import Account
from tests.serving.snowflake_lake import SETTINGS
from tests.serving.test_duckdb import ROWS, Cities

Served = Callable[[], ServedTable]
AN_HOUR = timedelta(hours=1)


@pytest.fixture
def cities(tmp_path: Path) -> Table:
    catalog: Catalog = load_catalog("lake", uri=f"sqlite:///{tmp_path}/c.db", warehouse=f"file://{tmp_path}/wh")
    catalog.create_namespace("gold")
    made = catalog.create_table("gold.cities", ROWS.schema)
    made.append(ROWS)
    return made


@pytest.fixture
def account() -> Account:
    return Account(trusted=True)


@pytest.fixture(params=["duckdb", "snowflake"])
def warehouse(request: pytest.FixtureRequest, tmp_path: Path, account: Account) -> Warehouse:
    if request.param == "duckdb":
        return DuckDbWarehouse(tmp_path / "warehouse.duckdb")
    return SnowflakeWarehouse(to=SETTINGS.model_copy(update={"row_access": {}, "streams": ()}), session=of(account))


def of(account: Account) -> Session:
    return Session(open=account.open, pauses=())


def served(cities: Table) -> ServedTable:
    return ServedTable.of(spec_of(Cities), cities.refresh())


def probe(warehouse: Warehouse, cities: Table) -> Probe:
    """Ask an hour after the second snapshot, or the first where there is no other."""
    came = cities.refresh().metadata.snapshot_log[:2][-1].timestamp_ms / 1000
    return warehouse.probe([served(cities)], now=datetime.fromtimestamp(came, UTC) + AN_HOUR)[0]


def let_snowflake_read(account: Account, cities: Table) -> None:
    """What the real one does by itself once the table is made or refreshed."""
    told = {"metadataLocation": cities.refresh().metadata_location, "status": "success"}
    account.answers["GET_ICEBERG_TABLE_INFORMATION"] = json.dumps(told)
    account.answers["COUNT(*)"] = cities.scan().count()


def test_what_is_published_is_read_whole_and_without_delay(
    warehouse: Warehouse, account: Account, cities: Table
) -> None:
    warehouse.publish([served(cities)])
    let_snowflake_read(account, cities)
    found = probe(warehouse, cities)
    assert (found.right, found.rows, found.behind_seconds) == (True, 3, 0.0)


def test_a_newer_snapshot_is_told_in_seconds_until_it_is_refreshed(
    warehouse: Warehouse, account: Account, cities: Table
) -> None:
    warehouse.publish([served(cities)])
    let_snowflake_read(account, cities)
    cities.append(ROWS)
    cities.append(ROWS)
    behind = probe(warehouse, cities)
    assert (behind.current, behind.rows, behind.published_rows) == (False, 3, 9)
    assert behind.behind_seconds == pytest.approx(3600, abs=0.01)
    warehouse.refresh([served(cities)])
    let_snowflake_read(account, cities)
    assert probe(warehouse, cities).right


def test_a_new_metadata_file_without_a_new_snapshot_is_no_delay(
    warehouse: Warehouse, account: Account, cities: Table
) -> None:
    warehouse.publish([served(cities)])
    let_snowflake_read(account, cities)
    with cities.transaction() as change:
        change.set_properties({"owner": "shop"})
    assert probe(warehouse, cities).current


def test_a_table_that_the_warehouse_does_not_know_is_told(tmp_path: Path, account: Account, cities: Table) -> None:
    local = DuckDbWarehouse(tmp_path / "w.duckdb")
    local.publish([])
    account.refusals["SELECT SYSTEM$GET_ICEBERG_TABLE_INFORMATION"] = (2003, "02000")
    remote = SnowflakeWarehouse(to=SETTINGS, session=of(account))
    assert [(one.right, one.state) for one in (probe(local, cities), probe(remote, cities))] == [
        (False, "no view of it"),
        (False, "no table of it"),
    ]


def test_a_snapshot_that_is_gone_is_told_and_no_error_of_the_others(tmp_path: Path, cities: Table) -> None:
    warehouse = DuckDbWarehouse(tmp_path / "w.duckdb")
    warehouse.publish([served(cities)])
    for file in Path(cities.location().removeprefix("file://")).rglob("*.avro"):
        file.unlink()
    found = probe(warehouse, cities)
    assert (found.right, found.rows, ".avro" in found.state) == (False, None, True)


def test_snowflake_is_told_the_next_metadata_file_where_it_has_no_catalog(account: Account, cities: Table) -> None:
    to = SETTINGS.model_copy(update={"route": "object_store", "storage_url": ""})
    SnowflakeWarehouse(to=to, session=of(account)).refresh([served(cities)])
    assert account.sent[0].endswith(f"REFRESH '{cities.metadata_location}';")


def test_a_publish_tells_a_table_that_is_there_of_the_next_metadata_file(account: Account, cities: Table) -> None:
    to = SETTINGS.model_copy(update={"route": "object_store", "row_access": {}, "streams": ()})
    warehouse = SnowflakeWarehouse(to=to, session=of(account))
    for number in (1, 2):
        file = f"s3://lake/gold/cities/metadata/0000{number}-a.metadata.json"
        warehouse.publish([ServedTable(spec=spec_of(Cities), metadata_location=file, live=cities)])
    told = [sql for sql in account.sent if sql.startswith("ALTER ICEBERG TABLE")]
    assert told == [
        "ALTER ICEBERG TABLE LAKE.GOLD_TABLES.\"cities\" REFRESH 'gold/cities/metadata/00002-a.metadata.json';"
    ]


@pytest.mark.parametrize("behind", [0, 1])
def test_an_external_table_is_read_at_the_snapshot_of_its_folder(account: Account, cities: Table, behind: int) -> None:
    first = cities.current_snapshot()
    assert first is not None
    for _ in range(behind):
        cities.append(ROWS)
    account.made["SCHEMA", "LAKE.GOLD_TABLES"] = ""
    account.made["EXTERNAL TABLE", 'LAKE.GOLD_TABLES."cities"'] = ""
    account.shown["cities"] = {"location": f"@LAKE.EXPORTS.FILES/gold/cities/snapshot={first.snapshot_id}/"}
    account.answers["COUNT(*)"] = 3
    exports = SnowflakeWarehouse(to=SETTINGS.model_copy(update={"route": "export"}), session=of(account))
    assert probe(exports, cities).right is (behind == 0)


def test_without_trust_a_publish_raises_with_the_policy(account: Account, cities: Table) -> None:
    account.trusted = False
    warehouse = SnowflakeWarehouse(
        to=SETTINGS.model_copy(update={"row_access": {}, "streams": ()}), session=of(account)
    )
    with pytest.raises(TrustNeededError, match="does not let Snowflake in yet") as needed:
        warehouse.publish([served(cities)])
    assert "sts:AssumeRole" in needed.value.policy


def test_the_figures_are_a_file_for_prometheus(tmp_path: Path) -> None:
    probes = [Probe(table="gold.cities", current=False, behind_seconds=9.5, rows=3, published_rows=6)]
    write_metrics(probes, tmp_path / "build" / "w.prom", warehouse="duckdb")
    lines = (tmp_path / "build" / "w.prom").read_text().splitlines()
    labels = '{table="gold.cities",warehouse="duckdb"}'
    assert f"lakehouse_warehouse_behind_seconds{labels} 9.5" in lines
    assert f"lakehouse_warehouse_right{labels} 0.0" in lines
