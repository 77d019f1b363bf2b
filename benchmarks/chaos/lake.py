"""The lake that is killed: numbered beeps, alarms by a route, the newest beep of each sensor by a merge.

``place`` copies this file beside the settings of a run; there it is the package that the stream is told to use.
"""

from __future__ import annotations

from typing import Annotated

from pyspark.sql.types import LongType, StringType

from lakehouse import Column, DataSet, KafkaRecord, Schema, StructType, build, conform, doc, required, table


class Beep(Schema):
    """One numbered message."""

    number: Annotated[Column[LongType], required, doc("Of the message, each once, rising")]
    sensor: Annotated[Column[StringType], required, doc("Which")]
    noise: Annotated[Column[StringType], doc("Hexadecimal, so that files do not shrink to nothing")]


@table("bronze.beeps", partitioned_by=("dead_letter.reason",))
class Beeps(KafkaRecord):
    """One row per beep, as it arrived."""

    record: Annotated[Column[StructType[Beep]], doc("The beep; null for a dead letter")]


@table("bronze.alarms", partitioned_by=("dead_letter.reason",))
class Alarms(KafkaRecord):
    """One row per beep of the sensor that a route takes."""

    record: Annotated[Column[StructType[Beep]], doc("The beep; null for a dead letter")]


@table("silver.latest", key=("sensor",), newest_by=("number",))
class Latest(Schema):
    """One row per sensor, with its newest beep."""

    sensor: Annotated[Column[StringType], doc("Which")]
    number: Annotated[Column[LongType], doc("Of its newest beep")]


@build
def latest(beeps: DataSet[Beeps]) -> DataSet[Latest]:
    """Take sensor and number; the merge keeps the newest."""
    return conform(beeps.select("record.sensor", "record.number"), Latest)
