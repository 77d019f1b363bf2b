"""Telephone numbers by ``phonenumbers`` in a UDF over Arrow batches.

It is what is called a pandas UDF, without what pandas costs. ``phonenumbers`` compiles the patterns of its regions over
and over unless it is told to keep them.
"""

from __future__ import annotations

import pyarrow as pa
from pyspark.sql import Column
from pyspark.sql import functions as F

TYPE = "e164 string, country string, type string, reason string"


def phone_udf(number: Column, country: Column, *, cached: bool) -> Column:
    """Parse numbers with ``phonenumbers``, as it comes or with its pattern cache."""

    def parse(numbers: pa.Array, countries: pa.Array) -> pa.Array:
        from phonenumbers import re_util

        from benchmarks.phone_numbers import parsed

        # A worker of Python is used again, by the other way as well.
        re_util._COMPILED_PATTERNS = None  # type: ignore[attr-defined]
        if cached:
            re_util.enable_pattern_cache()
        texts = zip(numbers.to_pylist(), countries.to_pylist(), strict=True)
        columns = zip(*(parsed(text, country) for text, country in texts), strict=True)
        names = [field.split()[0] for field in TYPE.split(", ")]
        return pa.StructArray.from_arrays([pa.array(column, pa.string()) for column in columns], names)

    made: Column = F.arrow_udf(parse, TYPE)(number, country)  # type: ignore[attr-defined]
    return made
