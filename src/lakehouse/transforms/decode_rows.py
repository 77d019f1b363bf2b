"""Rows of typed files, such as Parquet, into the struct of a contract, or a typed reason why not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F
from pyspark.sql import types as spark_types

from lakehouse.contract.columns import ColumnSpec
from lakehouse.contract.kafka_record import PAYLOAD, DeadLetterReason
from lakehouse.transforms.decode_json import named_values
from lakehouse.transforms.decoder import Decode
from lakehouse.transforms.functions import try_cast
from lakehouse.transforms.rare_case import in_rare_case
from lakehouse.transforms.required_fields import any_missing, missing_detail

ROW = "_row"
"""The column that holds the row as it stands in the file, its fields named as contracts name them."""
_SHOWN = 60
_LOSES = (spark_types.NumericType, spark_types.TimestampType, spark_types.TimestampNTZType)


@dataclass(frozen=True, kw_only=True)
class RowDecoder:
    """Rows that have types already; a value that its column cannot hold makes a dead letter, as JSON."""

    def check(self, payload: ColumnSpec) -> None:
        """Make sure that a payload can be read so: any can."""

    def for_batch(self, df: DataFrame, *, wait: bool) -> Decode:
        """Give itself: a row needs nothing from outside."""
        del df, wait
        return self

    def __call__(self, df: DataFrame, payload: ColumnSpec, *, max_bytes: int) -> DataFrame:
        """Fit the column ``_row``; it has no size that is asked for.

        Rows: unchanged. Columns: those of ``df`` without it, and ``record``, ``reason``, ``detail``, ``schema_id``, and
        ``value`` where it is a dead letter. Cost: a cast per column whose type is another one.
        """
        del max_bytes
        there = {one.name: one.dataType for one in df.select(f"{ROW}.*").schema}
        typed = df.withColumn(
            "_typed", F.struct(*(_fitted(field, there).alias(field.name) for field in payload.fields))
        )
        wrong = [(field, _wrong(field)) for field in payload.fields if field.name in there]
        any_wrong = reduce(Column.__or__, (is_wrong for _, is_wrong in wrong), F.lit(False))
        reason = F.when(any_wrong, DeadLetterReason.WRONG_TYPE.value).when(
            any_missing(payload, "_typed"), DeadLetterReason.MISSING_REQUIRED.value
        )
        judged = typed.withColumn("reason", reason)
        is_bad = F.col("reason").isNotNull()
        detail = F.when(F.col("reason") == DeadLetterReason.WRONG_TYPE.value, _detail(wrong, there))
        judged = judged.withColumns(
            {
                "detail": in_rare_case(is_bad, F.coalesce(detail, missing_detail(payload, "_typed"))),
                "value": F.when(is_bad, F.to_json(ROW)).cast("binary"),
                PAYLOAD: F.when(~is_bad, F.col("_typed")),
                "schema_id": F.lit(None).cast("int"),
            }
        )
        return judged.drop(ROW, "_typed")


def _fitted(field: ColumnSpec, there: dict[str, spark_types.DataType]) -> Column:
    if field.name not in there:
        return F.lit(None).cast(field.type)
    value = F.col(f"{ROW}.{field.name}")
    if there[field.name].simpleString() == field.type.simpleString():
        return value
    if isinstance(field.type, spark_types.StructType | spark_types.ArrayType | spark_types.MapType):
        # By way of JSON: fields may be fewer, more or of other types at any depth.
        return F.from_json(F.to_json(value), field.type.simpleString(), {"mode": "PERMISSIVE"})
    cast = try_cast(value, field.type.simpleString())
    if isinstance(field.type, spark_types.StringType) or not isinstance(there[field.name], _LOSES):
        return cast
    # 1.5 is no whole number, and an instant no day, though Spark would make them.
    return F.when(try_cast(cast, there[field.name].simpleString()) == value, cast)


def _wrong(field: ColumnSpec) -> Column:
    return F.col(f"_typed.{field.name}").isNull() & F.col(f"{ROW}.{field.name}").isNotNull()


def _detail(wrong: Sequence[tuple[ColumnSpec, Column]], there: dict[str, spark_types.DataType]) -> Column:
    return named_values(
        {
            f"{field.name}: expected {field.type.simpleString()}, found {there[field.name].simpleString()}": F.when(
                is_wrong, F.substring(F.col(f"{ROW}.{field.name}").cast("string"), 1, _SHOWN)
            )
            for field, is_wrong in wrong
        }
    )
