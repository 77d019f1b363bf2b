"""How far readers have come is kept in the table, and expiry keeps what they need."""

from __future__ import annotations

import pytest

from lakehouse.catalog.iceberg import Lake
from lakehouse.catalog.readers import forget, mark_read, positions, read_since
from lakehouse.contract.ddl import full_name
from lakehouse.contract.table import TableSpec
from lakehouse.errors import ConfigError, LakehouseError
from tests.catalog.conftest import LATER, rows


def append(lake: Lake, spec: TableSpec, *letters: str) -> None:
    lake.ensure(spec)
    lake.refresh(spec.name)
    rows(lake, *letters).writeTo(full_name(spec, catalog="lake")).append()


def new_letters(lake: Lake, spec: TableSpec, reader: str) -> list[str]:
    return sorted(row.letter for row in read_since(lake, spec, reader)[0].collect())


def test_a_reader_gets_the_rows_since_its_mark_and_none_after_the_next(lake: Lake, letters: TableSpec) -> None:
    append(lake, letters, "a")
    mark_read(lake.catalog, letters.name, "snowflake")
    append(lake, letters, "b", "c")
    found, head = read_since(lake, letters, "snowflake")
    assert sorted(row.letter for row in found.collect()) == ["b", "c"]
    mark_read(lake.catalog, letters.name, "snowflake", snapshot_id=head)
    assert new_letters(lake, letters, "snowflake") == []


def test_each_reader_has_its_own_place(lake: Lake, letters: TableSpec) -> None:
    append(lake, letters, "a")
    mark_read(lake.catalog, letters.name, "slow")
    append(lake, letters, "b", "c")
    mark_read(lake.catalog, letters.name, "fast")
    found = positions(lake.table(letters.name))
    assert [(one.reader, one.commits_behind, one.rows_behind) for one in found] == [("fast", 0, 0), ("slow", 1, 2)]


def test_expiry_keeps_the_snapshot_of_a_reader(lake: Lake, letters: TableSpec) -> None:
    append(lake, letters, "a")
    mark_read(lake.catalog, letters.name, "slow")
    for letter in ("b", "c"):
        append(lake, letters, letter)
    lake.refresh(letters.name)
    how = f"older_than => {LATER}, retain_last => 1"
    lake.spark.sql(f"CALL lake.system.expire_snapshots(table => '{letters.name}', {how})")
    (position,) = positions(lake.table(letters.name))
    assert (position.commits_behind, lake.rows(letters, snapshot_id=position.snapshot_id).count()) == (None, 1)
    assert new_letters(lake, letters, "slow") == ["b", "c"]


def test_what_was_compacted_after_its_snapshots_expired_has_to_be_read_whole(lake: Lake, letters: TableSpec) -> None:
    append(lake, letters, "a")
    mark_read(lake.catalog, letters.name, "slow")
    append(lake, letters, "b")
    options = "map('rewrite-all', 'true')"
    lake.spark.sql(f"CALL lake.system.rewrite_data_files(table => '{letters.name}', options => {options})")
    how = f"older_than => {LATER}, retain_last => 1"
    lake.spark.sql(f"CALL lake.system.expire_snapshots(table => '{letters.name}', {how})")
    with pytest.raises(LakehouseError, match="let it read the table whole"):
        read_since(lake, letters, "slow")


def test_rows_that_were_changed_since_cannot_be_read_as_new_ones(lake: Lake, letters: TableSpec) -> None:
    append(lake, letters, "a", "b")
    mark_read(lake.catalog, letters.name, "slow")
    lake.spark.sql(f"DELETE FROM {full_name(letters, catalog='lake')} WHERE letter = 'a'")
    with pytest.raises(LakehouseError, match="not only appended to since reader 'slow'"):
        read_since(lake, letters, "slow")


def test_a_reader_that_was_forgotten_is_not_there_any_more(lake: Lake, letters: TableSpec) -> None:
    append(lake, letters, "a")
    mark_read(lake.catalog, letters.name, "slow")
    forget(lake.catalog, letters.name, "slow")
    with pytest.raises(ConfigError, match="has no reader 'slow'"):
        forget(lake.catalog, letters.name, "slow")


@pytest.mark.parametrize("name", ["", "Upper", "with space", "x" * 64])
def test_a_name_that_is_none_is_refused(lake: Lake, letters: TableSpec, name: str) -> None:
    append(lake, letters, "a")
    with pytest.raises(ConfigError, match="a name is of lower case letters"):
        mark_read(lake.catalog, letters.name, name)


def test_a_snapshot_that_is_not_of_main_is_refused(lake: Lake, letters: TableSpec) -> None:
    append(lake, letters, "a")
    with pytest.raises(ConfigError, match="has no snapshot 5 on main"):
        mark_read(lake.catalog, letters.name, "slow", snapshot_id=5)
