"""A bronze table of files, and files to fill it with."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pyspark.sql.types import DateType, LongType, StringType, TimestampType

from lakehouse import Column, Schema, StructType, doc, required, table
from lakehouse.contract import DecimalType, FileRecord
from lakehouse.contract.table import TableSpec, spec_of
from lakehouse.sources.file_listing import Folder
from lakehouse.sources.files import FileSource


class Sale(Schema):
    """A sale, as a till tells it."""

    number: Annotated[Column[LongType], required, doc("Number of the receipt")]
    article: Annotated[Column[StringType], doc("What was sold")]
    amount: Annotated[Column[DecimalType[Literal[12], Literal[2]]], doc("What it cost", unit="EUR")]
    day: Annotated[Column[DateType], doc("Day of the sale")]
    at: Annotated[Column[TimestampType], doc("Instant of the sale", unit="UTC")]


class SalesRaw(FileRecord):
    """Sales as they arrive."""

    record: Annotated[Column[StructType[Sale]], doc("The sale")]


def fresh_spec(unique: str) -> TableSpec:
    """A bronze table that no other test uses."""
    raw = type("Fresh", (SalesRaw,), {"__annotations__": {}, "__doc__": "Sales as they arrive."})
    return spec_of(table(f"bronze.{unique}", partitioned_by=("dead_letter.reason",))(raw))


def files_at(folder: Path, **more: object) -> FileSource:
    """The files of a folder, which nobody is writing to."""
    return FileSource(folder=Folder(location=str(folder), settle_seconds=0), **more)  # type: ignore[arg-type]
