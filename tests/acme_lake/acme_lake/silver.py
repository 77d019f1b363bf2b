"""One row per parcel."""

from __future__ import annotations

from typing import Annotated

from pyspark.sql import functions as F
from pyspark.sql.types import DoubleType, IntegerType, LongType, StringType, TimestampType

from acme_lake.bronze import ScansRaw
from lakehouse import Column, DataSet, Scored, build, conform, doc, table
from lakehouse.contract import Rows
from lakehouse.quality import Between, NotNull, OneOf


@table("silver.parcels", key=("parcel",), newest_by=("scanned_at", "partition", "offset"))
class Parcels(Scored):
    """One row per parcel, with its newest scan."""

    parcel: Annotated[Column[StringType], doc("Number on the label")]
    depot: Annotated[Column[StringType], doc("Where it was last"), NotNull()]
    status: Annotated[Column[StringType], doc("What happened last"), OneOf("received", "sorted", "delivered")]
    weight_kg: Annotated[Column[DoubleType], doc("Weight", unit="kg"), Between(0.0, 31.5)]
    scanned_at: Annotated[Column[TimestampType], doc("Instant of the scan", unit="UTC")]
    partition: Annotated[Column[IntegerType], doc("Kafka partition of the scan")]
    offset: Annotated[Column[LongType], doc("Kafka offset of the scan")]


@build(follows=Rows())
def parcels(scans: DataSet[ScansRaw]) -> DataSet[Parcels]:
    """Flatten; of the scans of a parcel the table keeps the newest."""
    flat = scans.select("record.*", F.col("kafka_timestamp").alias("scanned_at"), "partition", "offset")
    return conform(flat, Parcels)
