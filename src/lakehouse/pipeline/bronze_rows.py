"""Records of Kafka or of files into rows of a bronze table: decoded, or dead letters with the reason."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from importlib.metadata import PackageNotFoundError, version

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from lakehouse.contract.bronze_record import origin_of
from lakehouse.contract.event_time import EVENT_TIME, LATE_BY, EventTime, Late
from lakehouse.contract.kafka_record import PAYLOAD, DeadLetterReason
from lakehouse.contract.table import TableSpec
from lakehouse.quality import Policy, rule_set, with_quality
from lakehouse.quality.mask import FAILED, MASK, MORE, RULES, SCORE, failed_any
from lakehouse.transforms.decoder import Decode, JsonDecoder
from lakehouse.transforms.event_time import late_detail, with_event_time, with_late_by

_ORIGIN: dict[str, Callable[[str], Column]] = {
    "kafka_timestamp": lambda name: F.col("timestamp").alias(name),
    "ingested_at": lambda name: F.current_timestamp().alias(name),
}
"""Columns that say where a row came from and are called otherwise in what was read, or are not in it."""


def to_bronze(
    df: DataFrame, spec: TableSpec, *, max_bytes: int, decode: Decode | None = None, watermark: Column | None = None
) -> DataFrame:
    """Turn records as they were read into rows of a bronze table: decoded, or dead letters.

    ``df`` has the columns that Spark gives Kafka records, or those of ``sources.protocol.RECORD``.

    Rows: one per record. Columns: those of the table. Cost: one parse per record, no shuffle. Batch and stream.

    ``decode`` is that of the stream's format, made for these records; without one they are JSON.
    A record that breaks an error rule of the table is a dead letter too, where its gate says ``Policy.QUARANTINE``.
    One that happened before ``watermark`` is late, where the table has an event time; without one none is.
    """
    payload, event_time = spec.column(PAYLOAD), spec.event_time
    decoded = (decode or JsonDecoder())(df, payload, max_bytes=max_bytes)
    if event_time is not None:
        # Before rules take the payload away: what they set aside has happened too.
        decoded = with_event_time(decoded, payload, event_time)
    decoded = _held_against_rules(decoded, spec)
    if event_time is not None:
        decoded = _held_against_time(decoded, event_time, watermark)
    dead_letter = F.struct(
        "reason",
        "detail",
        "key",
        "value",
        "headers",
        "schema_id",
        F.lit(_library_version()).alias("library_version"),
    )
    return decoded.select(
        *(_ORIGIN.get(name, F.col)(name) for name in origin_of(spec.schema)),
        F.when(F.col("reason").isNotNull(), dead_letter).alias("dead_letter"),
        PAYLOAD,
        *((EVENT_TIME, LATE_BY) if event_time is not None else ()),
    )


def _held_against_rules(decoded: DataFrame, spec: TableSpec) -> DataFrame:
    rules = rule_set(spec)
    if rules.gate.policy is not Policy.QUARANTINE or not rules.rules:
        return decoded
    broken = F.col("reason").isNull() & failed_any(rules)
    judged = with_quality(decoded, rules).withColumns(
        {
            "reason": F.when(broken, DeadLetterReason.CONTRACT_VIOLATION.value).otherwise(F.col("reason")),
            "detail": F.when(broken, F.concat_ws(", ", FAILED)).otherwise(F.col("detail")),
            PAYLOAD: F.when(~broken, F.col(PAYLOAD)),
        }
    )
    return judged.drop(MASK, MORE, RULES, SCORE, FAILED)


def _held_against_time(decoded: DataFrame, event_time: EventTime, watermark: Column | None) -> DataFrame:
    judged = with_late_by(decoded, watermark)
    if watermark is None or event_time.late is Late.KEEP:
        return judged
    late = F.col("reason").isNull() & F.col(LATE_BY).isNotNull()
    return judged.withColumns(
        {
            "reason": F.when(late, DeadLetterReason.LATE.value).otherwise(F.col("reason")),
            "detail": F.when(late, late_detail(watermark)).otherwise(F.col("detail")),
            PAYLOAD: F.when(~late, F.col(PAYLOAD)),
        }
    )


@cache
def _library_version() -> str:
    try:
        return version("lakehouse")
    except PackageNotFoundError:
        # On a cluster it may come as a bare folder or zip.
        return "unknown"
