"""Scans as the handheld devices send them."""

from __future__ import annotations

from typing import Annotated

from pyspark.sql.types import DoubleType, StringType

from lakehouse import Column, KafkaRecord, Schema, StructType, doc, required, table


class Scan(Schema):
    """One beep of a handheld device."""

    parcel: Annotated[Column[StringType], required, doc("Number on the label")]
    depot: Column[StringType]
    status: Column[StringType]
    weight_kg: Annotated[Column[DoubleType], doc("Weight on the belt", unit="kg")]


@table("bronze.scans_raw", partitioned_by=("dead_letter.reason",))
class ScansRaw(KafkaRecord):
    """One row per scan, as it arrived."""

    record: Annotated[Column[StructType[Scan]], doc("The scan; null for a dead letter")]
