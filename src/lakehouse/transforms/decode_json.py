"""JSON bytes into a typed struct, or a typed reason why not."""

from __future__ import annotations

from collections.abc import Iterator

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F
from pyspark.sql import types as spark_types

from lakehouse.contract.columns import ColumnSpec
from lakehouse.contract.kafka_record import PAYLOAD, DeadLetterReason

_CORRUPT = "_corrupt"
_SHOWN = 60  # characters of a bad value that a detail shows


def decode_json(df: DataFrame, payload: ColumnSpec, *, max_bytes: int) -> DataFrame:
    """Decode the column ``value`` of Kafka records by the contract of the payload.

    Rows: unchanged, none is lost. Columns: those of ``df``, and ``record`` (the struct of ``payload``, null when it
    could not be decoded), ``reason`` (null, or a ``DeadLetterReason``) and ``detail`` (what was expected and found).
    Cost: each message is parsed once, and walked through once more for what stands behind it; a bad one is parsed
    again, for its detail. Batch and stream.

    Fields that the contract does not declare are ignored; declared ones that are absent are null, and refused only
    where they are ``required``.

    Args:
        payload: The column of a bronze contract that holds the message.
        max_bytes: Longer values are not parsed: reason ``too_large``.
    """
    if not isinstance(payload.type, spark_types.StructType):
        raise TypeError(f"{payload.name}: a payload is a struct, found {payload.type.simpleString()}")
    schema = spark_types.StructType([*payload.type.fields, spark_types.StructField(_CORRUPT, spark_types.StringType())])
    fits = F.octet_length("value") <= max_bytes
    options = {"mode": "PERMISSIVE", "columnNameOfCorruptRecord": _CORRUPT}
    text = F.when(fits, F.col("value").cast("string"))
    parsed = df.withColumn("_parsed", F.from_json(text, schema, options))
    reasoned = parsed.withColumn("reason", _reason(payload, fits)).withColumn("detail", _detail(payload, max_bytes))
    record = F.struct(*(F.col(f"_parsed.{f.name}").alias(f.name) for f in payload.type.fields))
    return reasoned.withColumn(PAYLOAD, F.when(F.col("reason").isNull(), record)).drop("_parsed")


def _reason(payload: ColumnSpec, fits: Column) -> Column:
    value, corrupt = F.col("value"), F.col(f"_parsed.{_CORRUPT}")
    is_object = F.get_json_object(value.cast("string"), "$").startswith("{")
    missing = F.lit(False)
    for path in _required_paths(payload):
        missing = missing | F.col(f"_parsed.{path}").isNull()
    wrong = F.when(F.coalesce(is_object, F.lit(False)), DeadLetterReason.WRONG_TYPE.value)
    return (
        F.when(value.isNull(), DeadLetterReason.TOMBSTONE.value)
        .when(F.octet_length(value) == 0, DeadLetterReason.EMPTY.value)
        .when(~fits, DeadLetterReason.TOO_LARGE.value)
        .when(corrupt.isNotNull(), wrong.otherwise(DeadLetterReason.MALFORMED_JSON.value))
        .when(F.col("_parsed").isNull() | _has_a_tail(value), DeadLetterReason.MALFORMED_JSON.value)
        .when(missing, DeadLetterReason.MISSING_REQUIRED.value)
    )


def _has_a_tail(value: Column) -> Column:
    """Tell whether something follows the object: Spark's parser stops at its end and would lose the rest in silence."""
    text = value.cast("string")
    # The last byte of binary costs nothing; trimming a text walks through all of its characters.
    ends = F.substring(value, -1, 1) == F.lit(b"}")
    ends = F.when(ends, F.lit(True)).otherwise(F.btrim(text, F.lit(" \t\r\n")).endswith("}"))
    # The object has to be the one element of an array; to count braces instead costs more than to walk through it.
    elements = F.json_array_length(F.concat(F.lit("["), text, F.lit("]")))
    # This parser refuses NaN and Infinity, which from_json takes.
    not_numbers = elements.isNull() & text.rlike("NaN|Infinity") & ~text.rlike(r"\}\s*\{")
    return ~ends | ~(elements.eqNullSafe(F.lit(1)) | not_numbers)


def _detail(payload: ColumnSpec, max_bytes: int) -> Column:
    value, reason = F.col("value"), F.col("reason")
    text = value.cast("string")
    wrong = [
        F.when(
            F.get_json_object(text, f"$.{path}").isNotNull() & F.col(f"_parsed.{path}").isNull(),
            F.concat(
                F.lit(f"{path}: expected {kind}, found "), F.substring(F.get_json_object(text, f"$.{path}"), 1, _SHOWN)
            ),
        )
        for path, kind in _typed_paths(payload)
    ]
    # Spark keeps what it could read of an array, so its field is not null.
    deep = F.concat(F.lit("something inside of an array does not fit: "), F.substring(text, 1, _SHOWN))
    missing = [
        F.when(F.col(f"_parsed.{p}").isNull(), F.lit(f"{p}: required, not there")) for p in _required_paths(payload)
    ]
    return (
        F.when(
            reason == DeadLetterReason.WRONG_TYPE.value,
            F.coalesce(F.nullif(F.concat_ws("; ", *wrong), F.lit("")), deep),
        )
        .when(reason == DeadLetterReason.MISSING_REQUIRED.value, F.concat_ws("; ", *missing))
        .when(
            reason == DeadLetterReason.TOO_LARGE.value,
            F.concat(F.octet_length(value).cast("string"), F.lit(f" bytes, at most {max_bytes} are taken")),
        )
        .when(
            reason == DeadLetterReason.MALFORMED_JSON.value,
            F.concat(F.lit("no JSON object; it begins with: "), F.substring(text, 1, _SHOWN)),
        )
    )


def _required_paths(payload: ColumnSpec) -> Iterator[str]:
    return (path for field in payload.fields for path, column in field.walk() if column.required)


def _typed_paths(payload: ColumnSpec) -> Iterator[tuple[str, str]]:
    """Give the fields that text does not always fit, with what they expect."""
    for field in payload.fields:
        for path, column in field.walk():
            if column.fields:
                yield path, "an object"
            elif not isinstance(column.type, spark_types.StringType):
                yield path, column.type.simpleString()
