"""The instant at which a message happened, and how far it is behind a watermark. No value makes it throw."""

from __future__ import annotations

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F
from pyspark.sql import types as spark_types

from lakehouse.contract.columns import ColumnSpec
from lakehouse.contract.event_time import EVENT_TIME, LATE_BY, EventTime

_MICROS = {"s": 1_000_000, "ms": 1_000, "us": 1}
_FIRST, _LAST = -62_135_596_800 * 1_000_000, 253_402_300_800 * 1_000_000 - 1
"""Years 1 to 9999, in microseconds: what Python, Iceberg's readers and warehouses know."""


def with_event_time(decoded: DataFrame, payload: ColumnSpec, event_time: EventTime) -> DataFrame:
    """Add ``event_time`` to decoded records.

    Rows: unchanged. Columns: those of ``decoded`` and ``event_time``, null where the field is null or no instant from
    the year 1 to 9999. Cost: an expression per row. Batch and stream.
    """
    path = f"{payload.name}.{event_time.field}"
    kind = next(field.type for name, field in payload.walk() if name == path)
    value = F.col(".".join(f"`{part}`" for part in path.split(".")))
    return decoded.withColumn(EVENT_TIME, _instant(value, kind, event_time.epoch))


def with_late_by(timed: DataFrame, watermark: Column | None) -> DataFrame:
    """Add ``late_by``, the whole seconds from ``event_time`` to the watermark.

    Rows: unchanged. Columns: those of ``timed`` and ``late_by``, null where a record is in time, has no event time, or
    has no watermark; less than a second is 0. Cost: an expression per row. Batch and stream.
    """
    nothing = F.lit(None).cast("bigint")
    if watermark is None:
        return timed.withColumn(LATE_BY, nothing)
    behind = F.unix_micros(watermark) - F.unix_micros(F.col(EVENT_TIME))
    return timed.withColumn(LATE_BY, F.when(behind > 0, F.call_function("div", behind, F.lit(1_000_000))))


def late_detail(watermark: Column) -> Column:
    """Say of a late record when it happened, and how far that is behind."""
    return F.concat(
        F.lit("happened at "),
        _text(F.col(EVENT_TIME)),
        F.lit(", "),
        F.col(LATE_BY).cast("string"),
        F.lit(" s behind the watermark "),
        _text(watermark),
    )


def _instant(value: Column, kind: spark_types.DataType, epoch: str | None) -> Column:
    if epoch is not None:
        factor = _MICROS[epoch]
        number = value.cast("bigint")
        # What is outside becomes null before it is multiplied: a product of more than 64 bits would throw.
        fits = number.between(-(-_FIRST // factor), _LAST // factor)
        return F.timestamp_micros(F.when(fits, number) * factor)
    if isinstance(kind, spark_types.StringType):
        # A time of day alone would be read as one of today, each time as another.
        value = F.try_to_timestamp(F.when(F.substring(F.ltrim(value), 5, 1) == "-", value))
    return F.when(F.unix_micros(value).between(_FIRST, _LAST), value)


def _text(at: Column) -> Column:
    return F.date_format(at, "yyyy-MM-dd'T'HH:mm:ssXXX")
