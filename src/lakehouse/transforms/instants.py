"""Instants as people and systems write them, in any of several formats, in some zone."""

from __future__ import annotations

from collections.abc import Sequence

from pyspark.sql import Column
from pyspark.sql import functions as F

from lakehouse.contract.engine import SPARK, runs_on
from lakehouse.transforms.text import squeeze

FORMATS = (
    "yyyy-MM-dd HH:mm:ss", "yyyy-MM-dd HH:mm", "yyyyMMdd'T'HHmmss", "dd.MM.yyyy HH:mm:ss", "dd.MM.yyyy HH:mm",
    "dd.MM.yyyy", "dd/MM/yyyy HH:mm", "dd/MM/yyyy", "d MMM yyyy HH:mm", "d MMM yyyy", "MMM d, yyyy", "yyyyMMdd",
)  # fmt: skip
"""With the day first where digits alone do not tell: give formats of your own where months come first."""
_EPOCH = r"\A[0-9]{9,11}\z|\A[0-9]{12,14}\z"
_TOLD = r"(?:Z|[+-][0-9]{2}:?[0-9]{2})\z"


@runs_on(*SPARK)
def parse_instant(text: Column, *, zone: Column | str = "UTC", formats: Sequence[str] = FORMATS) -> Column:
    """Read an instant: ISO 8601, seconds or milliseconds since 1970, or the first of some formats that fits.

    Rows: unchanged. Columns: a timestamp, null for what fits none. Cost: some µs per row and format tried, no shuffle.

    Args:
        text: Text.
        zone: Where the clocks were that it was read from, an IANA name, or a column of them; what tells its own offset,
            such as ``+02:00``, needs none. The session has to be in UTC, as those of this library are.
        formats: Of Spark's ``to_timestamp``, tried in turn.

    Raises:
        ValueError: There is no format.

    Source: Spark SQL guide, "Datetime patterns".
    """
    if not formats:
        raise ValueError("parse_instant needs at least one format")
    clean = squeeze(text)
    number = F.try_to_number(F.when(clean.rlike(_EPOCH), clean), F.lit("9" * 14)).cast("bigint")
    since_1970 = F.when(F.length(clean) > 11, F.timestamp_millis(number)).otherwise(F.timestamp_seconds(number))
    local = F.coalesce(
        *(F.try_to_timestamp(clean, F.lit(one)) for one in formats),
        F.try_to_timestamp(F.when(~_is_dated(clean), clean)),
    )
    own = F.try_to_timestamp(F.when(clean.rlike(_TOLD), clean))
    return F.coalesce(since_1970, own, F.to_utc_timestamp(local, zone))


def _is_dated(clean: Column) -> Column:
    """Tell what Spark would read as a year or a time of today, and is neither."""
    return clean.rlike(r"\A[0-9]{1,8}\z|\A[0-9:.]+\z|\AT")
