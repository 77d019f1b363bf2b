"""One key made of several columns."""

from __future__ import annotations

from pyspark.sql import Column
from pyspark.sql import functions as F

from lakehouse.contract.engine import SPARK, runs_on


@runs_on(*SPARK)
def hash_key(*columns: Column) -> Column:
    """Give a key of 64 hexadecimal digits of what stands in some columns: the same wherever and whenever it is made.

    Each value is written with its length, so that ``ab, c`` is not ``a, bc``, and null is not the empty text. Numbers
    and instants are as Spark writes them as text: cast to one type before where sources differ.

    Rows: unchanged. Columns: text, never null. Cost: some 0.5 µs per row, no shuffle, in generated code.

    Raises:
        ValueError: There is no column.

    Source: SHA-256; Data Vault 2.0 for hash keys.
    """
    if not columns:
        raise ValueError("hash_key needs at least one column")
    texts = [column.cast("string") for column in columns]
    told = [F.coalesce(F.concat(F.length(one).cast("string"), F.lit(":"), one), F.lit("-")) for one in texts]
    return F.sha2(F.concat(*told), 256)
