"""Readings of meters: rows that are cheap to make, so that ten million of them are about the driver and its memory."""

from __future__ import annotations

from typing import Annotated

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F
from pyspark.sql.types import DoubleType, LongType, TimestampType

from lakehouse.contract import Column, DataSet, Schema, Scored, build, conform, doc, table
from lakehouse.quality import Between, NotNull


@table("bronze.readings", external=True)
class RawReadings(Schema):
    """One row per reading, as it came."""

    reading: Column[LongType]
    meter: Column[LongType]
    watts: Column[DoubleType]
    read_at: Column[TimestampType]


@table("silver.readings")
class Readings(Scored):
    """One row per reading."""

    reading: Annotated[Column[LongType], doc("Number of the reading"), NotNull()]
    meter: Annotated[Column[LongType], doc("Where it was read"), NotNull()]
    watts: Annotated[Column[DoubleType], doc("Power", unit="W"), Between(0.0, 9_000.0)]
    read_at: Annotated[Column[TimestampType], doc("Instant", unit="UTC"), NotNull()]


@table("gold.meters", key=("meter",))
class Meters(Schema):
    """One row per meter."""

    meter: Annotated[Column[LongType], doc("Where it was read")]
    readings: Annotated[Column[LongType], doc("How often", unit="readings")]
    watts: Annotated[Column[DoubleType], doc("Mean power", unit="W")]


@build()
def readings(raw: DataSet[RawReadings]) -> DataSet[Readings]:
    """Take them as they are; the rules say which are wrong."""
    return conform(raw, Readings)


@build()
def meters(rows: DataSet[Readings]) -> DataSet[Meters]:
    """Count and average by meter, of which there are a thousand."""
    means = rows.groupBy(Readings.meter).agg(F.count("*").alias("readings"), F.avg(Readings.watts).alias("watts"))
    return conform(means, Meters)


def made(spark: SparkSession, count: int) -> DataFrame:
    """Make readings: one in a hundred has more power than there can be."""
    reading = F.col("id")
    return spark.range(count, numPartitions=max(2, count // 500_000)).select(
        reading.alias("reading"),
        (reading % 1000).alias("meter"),
        F.when(reading % 100 == 0, 10_000.0).otherwise((reading % 997).cast("double")).alias("watts"),
        F.timestamp_seconds(F.lit(1_780_000_000) + reading % 86_400).alias("read_at"),
    )
