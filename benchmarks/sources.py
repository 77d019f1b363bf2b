"""Files into bronze against Spark's bare reader and an append, DuckDB stated; and which of 100,000 files are new.

Ours keeps where each record came from and what is wrong with it, and writes the table with the properties of bronze.
"""

from __future__ import annotations

import json
import shutil
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Literal

import duckdb
from pyspark.sql.types import DateType, LongType, StringType, TimestampType

from benchmarks.fit import Line
from benchmarks.measure import Timing, cpu_seconds, interleave, medians, timed
from benchmarks.reference.files_to_table import SCHEMA, append_bare, read_bare
from benchmarks.result import Result
from lakehouse import Column, Schema, StructType, doc, required, table
from lakehouse.catalog.connect import open_lake
from lakehouse.catalog.file_ledger import plan_batch, read_held, stamp_files
from lakehouse.catalog.iceberg import Lake
from lakehouse.config import Settings
from lakehouse.contract import DecimalType, FileRecord
from lakehouse.contract.table import spec_of
from lakehouse.pipeline.take import take
from lakehouse.session import make_session
from lakehouse.sources.file_listing import Folder
from lakehouse.sources.files import FileSource
from lakehouse.sources.protocol import Piece

ROWS = {"small": 300_000, "full": 3_000_000}
REPEATS = {"small": 3, "full": 5}
FEW = 3_000
SMALL_FILES = 1_000
FILES = 100_000
_PER_BATCH = 2_000


class Sale(Schema):
    """A sale."""

    number: Annotated[Column[LongType], required, doc("Number of the receipt")]
    article: Annotated[Column[StringType], doc("What was sold")]
    amount: Annotated[Column[DecimalType[Literal[12], Literal[2]]], doc("What it cost", unit="EUR")]
    day: Annotated[Column[DateType], doc("Day of the sale")]
    at: Annotated[Column[TimestampType], doc("Instant of the sale", unit="UTC")]


@table("bronze.sales_raw", partitioned_by=("dead_letter.reason",))
class SalesRaw(FileRecord):
    """Sales as they arrive."""

    record: Annotated[Column[StructType[Sale]], doc("The sale")]


def run(size: str) -> list[Result]:
    """Take files of both formats, by both in turn, and ask once more which of many are new."""
    folder = Path(tempfile.mkdtemp(prefix="lakehouse-bench-"))
    lake = _lake(folder)
    try:
        lines = [_line(lake, folder, kind, size) for kind in ("csv", "jsonl")]
        return [*lines, _many(lake, folder, size), _checked(lake, folder)]
    finally:
        lake.spark.stop()
        shutil.rmtree(folder, ignore_errors=True)


def _line(lake: Lake, folder: Path, kind: str, size: str) -> Result:
    """Take few and many records: what a run costs in any case, and what each record does."""
    few = _timed(lake, _files(folder / f"few_{kind}", kind, FEW), kind, FEW, repeats=REPEATS[size])
    rows, files = ROWS[size], _files(folder / kind, kind, ROWS[size])
    many = _timed(lake, files, kind, rows, repeats=REPEATS[size])
    reader = f"read_csv('{files}/*.csv')" if kind == "csv" else f"read_json('{files}/*.jsonl')"
    other = timed(duckdb.sql, f"COPY (FROM {reader}) TO '{folder}/duckdb.parquet'")
    megabytes = sum(one.stat().st_size for one in files.iterdir()) / 1e6
    parts = []
    for name in ("ours", "bare"):
        cpu, wall = (
            Line.through({FEW: getattr(few[name], what), rows: getattr(many[name], what)}) for what in ("cpu", "wall")
        )
        parts.append(
            f"{name} CPU {cpu.fixed:.2f} s + {cpu.each * 1e6:.2f} s a million, "
            f"wall {wall.fixed:.2f} s + {wall.each * 1e6:.2f} s a million"
        )
    duck = f"DuckDB to Parquet {other.wall:.1f} s, {other.cpu:.1f} CPU s"
    return _result(f"files: {kind} into bronze", rows, many, size, f"{megabytes:,.0f} MB; {'; '.join(parts)}; {duck}")


def _many(lake: Lake, folder: Path, size: str) -> Result:
    """Take a thousand files of 10 KB."""
    rows = SMALL_FILES * 150
    took = _timed(lake, _files(folder / "thousand", "csv", rows, parts=SMALL_FILES), "csv", rows, repeats=1)
    return _result(f"files: {SMALL_FILES:,} of 10 KB", rows, took, size, "CSV")


def _timed(lake: Lake, files: Path, kind: str, rows: int, *, repeats: int) -> dict[str, Timing]:
    by_hand = f"{lake.name}.bronze.by_hand_{files.name}"
    lake.spark.sql(f"CREATE TABLE {by_hand} ({SCHEMA}) USING iceberg")
    source = FileSource(folder=Folder(location=str(files), settle_seconds=0))

    def ours(_: int) -> None:
        # Each run into a table without anything in it: what was taken is not taken again.
        lake.spark.sql(f"DROP TABLE IF EXISTS {lake.sql_name(spec_of(SalesRaw).name)} PURGE")
        took = take(lake, spec_of(SalesRaw), source, max_record_bytes=1_000_000)
        if took.records != rows:
            raise AssertionError(f"{took.records:,} records of {rows:,}")

    bare: Callable[[int], None] = lambda _: append_bare(read_bare(lake.spark, files, kind), by_hand)  # noqa: E731
    timings = interleave({"ours": ours, "bare": bare}, repeats=repeats)
    return {name: medians(runs) for name, runs in timings.items()}


def _result(name: str, rows: int, took: dict[str, Timing], size: str, note: str) -> Result:
    mine, theirs = took["ours"], took["bare"]
    return Result(
        name=name,
        value=round(rows / mine.wall),
        unit="records/s",
        reference="Spark's bare reader and an append",
        reference_value=round(rows / theirs.wall),
        ratio=round(theirs.wall / mine.wall, 3),
        repeats=REPEATS[size],
        cpu_seconds=round(mine.cpu, 2),
        reference_cpu_seconds=round(theirs.cpu, 2),
        note=f"{rows:,} records, {note}",
    )


def _files(folder: Path, kind: str, rows: int, *, parts: int = 4) -> Path:
    folder.mkdir()
    first = datetime(2026, 1, 1, tzinfo=UTC)
    for part in range(parts):
        with (folder / f"{part}.{kind}").open("w") as file:
            file.write("number,article,amount,day,at\n" if kind == "csv" else "")
            for number in range(part, rows, parts):
                at = first + timedelta(seconds=number * 37 % 30_000_000)
                sale = {
                    "number": number, "article": f"article, no. {number * 7919 % 90_000}",
                    "amount": str(Decimal(number % 100_000) / 100), "day": f"{at:%Y-%m-%d}",
                    "at": f"{at:%Y-%m-%dT%H:%M:%S}",
                }  # fmt: skip
                line = (
                    json.dumps(sale) if kind == "jsonl" else '{number},"{article}",{amount},{day},{at}'.format(**sale)
                )
                file.write(line + "\n")
    return folder


def _checked(lake: Lake, folder: Path) -> Result:
    """Ask which of 100,000 files that were taken in batches of 2,000 are new."""
    many, name = folder / "many", spec_of(SalesRaw).name
    for number in range(FILES):
        path = many / f"{number // 1_000:03}" / f"sales-{number:06}.csv"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    source = FileSource(folder=Folder(location=str(many), settle_seconds=0))
    pieces, _ = source.folder.files()
    lake.spark.sql(f"DROP TABLE IF EXISTS {lake.sql_name(name)} PURGE")
    lake.ensure(spec_of(SalesRaw))
    _hold(lake, name, pieces)
    wall, cpu = time.monotonic(), cpu_seconds()
    new = source.new_files(read_held(lake.catalog, name))
    wall, cpu = time.monotonic() - wall, cpu_seconds() - cpu
    if new:
        raise AssertionError(f"{len(new):,} files are new")
    return Result(
        name="files: which of 100,000 are new",
        value=round(wall, 2),
        unit="s",
        reference="at most",
        reference_value=5.0,
        ratio=round(5.0 / wall, 2),
        repeats=1,
        cpu_seconds=round(cpu, 2),
        reference_cpu_seconds=5.0,
        note=f"taken in batches of {_PER_BATCH:,}",
    )


def _hold(lake: Lake, name: str, pieces: list[Piece]) -> None:
    stamp = None
    for at in range(0, len(pieces), _PER_BATCH):
        files = [one.taken(0) for one in pieces[at : at + _PER_BATCH]]
        before, stamp = stamp, stamp_files(files, stamp)
        plan_batch(lake, name, stamp.batch, before, files)
    held, summary = lake.table(name), stamp.summary() if stamp else {}
    held.append(held.schema().as_arrow().empty_table(), snapshot_properties=summary)


def _lake(folder: Path) -> Lake:
    settings = Settings.model_validate(
        {
            "catalog": {"uri": f"sqlite:///{folder}/catalog.db", "warehouse": f"{folder}/warehouse"},
            "session": {"master": "local[2]", "driver_memory": "2g", "conf": {"spark.sql.shuffle.partitions": "4"}},
        }
    )
    lake = open_lake(settings, make_session(settings))
    lake.spark.sql("CREATE NAMESPACE IF NOT EXISTS bronze")
    return lake
