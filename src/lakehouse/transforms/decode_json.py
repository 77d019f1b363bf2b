"""JSON bytes into a typed struct, or a typed reason why not."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F
from pyspark.sql import types as spark_types

from lakehouse.contract.columns import ColumnSpec
from lakehouse.contract.kafka_record import PAYLOAD, DeadLetterReason
from lakehouse.errors import ContractError
from lakehouse.transforms.rare_case import in_rare_case
from lakehouse.transforms.required_fields import any_missing, missing_detail

_CORRUPT = "_corrupt"
_END = "lakehouse_end_of_message"
"""A name that no message has by chance: one that ends the envelope itself would hide what stands behind it."""
_SHOWN = 60  # characters of a bad value that a detail shows


def decode_json(df: DataFrame, payload: ColumnSpec, *, max_bytes: int, wrapped: bool = False) -> DataFrame:
    """Decode the column ``value`` of Kafka records by the contract of the payload.

    Rows: unchanged, none is lost. Columns: those of ``df``, and ``record`` (the struct of ``payload``, null when it
    could not be decoded), ``reason`` (null, or a ``DeadLetterReason``) and ``detail`` (what was expected and found).
    Cost: each message is parsed once; a bad one again, for its detail. Batch and stream.

    Fields that the contract does not declare are ignored; declared ones that are absent are null, and refused only
    where they are ``required``.

    Args:
        payload: The column of a bronze contract that holds the message.
        max_bytes: Longer values are not parsed: reason ``too_large``.
        wrapped: A message may also stand inside of Kafka Connect's ``{"schema": …, "payload": …}``.
    """
    if not isinstance(payload.type, spark_types.StructType):
        raise TypeError(f"{payload.name}: a payload is a struct, found {payload.type.simpleString()}")
    fits = F.octet_length("value") <= max_bytes
    text = F.when(fits, F.col("value").cast("string"))
    message = connect_message(payload.type) if wrapped else payload.type
    enveloped = df.withColumn("_envelope", _open_envelope(text, message))
    parsed = enveloped.withColumn("_parsed", F.get("_envelope.messages", F.lit(0)))
    if wrapped:
        parsed = parsed.withColumn("_parsed", _unwrapped(payload.type))
    reasoned = parsed.withColumn("reason", _reason(payload, fits))
    return reasoned.select(
        *df.columns,
        F.when(F.col("reason").isNull(), F.col("_parsed")).alias(PAYLOAD),
        "reason",
        in_rare_case(F.col("reason").isNotNull(), _detail(payload, max_bytes, wrapped=wrapped)).alias("detail"),
    )


def connect_message(payload: spark_types.StructType) -> spark_types.StructType:
    """Give the type of a message that is bare or wrapped: one parse takes both.

    Raises:
        ContractError: The message has a field of the wrapping's own name.
    """
    if "payload" in payload.names:
        raise ContractError("a message that may be wrapped by Kafka Connect cannot have a field 'payload': rename it")
    return spark_types.StructType([*payload.fields, spark_types.StructField("payload", payload)])


def _unwrapped(payload: spark_types.StructType) -> Column:
    bare = F.struct(*(F.col(f"_parsed.{name}").alias(name) for name in payload.names))
    return F.when(F.col("_parsed").isNotNull(), F.coalesce(F.col("_parsed.payload"), bare))


def _open_envelope(text: Column, message: spark_types.StructType) -> Column:
    """Parse a message inside of an envelope, so that the parser looks at what stands behind it too.

    By itself it stops at the end of the first object and loses the rest in silence. Here the rest makes a second
    message, or hides the end of the envelope, or is refused.
    """
    envelope = spark_types.StructType(
        [
            spark_types.StructField("messages", spark_types.ArrayType(message)),
            spark_types.StructField(_END, spark_types.BooleanType()),
            spark_types.StructField(_CORRUPT, spark_types.StringType()),
        ]
    )
    options = {"mode": "PERMISSIVE", "columnNameOfCorruptRecord": _CORRUPT}
    return F.from_json(F.concat(F.lit('{"messages":['), text, F.lit(f'],"{_END}":true}}')), envelope, options)


def _reason(payload: ColumnSpec, fits: Column) -> Column:
    value, corrupt = F.col("value"), F.col(f"_envelope.{_CORRUPT}")
    # What fails in its types is there in part; what fails in its syntax is not there at all.
    alone = (
        F.col("_parsed").isNotNull()
        & (F.size("_envelope.messages") == 1)
        & F.coalesce(F.col(f"_envelope.{_END}"), F.lit(False))
    )
    return (
        F.when(value.isNull(), DeadLetterReason.TOMBSTONE.value)
        .when(F.octet_length(value) == 0, DeadLetterReason.EMPTY.value)
        .when(~fits, DeadLetterReason.TOO_LARGE.value)
        .when(~alone, DeadLetterReason.MALFORMED_JSON.value)
        .when(corrupt.isNotNull(), DeadLetterReason.WRONG_TYPE.value)
        .when(any_missing(payload, "_parsed"), DeadLetterReason.MISSING_REQUIRED.value)
    )


def _detail(payload: ColumnSpec, max_bytes: int, *, wrapped: bool) -> Column:
    value, reason = F.col("value"), F.col("reason")
    text = value.cast("string")
    text = F.coalesce(F.get_json_object(text, "$.payload"), text) if wrapped else text
    # The text is parsed again only for what is null.
    wrong = named_values(
        {
            f"{path}: expected {kind}, found": F.when(
                F.col(f"_parsed.{path}").isNull(), F.substring(F.get_json_object(text, f"$.{path}"), 1, _SHOWN)
            )
            for path, kind in _typed_paths(payload)
        }
    )
    # Spark keeps what it could read of an array, so its field is not null; and NaN is no JSON.
    deep = F.concat(F.lit("a value does not fit its type: "), F.substring(text, 1, _SHOWN))
    return (
        F.when(
            reason == DeadLetterReason.WRONG_TYPE.value,
            F.coalesce(wrong, deep),
        )
        .when(reason == DeadLetterReason.MISSING_REQUIRED.value, missing_detail(payload, "_parsed"))
        .when(
            reason == DeadLetterReason.TOO_LARGE.value,
            F.concat(F.octet_length(value).cast("string"), F.lit(f" bytes, at most {max_bytes} are taken")),
        )
        .when(
            reason == DeadLetterReason.MALFORMED_JSON.value,
            F.concat(F.lit("not one JSON object; it begins with: "), F.substring(text, 1, _SHOWN)),
        )
    )


def named_values(values: Mapping[str, Column]) -> Column:
    """Give ``name value; name value``, those that are null left out; null when all are."""
    return F.nullif(F.concat_ws("; ", *(F.concat(F.lit(f"{name} "), one) for name, one in values.items())), F.lit(""))


def _typed_paths(payload: ColumnSpec) -> Iterator[tuple[str, str]]:
    """Give the fields that text does not always fit, with what they expect."""
    for field in payload.fields:
        for path, column in field.walk():
            if column.fields:
                yield path, "an object"
            elif not isinstance(column.type, spark_types.StringType):
                yield path, column.type.simpleString()
