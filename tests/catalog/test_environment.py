"""An environment over a catalog: what it reads, what it writes, and that production's tables are never written."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pyarrow as pa
import pytest
from pyiceberg.catalog import Catalog, load_catalog
from pyiceberg.exceptions import NoSuchTableError
from pyiceberg.table import Table

from lakehouse.catalog.conflicts import commit
from lakehouse.catalog.environment import EnvironmentCatalog, ProductionReadOnlyError, own_place, place_of
from lakehouse.catalog.environments import drop_environment, own_tables
from lakehouse.catalog.readers import mark_read
from lakehouse.config.settings import CatalogSettings
from lakehouse.errors import ConfigError
from tests.cli.command_line import lakehouse

ROWS = pa.table({"n": pa.array([1, 2], pa.int64())})
MORE = pa.table({"n": pa.array([3], pa.int64())})


@pytest.fixture
def production(tmp_path: Path) -> Iterator[Catalog]:
    """A catalog with silver.users, which has rows."""
    place = {"uri": f"sqlite:///{tmp_path}/catalog.db", "warehouse": f"file://{tmp_path}/warehouse"}
    catalog = load_catalog("lake", type="sql", **place)
    catalog.create_namespace("silver")
    catalog.create_table("silver.users", ROWS.schema).append(ROWS)
    yield catalog
    catalog.close()


@pytest.fixture
def dev(production: Catalog) -> EnvironmentCatalog:
    return EnvironmentCatalog(production, "dev")


def build(dev: EnvironmentCatalog, name: str = "silver.users", rows: pa.Table = MORE) -> Table:
    dev.create_namespace_if_not_exists(name.split(".", maxsplit=1)[0])
    made = dev.create_table(name, ROWS.schema)
    made.append(rows)
    return made


def values(table: Table) -> list[int]:
    return sorted(table.scan().to_arrow()["n"].to_pylist())


def test_a_table_is_productions_until_it_was_built(dev: EnvironmentCatalog) -> None:
    assert (values(dev.load_table("silver.users")), place_of(dev, "silver.users")) == ([1, 2], "silver.users")
    build(dev)
    again = EnvironmentCatalog(dev.production, "dev")
    assert (values(again.load_table("silver.users")), place_of(again, "silver.users")) == ([3], "dev__silver.users")
    assert values(dev.production.load_table("silver.users")) == [1, 2]


def test_a_table_is_called_as_in_its_contract_wherever_it_is(dev: EnvironmentCatalog) -> None:
    assert build(dev).name() == dev.load_table("silver.users").name() == ("silver", "users")


def test_what_a_refused_run_has_left_is_not_read(dev: EnvironmentCatalog, production: Catalog) -> None:
    dev.create_namespace("silver")
    production.create_table("dev__silver.users", ROWS.schema)
    assert values(dev.load_table("silver.users")) == [1, 2]


def test_a_table_that_is_going_to_be_written_is_the_environments_though_it_is_not_there(
    dev: EnvironmentCatalog,
) -> None:
    dev.claim("silver.users")
    assert own_place(dev, "silver.users") == "dev__silver.users"
    with pytest.raises(NoSuchTableError):
        dev.load_table("silver.users")


@pytest.mark.parametrize(
    "write",
    [
        lambda dev: dev.load_table("silver.users").append(MORE),
        lambda dev: dev.load_table("silver.users").overwrite(MORE),
        lambda dev: dev.load_table("silver.users").delete("n == 1"),
        lambda dev: dev.load_table("silver.users").transaction().set_properties({"a": "b"}).commit_transaction(),
        lambda dev: dev.load_table("silver.users").manage_snapshots().remove_tag("x").commit(),
        lambda dev: commit(dev, "silver.users", lambda table: table.append(MORE)),
        lambda dev: mark_read(dev, "silver.users", "somebody"),
        lambda dev: own_place(dev, "silver.users"),
    ],
    ids=["append", "overwrite", "delete", "properties", "tag", "publish", "reader", "Spark"],
)
def test_a_write_to_production_is_refused(
    dev: EnvironmentCatalog, production: Catalog, write: Callable[[EnvironmentCatalog], object]
) -> None:
    before = production.load_table("silver.users").metadata_location
    with pytest.raises(ProductionReadOnlyError, match=r"silver\.users is production's, which the environment dev only"):
        write(dev)
    assert production.load_table("silver.users").metadata_location == before


def test_a_table_of_production_is_not_dropped_through_an_environment(
    dev: EnvironmentCatalog, production: Catalog
) -> None:
    with pytest.raises(NoSuchTableError):
        dev.drop_table("silver.users")
    for refused in (dev.purge_table, dev.rename_table, dev.drop_namespace):
        with pytest.raises(ConfigError, match="cannot do this"):
            refused("silver")
    assert production.table_exists("silver.users")


@pytest.mark.parametrize("name", ["", "Dev", "my_env", "1st", "a" * 21, "de-v"])
def test_a_name_that_catalogs_or_people_would_misread_is_refused(production: Catalog, name: str) -> None:
    with pytest.raises(ConfigError, match="cannot be the name of an environment"):
        EnvironmentCatalog(production, name)


def test_environments_are_listed_by_their_mark_not_by_their_name(dev: EnvironmentCatalog, production: Catalog) -> None:
    production.create_namespace("dev__theirs")
    production.create_table("dev__theirs.users", ROWS.schema)
    build(dev)
    build(EnvironmentCatalog(production, "qa"), "gold.users")
    found = [(one.environment, one.table, one.place, one.rows) for one in own_tables(production)]
    assert found == [("dev", "silver.users", "dev__silver.users", 1), ("qa", "gold.users", "qa__gold.users", 1)]


def test_only_the_tables_of_an_environment_are_dropped_and_their_files(
    dev: EnvironmentCatalog, production: Catalog, tmp_path: Path
) -> None:
    build(dev)
    build(EnvironmentCatalog(production, "qa"))
    assert [one.place for one in drop_environment(production, "dev")] == ["dev__silver.users"]
    assert [one.place for one in own_tables(production)] == ["qa__silver.users"]
    assert not [one for one in (tmp_path / "warehouse" / "dev__silver").rglob("*") if one.is_file()]
    assert values(production.load_table("silver.users")) == [1, 2]


def test_a_table_of_an_environment_that_names_files_of_production_leaves_them(
    dev: EnvironmentCatalog, production: Catalog
) -> None:
    dev.create_namespace("silver")
    dev.register_table("silver.copy", production.load_table("silver.users").metadata_location)
    assert len([*drop_environment(production, "dev")]) == 1
    assert values(production.load_table("silver.users")) == [1, 2]


def test_drop_shows_what_it_would_do_and_names_those_that_there_are(dev: EnvironmentCatalog, tmp_path: Path) -> None:
    build(dev)
    there = CatalogSettings(uri=f"sqlite:///{tmp_path}/catalog.db", warehouse=f"{tmp_path}/warehouse")

    def run(*arguments: str) -> tuple[int, str]:
        shown = lakehouse("env", *arguments, catalog=there)
        return shown.exit_code, shown.output

    code, text = run("drop", "dev", "--dry-run")
    assert (code, "silver.users" in text, "nothing was dropped" in text) == (0, True, True)
    assert run("drop", "qa", "--yes") == (3, "error: the environment qa has no tables; environments are: dev\n")
    assert run("drop", "dev")[0] == 3
    assert run("drop", "dev", "--yes")[1].endswith("dropped 1 table of dev\n")
    assert "there is no environment" in run("list")[1]
