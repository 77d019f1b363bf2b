"""Exports: a folder of its own for each snapshot, and a pointer that names only whole ones."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Annotated, Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pyiceberg.catalog import load_catalog
from pyspark.sql.types import DateType, LongType, StringType

from lakehouse import Column, Schema, doc, table
from lakehouse.catalog.iceberg_schema import create_table
from lakehouse.config.snowflake import SnowflakeSettings
from lakehouse.contract.table import spec_of
from lakehouse.errors import ServingError
from lakehouse.serving.export import POINTER, current_export, export
from lakehouse.serving.protocol import ServedTable
from lakehouse.serving.snowflake.check import check
from lakehouse.serving.snowflake.external_table import external_table

Append = Callable[[list[tuple[Any, ...]]], ServedTable]


@table("gold.visits", partitioned_by=("country", "months(day)"))
class Visits(Schema):
    """One row per visit."""

    day: Annotated[Column[DateType], doc("Day")]
    country: Column[StringType]
    pages: Column[LongType]


ROWS = [
    (date(2026, 1, 5), "NO", 3),
    (date(2026, 2, 5), "NO", 4),
    (date(2026, 2, 6), "Côte d'Ivoire", 5),
    (None, None, 6),
]


@pytest.fixture
def append(tmp_path: Path) -> Append:
    catalog = load_catalog("lake", uri=f"sqlite:///{tmp_path}/c.db", warehouse=f"file://{tmp_path}/wh")
    made = create_table(catalog, spec_of(Visits))

    def appended(rows: list[tuple[Any, ...]]) -> ServedTable:
        data = [dict(zip(("day", "country", "pages"), row, strict=True)) for row in rows]
        made.append(pa.Table.from_pylist(data, schema=made.schema().as_arrow()))
        return ServedTable.of(spec_of(Visits), made.refresh())

    return appended


def read(root: Path, folder: str) -> list[tuple[Any, ...]]:
    found = duckdb.sql(
        "select day, nullif(country, '__HIVE_DEFAULT_PARTITION__'), pages"
        f" from read_parquet('{root}/{folder}**/*.parquet', hive_partitioning=true, hive_types_autocast=false)"
        " order by pages"
    )
    return found.fetchall()


def test_an_export_has_the_rows_of_the_snapshot_in_folders_by_the_contracts_partitioning(
    tmp_path: Path, append: Append
) -> None:
    made = export(append(ROWS), f"{tmp_path}/out")
    assert (made.rows, read(tmp_path / "out", made.folder)) == (4, ROWS)
    assert any("/country=NO/day_month=2026-02/" in file for file in made.files)


def test_the_pointer_names_the_newest_and_a_second_export_of_a_snapshot_writes_nothing(
    tmp_path: Path, append: Append
) -> None:
    first = export(append(ROWS), f"{tmp_path}/out")
    served = append(ROWS)
    second = export(served, f"{tmp_path}/out")
    written = (tmp_path / "out" / "gold" / "visits" / POINTER).stat().st_mtime_ns
    assert export(served, f"{tmp_path}/out") == second
    assert (tmp_path / "out" / "gold" / "visits" / POINTER).stat().st_mtime_ns == written
    assert served.live is not None
    assert current_export(served.live, served.spec, f"{tmp_path}/out") == second
    assert (len(read(tmp_path / "out", first.folder)), len(read(tmp_path / "out", second.folder))) == (4, 8)


def test_what_a_run_that_died_has_left_is_no_part_of_an_export(tmp_path: Path, append: Append) -> None:
    served = append(ROWS)
    assert served.live is not None
    left = tmp_path / "out" / "gold" / "visits" / f"snapshot={served.live.metadata.current_snapshot_id}"
    left.mkdir(parents=True)
    pq.write_table(pa.table({"pages": [1]}), left / "half.parquet")
    assert current_export(served.live, served.spec, f"{tmp_path}/out") is None
    assert read(tmp_path / "out", export(served, f"{tmp_path}/out").folder) == ROWS


def test_old_exports_go_when_there_are_more_than_are_kept(tmp_path: Path, append: Append) -> None:
    made = [export(append(ROWS[:1]), f"{tmp_path}/out", keep=2) for _ in range(3)]
    assert [(tmp_path / "out" / one.folder).exists() for one in made] == [False, True, True]


def test_a_value_that_cannot_name_a_folder_is_refused(tmp_path: Path, append: Append) -> None:
    with pytest.raises(ServingError, match=r"country is the name of a folder, and has a slash in 'a/b'"):
        export(append([(date(2026, 1, 5), "a/b", 3)]), f"{tmp_path}/out")
    assert not (tmp_path / "out" / "gold" / "visits" / POINTER).exists()


def test_the_external_table_reads_the_folders_of_the_export(tmp_path: Path, append: Append) -> None:
    made = export(append(ROWS), f"{tmp_path}/out")
    statement = external_table(SnowflakeSettings(export_url="s3://exports/"), spec_of(Visits), made.folder)
    assert check(statement) == []
    assert f"LOCATION = @LAKE.EXPORTS.FILES/{made.folder}" in statement.sql
    assert 'PARTITION BY ("country", "day_month")' in statement.sql
