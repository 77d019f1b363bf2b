"""How the messages of a stream become records: one shape for every format."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from pyspark.sql import DataFrame
from pyspark.sql import functions as F
from pyspark.sql import types as spark_types

from lakehouse.contract.columns import ColumnSpec
from lakehouse.contract.kafka_record import DeadLetterReason
from lakehouse.transforms.debezium import check_change, judged_change
from lakehouse.transforms.decode_json import connect_message, decode_json
from lakehouse.transforms.wire_format import body, has_prefix, schema_id, wire_detail

_RAW = "_raw"


class Decode(Protocol):
    """Decodes the column ``value`` of Kafka records by the contract of a payload.

    Rows: unchanged, none is lost. Columns: those of ``df`` and ``record`` (null when it could not be decoded),
    ``reason`` (null, or a ``DeadLetterReason``), ``detail`` and ``schema_id`` (int, null where none is named).
    """

    def __call__(self, df: DataFrame, payload: ColumnSpec, *, max_bytes: int) -> DataFrame:
        """Decode Kafka records; longer values than ``max_bytes`` are not parsed."""


class Decoder(Protocol):
    """The format of a stream."""

    def check(self, payload: ColumnSpec) -> None:
        """Make sure that a payload can be read in this format.

        Raises:
            ContractError: It lacks a field that the format needs, or has one that it cannot have.
        """

    def for_batch(self, df: DataFrame, *, wait: bool) -> Decode:
        """Give what decodes these Kafka records; ``wait`` for what is not there yet, where the format knows of such."""


@dataclass(frozen=True, kw_only=True)
class JsonDecoder:
    """JSON messages.

    Args:
        prefixed: Each begins with five bytes that name its schema in a registry. JSON says itself what it holds, so
            they are noted, and the registry is not asked.
        debezium: They are changes as Debezium writes them, bare or in Kafka Connect's wrapping.
    """

    prefixed: bool = False
    debezium: bool = False

    def check(self, payload: ColumnSpec) -> None:
        """Make sure that a payload can be read in this format."""
        if self.debezium:
            check_change(payload)
            if isinstance(payload.type, spark_types.StructType):
                connect_message(payload.type)

    def for_batch(self, df: DataFrame, *, wait: bool) -> Decode:
        """Give itself: JSON needs nothing from outside."""
        del df, wait
        return self

    def __call__(self, df: DataFrame, payload: ColumnSpec, *, max_bytes: int) -> DataFrame:
        """Decode Kafka records."""
        if self.prefixed:
            decoded = self._of_body(df, payload, max_bytes)
        else:
            decoded = decode_json(df, payload, max_bytes=max_bytes, wrapped=self.debezium)
            decoded = decoded.withColumn("schema_id", F.lit(None).cast("int"))
        return judged_change(decoded) if self.debezium else decoded

    def _of_body(self, df: DataFrame, payload: ColumnSpec, max_bytes: int) -> DataFrame:
        raw = F.col(_RAW)
        # Without its prefix a value becomes one without anything in it; what it is called is mended below.
        stripped = F.when(raw.isNotNull(), F.when(has_prefix(raw), body(raw)).otherwise(F.lit(b"")))
        kept = df.withColumn(_RAW, F.col("value")).withColumn("value", stripped)
        decoded = decode_json(kept, payload, max_bytes=max_bytes, wrapped=self.debezium)
        no_prefix = ~has_prefix(raw) & (F.octet_length(raw) > 0)
        return decoded.withColumns(
            {
                "reason": F.when(no_prefix, DeadLetterReason.MALFORMED_JSON.value).otherwise(F.col("reason")),
                "detail": F.when(no_prefix, wire_detail(raw)).otherwise(F.col("detail")),
                "schema_id": schema_id(raw),
                "value": raw,
            }
        ).drop(_RAW)
