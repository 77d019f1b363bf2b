"""What a bronze table keeps of a Kafka record beside its payload.

A bronze table of JSON messages is ``class UsersRaw(KafkaRecord): record: Column[StructType[UserMessage]]``.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pyspark.sql.types import BinaryType, IntegerType, LongType, StringType, TimestampType

from lakehouse.contract.bronze_record import BronzeRecord
from lakehouse.contract.marks import Generated, doc, required
from lakehouse.contract.schema import ArrayType, Column, Schema, StructType


class DeadLetterReason(StrEnum):
    """Why a record could not become a good row."""

    MALFORMED_JSON = "malformed_json"
    WRONG_TYPE = "wrong_type"
    MISSING_REQUIRED = "missing_required"
    TOMBSTONE = "tombstone"
    EMPTY = "empty"
    TOO_LARGE = "too_large"
    CONTRACT_VIOLATION = "contract_violation"
    MALFORMED_AVRO = "malformed_avro"
    UNKNOWN_SCHEMA_ID = "unknown_schema_id"
    INCOMPATIBLE_SCHEMA = "incompatible_schema"
    LATE = "late"
    MALFORMED_CSV = "malformed_csv"
    WRONG_ENCODING = "wrong_encoding"
    UNREADABLE_FILE = "unreadable_file"


PLACE = ["topic", "partition", "offset"]
"""Columns that tell a Kafka record from all others."""


class Header(Schema):
    """One Kafka header."""

    key: Column[StringType]
    value: Column[BinaryType]


class DeadLetter(Schema):
    """A record that could not be decoded, whole, so that it can be replayed."""

    reason: Annotated[Column[StringType], doc(", ".join(DeadLetterReason))]
    detail: Annotated[Column[StringType], doc("What was expected and what was found, by field")]
    key: Annotated[Column[BinaryType], doc("Key of the Kafka record")]
    value: Annotated[Column[BinaryType], doc("Value of the Kafka record, byte for byte")]
    headers: Annotated[Column[ArrayType[StructType[Header]]], doc("Headers of the Kafka record")]
    schema_id: Annotated[Column[IntegerType], doc("Schema of the registry that it names; null where it names none")]
    library_version: Annotated[Column[StringType], doc("Version of lakehouse that could not decode it")]


class KafkaRecord(BronzeRecord):
    """Where a row came from. ``dead_letter`` is null for a good row, else it holds the record as it arrived."""

    topic: Annotated[Column[StringType], required, Generated(), doc("Kafka topic")]
    partition: Annotated[Column[IntegerType], required, Generated(), doc("Kafka partition")]
    offset: Annotated[Column[LongType], required, Generated(), doc("Kafka offset in the partition")]
    kafka_timestamp: Annotated[Column[TimestampType], Generated(), doc("Instant of the Kafka record", unit="UTC")]
    ingested_at: Annotated[
        Column[TimestampType], required, Generated(), doc("Instant of the batch that read it", unit="UTC")
    ]
    dead_letter: Annotated[Column[StructType[DeadLetter]], Generated(), doc("Null for a good row; else why and what")]


PAYLOAD = "record"
"""The column of a bronze table that holds the decoded message."""
