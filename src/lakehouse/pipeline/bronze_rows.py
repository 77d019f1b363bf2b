"""Kafka records into rows of a bronze table: decoded, or dead letters with the reason."""

from __future__ import annotations

from functools import cache
from importlib.metadata import PackageNotFoundError, version

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from lakehouse.contract.kafka_record import PAYLOAD, DeadLetterReason
from lakehouse.contract.table import TableSpec
from lakehouse.quality import Policy, rule_set, with_quality
from lakehouse.quality.mask import FAILED, MASK, MORE, RULES, SCORE, failed_any
from lakehouse.transforms.decoder import Decode, JsonDecoder


def to_bronze(df: DataFrame, spec: TableSpec, *, max_bytes: int, decode: Decode | None = None) -> DataFrame:
    """Turn Kafka records as Spark reads them into rows of a bronze table: decoded, or dead letters.

    Rows: one per record. Columns: those of the table. Cost: one parse per record, no shuffle. Batch and stream.

    ``decode`` is that of the stream's format, made for these records; without one they are JSON.
    A record that breaks an error rule of the table is a dead letter too, where its gate says ``Policy.QUARANTINE``.
    """
    found = (decode or JsonDecoder())(df, spec.column(PAYLOAD), max_bytes=max_bytes)
    decoded = _held_against_rules(found, spec)
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
        "topic",
        "partition",
        "offset",
        F.col("timestamp").alias("kafka_timestamp"),
        F.current_timestamp().alias("ingested_at"),
        F.when(F.col("reason").isNotNull(), dead_letter).alias("dead_letter"),
        PAYLOAD,
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


@cache
def _library_version() -> str:
    try:
        return version("lakehouse")
    except PackageNotFoundError:
        # On a cluster it may come as a bare folder or zip.
        return "unknown"
