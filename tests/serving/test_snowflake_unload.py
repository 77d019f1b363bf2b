"""Results of Snowflake, as a table of the lake: its answer is played; files, reading and publish are real."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from lakehouse.catalog.iceberg import Lake
from lakehouse.cli.unload import result_of, take_result
from lakehouse.config import Settings
from lakehouse.errors import SchemaMismatchError, ServingError, SourceError
from lakehouse.pipeline.graph import Graph
from lakehouse.pipeline.run import Run
from lakehouse.serving.snowflake.unload import unload_statement
from lakehouse.snowflake.session import Described, Session
from lakehouse.sources.file_listing import Folder
from lakehouse.sources.unloaded import unloaded_rows
from tests.serving.fake_snowflake import Account
from tests.serving.snowflake_lake import BEST, BEST_QUERY, PEOPLE_SPEC, SALES_SPEC, SETTINGS

COLUMNS = {
    "DAY": ("DATE", 0, 0),
    "COUNTRY": ("TEXT", 0, 0),
    "ORDERS": ("FIXED", 18, 0),
    "NET": ("FIXED", 14, 2),
    "LAST_AT": ("TIMESTAMP_LTZ", 0, 9),
    "MARK": ("BINARY", 0, 0),
}
AT = datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC)


def rows_of(*countries: str) -> pa.Table:
    """What Snowflake writes for a row each: whole numbers as decimals, instants as microseconds, binary as text."""
    count = len(countries)
    return pa.table(
        {
            "day": pa.array([date(2026, 1, 2)] * count),
            "country": pa.array(countries, pa.string()),
            "orders": pa.array([Decimal(7)] * count, pa.decimal128(19, 0)),
            "net": pa.array([Decimal("1.50")] * count, pa.decimal128(14, 2)),
            "last_at": pa.array([int(AT.timestamp()) * 1_000_000 + AT.microsecond] * count, pa.int64()),
            "mark": pa.array(["FF00"] * count),
        }
    )


@dataclass(kw_only=True)
class Computes(Session):
    """A session whose account unloads what it is told, below a folder."""

    root: Path
    answer: pa.Table
    columns: dict[str, tuple[str, int, int]] = field(default_factory=lambda: dict(COLUMNS))
    sent: list[str] = field(default_factory=list)

    def describe(self, query: str) -> tuple[Described, ...]:
        del query
        return tuple(Described(name=n, kind=k, digits=d, scale=s) for n, (k, d, s) in self.columns.items())

    def ask(self, sql: str, *, again: bool = True) -> list[dict[str, Any]]:
        assert not again, "what is sent twice is there twice"
        self.sent.append(sql)
        folder = self.root / sql.split("/", 1)[1].split("\n", maxsplit=1)[0]
        told = []
        for number, country in enumerate(self.answer["country"].to_pylist()):
            name = f"country={country}/data_01_{number}.snappy.parquet"
            (folder / name).parent.mkdir(parents=True)
            pq.write_table(self.answer.slice(number, 1), folder / name)
            told.append({"file_name": name, "file_size": 1, "row_count": 1})
        # Of an attempt that nobody waited for.
        pq.write_table(self.answer, folder / "data_00_0.snappy.parquet")
        return told


def computes(root: Path, answer: pa.Table, **more: Any) -> Computes:
    return Computes(open=lambda: pytest.fail("no connection is needed"), root=root, answer=answer, **more)


def taken(settings: Settings, session: Session, root: Path) -> int:
    to = SETTINGS.model_copy(update={"export_url": f"{root}/"})
    run = Run(minimum_score=settings.quality.minimum_for, full=True)
    return take_result(settings.model_copy(update={"snowflake": to}), session, BEST, BEST_QUERY, run).rows


def test_a_result_is_published_as_a_table_and_the_next_run_takes_its_place(
    settings: Settings, lake: Lake, tmp_path: Path
) -> None:
    first = computes(tmp_path, rows_of("DE", "FR"))
    assert taken(settings, first, tmp_path) == 2
    row = lake.rows(BEST).where("country = 'DE'").select("orders", "net", "mark", "day", "country").collect()[0]
    assert tuple(row) == (7, Decimal("1.50"), bytearray(b"\xff\x00"), date(2026, 1, 2), "DE")
    instants = lake.rows(BEST).selectExpr("unix_micros(last_at) AS at").distinct().collect()
    assert [one["at"] for one in instants] == [int(AT.timestamp()) * 1_000_000 + AT.microsecond]
    second = computes(tmp_path, rows_of("BE"))
    assert taken(settings, second, tmp_path) == 1
    assert [one.country for one in lake.rows(BEST).collect()] == ["BE"]
    assert first.sent[0].splitlines()[0] != second.sent[0].splitlines()[0]


def test_a_result_of_other_columns_is_refused_before_it_is_computed(settings: Settings, tmp_path: Path) -> None:
    session = computes(tmp_path, rows_of("DE"), columns=COLUMNS | {"NET": ("FIXED", 14, 4)})
    with pytest.raises(SchemaMismatchError, match=r"net: declared decimal\(14,2\), found decimal\(14,4\)"):
        taken(settings, session, tmp_path)
    assert session.sent == []


@pytest.mark.parametrize(
    ("names", "rows", "said"),
    [
        (["a.parquet", "b.parquet"], 2, "names files that are not there: b.parquet"),
        (["a.parquet"], 2, "has unloaded 2 rows, in its files are 1"),
    ],
)
def test_files_that_are_not_what_snowflake_says_are_refused(
    tmp_path: Path, names: Sequence[str], rows: int, said: str
) -> None:
    pq.write_table(rows_of("DE"), tmp_path / "a.parquet")
    with pytest.raises(SourceError, match=said):
        unloaded_rows(None, Folder(location=str(tmp_path), settle_seconds=0), names, BEST.struct, rows=rows)  # type: ignore[arg-type]


def test_a_connection_that_is_lost_while_it_unloads_is_not_asked_again() -> None:
    account = Account(trusted=True, lose_at={1})
    sql = unload_statement(SETTINGS, BEST, BEST_QUERY, run_id="r").sql
    with pytest.raises(ServingError, match="was lost 1 times, at: COPY INTO @LAKE"):
        Session(open=account.open, pauses=(0, 0)).ask(sql, again=False)
    assert account.sent == [sql]


def test_a_nested_column_is_not_unloaded() -> None:
    with pytest.raises(ServingError, match=r"gold\.sales\.tags is nested, and Snowflake unloads no such column"):
        unload_statement(SETTINGS, SALES_SPEC, "SELECT 1", run_id="r")


def test_a_table_without_folders_is_unloaded_without_partitions() -> None:
    assert "PARTITION BY" not in unload_statement(SETTINGS, PEOPLE_SPEC, "SELECT 1", run_id="r").sql


@pytest.mark.parametrize(
    ("results", "said"),
    [({}, "snowflake.results has none"), ({"gold.other": "SELECT 1"}, "snowflake.results has gold.other")],
)
def test_a_table_that_is_no_result_is_refused_with_those_that_are(results: dict[str, str], said: str) -> None:
    settings = Settings(snowflake=SETTINGS.model_copy(update={"results": results}))
    with pytest.raises(ServingError, match=said):
        result_of(Graph(tables={BEST.name: BEST}, builds=()), settings, BEST.name)
