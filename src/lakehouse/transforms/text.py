"""Text as people type it, made comparable."""

from __future__ import annotations

from pyspark.sql import Column
from pyspark.sql import functions as F

from lakehouse.contract.engine import SPARK, SPARK_AND_SAIL, runs_on


@runs_on(*SPARK_AND_SAIL)
def squeeze(text: Column) -> Column:
    """Trim, make one space of any run of white space, and null of nothing.

    Unicode white space counts too: no-break and ideographic spaces come from copied text. Null stays null.
    """
    return F.nullif(F.trim(F.regexp_replace(text, r"[\s\x85\p{Z}]+", " ")), F.lit(""))


@runs_on(*SPARK)
def title_case(text: Column) -> Column:
    """``squeeze``, and give words that are all lower or all upper case a capital; mixed case is left as written.

    Names such as McDonald or van der Berg are spelt by their owners; only typing without shift, or with it held
    down, is mended. Null stays null.
    """
    clean = squeeze(text)
    shouted_or_mumbled = (clean == F.upper(clean)) | (clean == F.lower(clean))
    return F.when(shouted_or_mumbled, F.initcap(clean)).otherwise(clean)
