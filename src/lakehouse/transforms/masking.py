"""Personal data made less so: taken out, replaced, made coarse; and whether it is coarse enough."""

from __future__ import annotations

from collections.abc import Sequence

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from lakehouse.contract.engine import SPARK, runs_on

_SHORTEST_SALT = 16


@runs_on(*SPARK)
def redact(text: Column, *, keep_last: int = 0) -> Column:
    """Replace all characters but the last few by ``*``; text that has no more than these is replaced whole.

    Rows: unchanged. Columns: text of the same length, null for null. Cost: 0.3 µs per row, no shuffle.
    """
    length = F.length(text)
    stars = _stars(length)
    if keep_last <= 0:
        return stars
    shown = F.concat(_stars(length - keep_last), F.right(text, F.lit(keep_last)))
    return F.when(length > keep_last, shown).otherwise(stars)


@runs_on(*SPARK)
def pseudonym(value: Column, *, salt: str) -> Column:
    """Give 64 hexadecimal digits in place of a value, the same for the same value and salt, by which tables join still.

    Who has the salt can try values: keep it as a secret, and hand over what the job has resolved. It is in the plan of
    the query, as all literals are.

    Rows: unchanged. Columns: text, null for null. Cost: 1 µs per row, no shuffle.

    Raises:
        ValueError: The salt is too short to keep anyone from trying all.

    Source: HMAC of RFC 2104 with SHA-256.
    """
    if len(salt) < _SHORTEST_SALT:
        raise ValueError(f"a salt has at least {_SHORTEST_SALT} characters, this one has {len(salt)}")
    key = salt.encode()
    block = key.ljust(64, b"\0") if len(key) <= 64 else None
    if block is None:
        raise ValueError("a salt has at most 64 bytes")
    inner, outer = (F.lit(bytes(byte ^ pad for byte in block)) for pad in (0x36, 0x5C))
    message = F.unhex(F.sha2(F.concat(inner, value.cast("string").cast("binary")), 256))
    return F.sha2(F.concat(outer, message), 256)


@runs_on(*SPARK)
def token(value: Column, *, salt: str, length: int = 12) -> Column:
    """Give a short ``pseudonym`` for people to read out: capitals and digits. Two of a million values rarely share one.

    Rows: unchanged. Columns: text, null for null. Cost: that of ``pseudonym``. Errors: those of ``pseudonym``.
    """
    return F.upper(F.left(pseudonym(value, salt=salt), F.lit(length)))


@runs_on(*SPARK)
def generalise_number(value: Column, *, step: int) -> Column:
    """Give the range of a number, ``30-39`` for 34 and a step of 10; null for null.

    Rows: unchanged. Columns: text. Cost: a division, no shuffle.

    Raises:
        ValueError: The step is not positive.
    """
    if step <= 0:
        raise ValueError(f"the step of a range is 1 or more, not {step}")
    low = (F.floor(value / step) * step).cast("bigint")
    return F.concat(low.cast("string"), F.lit("-"), (low + (step - 1)).cast("string"))


@runs_on(*SPARK)
def generalise_text(text: Column, *, keep: int) -> Column:
    """Keep the first characters, such as those of a postcode or geohash, and star the rest; null for null.

    Rows: unchanged. Columns: text of the same length. Cost: 0.3 µs per row, no shuffle.
    """
    return F.concat(F.left(text, F.lit(keep)), _stars(F.greatest(F.length(text) - keep, F.lit(0))))


def _stars(count: Column) -> Column:
    # By its name: the function of PySpark 3.5 takes no column for the count.
    return F.call_function("repeat", F.lit("*"), count)


@runs_on(*SPARK)
def not_anonymous(df: DataFrame, *, quasi_identifiers: Sequence[str], k: int) -> DataFrame:
    """Give the groups that fewer than k rows share: who knows someone's values finds them there.

    Rows: one per combination of values that is too rare; none when the table is k-anonymous. Columns: the
    quasi-identifiers and ``rows``. Cost: one shuffle of the combinations. Batch only.

    Raises:
        ValueError: There is no column, or k is less than 2.

    Source: L. Sweeney, "k-anonymity", 2002.
    """
    if not quasi_identifiers or k < 2:
        raise ValueError(f"not_anonymous needs columns, and a k of 2 or more; found {quasi_identifiers} and {k}")
    return df.groupBy(*quasi_identifiers).agg(F.count("*").alias("rows")).where(F.col("rows") < k)
