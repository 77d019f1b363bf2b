"""The five bytes with which a message names its schema in a registry: a zero, then the id, the high byte first."""

from __future__ import annotations

from pyspark.sql import Column
from pyspark.sql import functions as F

PREFIX_BYTES = 5


def has_prefix(value: Column) -> Column:
    """Tell whether a value begins with a zero and has room for an id; null for null."""
    return (F.octet_length(value) >= PREFIX_BYTES) & (F.substring(value, 1, 1) == F.lit(b"\0"))


def schema_id(value: Column) -> Column:
    """Give the id that a value names, null where it has no prefix."""
    unsigned = F.conv(F.hex(F.substring(value, 2, 4)), 16, 10).cast("bigint")
    # The highest bit is the sign, as where Java reads four bytes: garbage may name any, and must not overflow here.
    signed = F.shiftright(F.shiftleft(unsigned, 32), 32)
    return F.when(has_prefix(value), signed.cast("int"))


def body(value: Column) -> Column:
    """Give what stands behind the prefix."""
    return F.substring(value, PREFIX_BYTES + 1, (1 << 31) - 1)


def wire_detail(value: Column) -> Column:
    """Say how a value without the prefix begins."""
    begins = F.hex(F.substring(value, 1, PREFIX_BYTES))
    return F.concat(F.lit("expected a zero byte and 4 bytes of a schema id, it begins with: "), begins)
