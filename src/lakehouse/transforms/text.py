"""Text as people type it, made comparable."""

from __future__ import annotations

from pyspark.sql import Column
from pyspark.sql import functions as F


def squeeze(text: Column) -> Column:
    """Trim, make one space of any run of white space, and null of nothing.

    Unicode white space counts too: no-break and ideographic spaces come from copied text. Null stays null.
    """
    return F.nullif(F.trim(F.regexp_replace(text, r"[\s\x85\p{Z}]+", " ")), F.lit(""))


def title_case(text: Column) -> Column:
    """``squeeze``, and give words that are all lower or all upper case a capital; mixed case is left as written.

    Names such as McDonald or van der Berg are spelt by their owners; only typing without shift, or with it held
    down, is mended. Null stays null.
    """
    clean = squeeze(text)
    shouted_or_mumbled = (clean == F.upper(clean)) | (clean == F.lower(clean))
    return F.when(shouted_or_mumbled, F.initcap(clean)).otherwise(clean)
