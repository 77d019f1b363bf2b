"""What a bronze table keeps of a record of a file beside its payload.

A bronze table of files is ``class SalesRaw(FileRecord): record: Column[StructType[Sale]]``.
"""

from __future__ import annotations

from typing import Annotated

from pyspark.sql.types import LongType, StringType, TimestampType

from lakehouse.contract.bronze_record import BronzeRecord
from lakehouse.contract.kafka_record import DeadLetter
from lakehouse.contract.marks import Generated, doc, required
from lakehouse.contract.schema import Column, StructType


class FileRecord(BronzeRecord):
    """Where a row came from. ``dead_letter`` is null for a good row, else it holds the record as it stood there."""

    source: Annotated[Column[StringType], required, Generated(), doc("Path of the file, or address of the answer")]
    source_version: Annotated[
        Column[StringType], required, Generated(), doc("Which state of it: when it was changed, and its size in bytes")
    ]
    line: Annotated[
        Column[LongType],
        required,
        Generated(),
        doc("Line on which the record begins, from 1; its number where there are no lines; 0: the file as a whole"),
    ]
    ingested_at: Annotated[
        Column[TimestampType], required, Generated(), doc("Instant of the batch that read it", unit="UTC")
    ]
    dead_letter: Annotated[Column[StructType[DeadLetter]], Generated(), doc("Null for a good row; else why and what")]


FILE_PLACE = ["source", "source_version", "line"]
"""Columns that tell a record of a file from all others."""
