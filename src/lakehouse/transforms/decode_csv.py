"""Lines of CSV into a typed struct, or a typed reason why not."""

from __future__ import annotations

from dataclasses import dataclass

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F
from pyspark.sql import types as spark_types

from lakehouse.contract.columns import ColumnSpec
from lakehouse.contract.kafka_record import PAYLOAD, DeadLetterReason
from lakehouse.errors import ContractError
from lakehouse.transforms.csv_dialect import CsvDialect
from lakehouse.transforms.csv_values import typed_value
from lakehouse.transforms.decode_json import named_values
from lakehouse.transforms.decoder import Decode
from lakehouse.transforms.encoded_text import decoded_text
from lakehouse.transforms.rare_case import in_rare_case
from lakehouse.transforms.required_fields import any_missing, missing_detail

_CORRUPT = "_corrupt"
_SHOWN = 60


@dataclass(frozen=True, kw_only=True)
class CsvDecoder:
    """Lines of CSV of one dialect."""

    dialect: CsvDialect

    def check(self, payload: ColumnSpec) -> None:
        """Make sure that a payload can be a line."""
        if not isinstance(payload.type, spark_types.StructType):
            raise ContractError(f"{payload.name}: a payload is a struct, found {payload.type.simpleString()}")

    def for_batch(self, df: DataFrame, *, wait: bool) -> Decode:
        """Give itself: a line needs nothing from outside."""
        del df, wait
        return self

    def __call__(self, df: DataFrame, payload: ColumnSpec, *, max_bytes: int) -> DataFrame:
        """Decode the column ``value``; longer lines than ``max_bytes`` are not parsed.

        Rows: unchanged. Columns: those of ``df``, and ``record``, ``reason``, ``detail`` and ``schema_id``. Cost: each
        line is parsed once. Values of columns that the contract does not have are left out; columns that a file does
        not have are null. ANSI or not, a value that does not fit its type is a dead letter, and so is a number that
        would lose digits.
        """
        dialect = self.dialect
        fits = F.octet_length("value") <= max_bytes
        text = F.when(fits, decoded_text(F.col("value"), dialect.encoding))
        parsed = df.withColumn("_text", text).withColumn("_row", self._parsed(F.col("_text")))
        typed = parsed.withColumn("_typed", self._typed(payload))
        reasoned = typed.withColumn("reason", self._reason(payload, fits))
        return reasoned.select(
            *df.columns,
            F.when(F.col("reason").isNull(), F.col("_typed")).alias(PAYLOAD),
            "reason",
            in_rare_case(F.col("reason").isNotNull(), self._detail(payload, max_bytes)).alias("detail"),
            F.lit(None).cast("int").alias("schema_id"),
        )

    def _parsed(self, text: Column) -> Column:
        dialect = self.dialect
        names = (*(f"c{at}" for at in range(len(dialect.columns))), _CORRUPT)
        options = {
            "sep": dialect.delimiter,
            "quote": dialect.quote,
            "escape": dialect.escape,
            "nullValue": dialect.null,
            "columnNameOfCorruptRecord": _CORRUPT,
            "mode": "PERMISSIVE",
            "maxColumns": str(len(dialect.columns) + 20_480),
        }
        return F.from_csv(text, ", ".join(f"{name} string" for name in names), options)

    def _raw(self, field: ColumnSpec) -> Column | None:
        at = self.dialect.place_of(field.name)
        return None if at is None else F.col(f"_row.c{at}")

    def _typed(self, payload: ColumnSpec) -> Column:
        found = []
        for field in payload.fields:
            raw = self._raw(field)
            value = F.lit(None) if raw is None else typed_value(raw, field, self.dialect)
            found.append(value.cast(field.type).alias(field.name))
        return F.struct(*found)

    def _wrong(self, field: ColumnSpec) -> Column | None:
        raw = self._raw(field)
        if raw is None or isinstance(field.type, spark_types.StringType):
            return None
        # Blanks alone are nothing for a number or an instant.
        return F.col(f"_typed.{field.name}").isNull() & (F.length(F.trim(raw)) > 0)

    def _reason(self, payload: ColumnSpec, fits: Column) -> Column:
        wrong = F.lit(False)
        for field in payload.fields:
            here = self._wrong(field)
            wrong = wrong if here is None else wrong | F.coalesce(here, F.lit(False))
        malformed = F.col("_row").isNull() | F.col(f"_row.{_CORRUPT}").isNotNull() | self._quote_is_open()
        return (
            F.when(F.octet_length("value") == 0, DeadLetterReason.EMPTY.value)
            .when(~fits, DeadLetterReason.TOO_LARGE.value)
            .when(F.col("_text").isNull(), DeadLetterReason.WRONG_ENCODING.value)
            .when(malformed, DeadLetterReason.MALFORMED_CSV.value)
            .when(wrong, DeadLetterReason.WRONG_TYPE.value)
            .when(any_missing(payload, "_typed"), DeadLetterReason.MISSING_REQUIRED.value)
        )

    def _quote_is_open(self) -> Column:
        """Tell whether a value begins with a quote that nothing ends: the parser takes what is left for the value."""
        quote, sep = (_class(one) for one in (self.dialect.quote, self.dialect.delimiter))
        if not self.dialect.quote:
            return F.lit(False)
        text = F.col("_text")
        odd = (F.length(text) - F.length(F.replace(text, F.lit(self.dialect.quote), F.lit("")))) % 2 == 1
        escaped = self.dialect.escape == "\\"
        inside = rf"(?:[^{quote}\\]|\\.)*+" if escaped else rf"(?:[^{quote}]|{quote}{quote})*+"
        value = rf"(?:{quote}{inside}{quote}[^{sep}]*+|[^{quote}{sep}][^{sep}]*+|)"
        whole = rf"(?s)^{value}(?:{sep}{value})*+$"
        # Possessive, so that it takes one pass; and only of lines whose quotes do not pair.
        return F.when(odd, ~text.rlike(whole)).otherwise(F.lit(False))

    def _detail(self, payload: ColumnSpec, max_bytes: int) -> Column:
        reason, text = F.col("reason"), F.col("_text")
        begins = F.substring(text, 1, _SHOWN)
        named = {
            f"{field.name}: expected {field.type.simpleString()}, found": F.when(wrong, F.substring(raw, 1, _SHOWN))
            for field in payload.fields
            if (wrong := self._wrong(field)) is not None and (raw := self._raw(field)) is not None
        }
        count = len(self.dialect.columns)
        return (
            F.when(reason == DeadLetterReason.WRONG_TYPE.value, named_values(named))
            .when(reason == DeadLetterReason.MISSING_REQUIRED.value, missing_detail(payload, "_typed"))
            .when(
                reason == DeadLetterReason.TOO_LARGE.value,
                F.concat(F.octet_length("value").cast("string"), F.lit(f" bytes, at most {max_bytes} are taken")),
            )
            .when(
                reason == DeadLetterReason.MALFORMED_CSV.value,
                F.concat(F.lit(f"not {count} columns, or a quote that nothing ends; it begins with: "), begins),
            )
            .when(reason == DeadLetterReason.WRONG_ENCODING.value, F.lit(f"bytes that are no {self.dialect.encoding}"))
        )


def _class(char: str) -> str:
    """Give a character as it stands inside of a class of a regular expression."""
    return "\\t" if char == "\t" else f"\\{char}" if char in '\\^-[]|"&;,.' else char
