"""What the weigh-bridges of the depots write: a file a day, a line a lorry. A source of the courier's own."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Annotated

from pyspark.sql import SparkSession
from pyspark.sql.types import IntegerType, StringType

from lakehouse import Column, Schema, StructType, doc, required, table
from lakehouse.catalog.file_ledger import Held
from lakehouse.contract import FileRecord
from lakehouse.contract.columns import ColumnSpec
from lakehouse.sources.file_listing import Folder
from lakehouse.sources.protocol import LeftOut, Portion, SourceBatch
from lakehouse.sources.text_lines import read_lines
from lakehouse.transforms.csv_dialect import CsvDialect
from lakehouse.transforms.decode_csv import CsvDecoder


class Weight(Schema):
    """A lorry on a weigh-bridge."""

    plate: Annotated[Column[StringType], required, doc("Licence plate of the lorry")]
    weight_kg: Annotated[Column[IntegerType], doc("Weight with its load", unit="kg")]


@table("bronze.weights_raw", partitioned_by=("dead_letter.reason",))
class WeightsRaw(FileRecord):
    """One row per lorry that was weighed."""

    record: Annotated[Column[StructType[Weight]], doc("The weight; null for a dead letter")]


@dataclass(kw_only=True)
class Bridges:
    """Lines such as ``GE 1234 = 17500``, in files called ``<depot>-<day>.log``."""

    name: str = "bridges"
    left_out: list[LeftOut] = field(default_factory=list)

    def batches(self, spark: SparkSession, payload: ColumnSpec, held: Held) -> Iterator[SourceBatch]:
        """Give the files of all days that were not taken yet, as one batch."""
        del payload  # the decoder is given it
        found, self.left_out = Folder(location=self.name, pattern="*.log").files()
        new = [one for one in found if one.source not in held.newest()]
        if new:
            lines = read_lines(spark, new, header=False)
            decoder = CsvDecoder(dialect=CsvDialect(columns=("plate", "weight_kg"), delimiter=" = ", header=False))
            part = Portion(pieces=new, records=lines.records, counts=lines.counts, decoder=decoder, undeclared={})
            yield SourceBatch(portions=[part])
