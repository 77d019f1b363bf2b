"""Avro in the wire format of a registry into a typed struct, or a typed reason why not."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F
from pyspark.sql import types as spark_types

from lakehouse.contract.columns import ColumnSpec
from lakehouse.contract.kafka_record import PAYLOAD, DeadLetterReason
from lakehouse.transforms.avro_reader import IncompatibleError, Reader
from lakehouse.transforms.avro_schema import AvroSchema
from lakehouse.transforms.rare_case import in_rare_case
from lakehouse.transforms.required_fields import any_missing, missing_detail
from lakehouse.transforms.wire_format import body, has_prefix, schema_id, wire_detail

_END = b"\x93\x1f\xc4\x6a\xe8\x05\xb7\xd2"
"""What is put behind a message before it is read, and has to be found there: nothing was cut off, nothing too much."""


@dataclass(frozen=True, kw_only=True)
class Known:
    """The schemas of a batch by id, and those that no record can be read with, with the reason."""

    schemas: Mapping[int, AvroSchema]
    unreadable: Mapping[int, str]


def decode_avro(df: DataFrame, payload: ColumnSpec, known: Known, *, max_bytes: int) -> DataFrame:
    """Decode the column ``value`` of Kafka records by the schema that each names, into the payload's contract.

    Rows: unchanged, none is lost. Columns: those of ``df``, ``record``, ``reason``, ``detail`` and ``schema_id``.
    Cost: each message is parsed once. Batch and stream. Needs spark-avro on Spark's class path.

    What a schema does not have is null in the record; what the contract does not have is skipped.
    """
    if not isinstance(payload.type, spark_types.StructType):
        raise TypeError(f"{payload.name}: a payload is a struct, found {payload.type.simpleString()}")
    readers, unreadable = _readers(payload.type, known)
    value = F.col("value")
    fits = F.octet_length(value) <= max_bytes
    named = df.withColumn("schema_id", schema_id(value))
    closed = F.when(fits, F.concat(body(value), F.lit(_END)))
    parsed = named.withColumn("_parsed", _parsed(closed, readers, known.schemas, payload.type))
    reasoned = parsed.withColumn("reason", _reason(payload, fits, tuple(readers), tuple(unreadable)))
    explained = reasoned.withColumn(
        "detail", in_rare_case(F.col("reason").isNotNull(), _detail(payload, max_bytes, unreadable))
    )
    decoded = explained.withColumn(PAYLOAD, F.when(F.col("reason").isNull(), F.col("_parsed.message")))
    return decoded.drop("_parsed")


def _readers(payload: spark_types.StructType, known: Known) -> tuple[dict[int, str], dict[int, str]]:
    """Give the reader's schema by id, and of the other ids why there is none."""
    readers, unreadable = {}, dict(known.unreadable)
    for number, writer in known.schemas.items():
        try:
            readers[number] = json.dumps(_closed(Reader(writer).schema(payload)))
        except IncompatibleError as error:
            unreadable[number] = str(error)
    return readers, unreadable


def _closed(message: object) -> dict[str, object]:
    end = {"type": "fixed", "name": "lakehouse.End", "size": len(_END)}
    fields = [{"name": "message", "type": message}, {"name": "end", "type": end}]
    return {"type": "record", "name": "lakehouse.Message", "fields": fields}


def _parsed(
    closed: Column, readers: Mapping[int, str], writers: Mapping[int, AvroSchema], payload: spark_types.StructType
) -> Column:
    from pyspark.sql.avro.functions import from_avro

    shape = spark_types.StructType(
        [spark_types.StructField("message", payload), spark_types.StructField("end", spark_types.BinaryType())]
    )
    found = F.when(F.lit(False), F.lit(None).cast(shape))
    for number, reader in readers.items():
        writer = writers[number]
        written = json.dumps(_closed(writer.defined(writer.root, set())))
        # Days and instants before 1582 are those of the Gregorian calendar, as Avro says.
        options = {"mode": "PERMISSIVE", "avroSchema": reader, "datetimeRebaseMode": "CORRECTED"}
        branch = from_avro(closed, written, options).cast(shape)
        found = found.when(F.col("schema_id") == number, branch)
    return found


def _reason(payload: ColumnSpec, fits: Column, readable: tuple[int, ...], unreadable: tuple[int, ...]) -> Column:
    value, number = F.col("value"), F.col("schema_id")
    # What is bad has fields that are all null, and so no end.
    whole = F.coalesce(F.col("_parsed.end") == F.lit(_END), F.lit(False)) & F.col("_parsed.message").isNotNull()
    return (
        F.when(value.isNull(), DeadLetterReason.TOMBSTONE.value)
        .when(F.octet_length(value) == 0, DeadLetterReason.EMPTY.value)
        .when(~fits, DeadLetterReason.TOO_LARGE.value)
        .when(~has_prefix(value), DeadLetterReason.MALFORMED_AVRO.value)
        .when(number.isin(*unreadable), DeadLetterReason.INCOMPATIBLE_SCHEMA.value)
        .when(~number.isin(*readable), DeadLetterReason.UNKNOWN_SCHEMA_ID.value)
        .when(~whole, DeadLetterReason.MALFORMED_AVRO.value)
        .when(any_missing(payload, "_parsed.message"), DeadLetterReason.MISSING_REQUIRED.value)
    )


def _detail(payload: ColumnSpec, max_bytes: int, unreadable: Mapping[int, str]) -> Column:
    value, reason, number = F.col("value"), F.col("reason"), F.col("schema_id")
    schema = F.concat(F.lit("schema "), number.cast("string"))
    why = F.when(F.lit(False), "")
    for one, text in unreadable.items():
        why = why.when(number == one, f"schema {one}: {text}")
    size = F.octet_length(value).cast("string")
    bad = F.concat(F.lit("not one message of "), schema, F.lit(": "), size, F.lit(" bytes with the 5 of the id"))
    return (
        F.when(reason == DeadLetterReason.INCOMPATIBLE_SCHEMA.value, why)
        .when(reason == DeadLetterReason.UNKNOWN_SCHEMA_ID.value, F.concat(schema, F.lit(" is not in the registry")))
        .when(reason == DeadLetterReason.MISSING_REQUIRED.value, missing_detail(payload, "_parsed.message"))
        .when(
            reason == DeadLetterReason.TOO_LARGE.value, F.concat(size, F.lit(f" bytes, at most {max_bytes} are taken"))
        )
        .when(
            reason == DeadLetterReason.MALFORMED_AVRO.value,
            F.when(has_prefix(value), bad).otherwise(wire_detail(value)),
        )
    )
