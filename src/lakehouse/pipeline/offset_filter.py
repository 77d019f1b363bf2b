"""Kafka records of given offsets, as a condition over their columns."""

from __future__ import annotations

from pyspark.sql import Column
from pyspark.sql import functions as F

from lakehouse.catalog.offsets import Ranges


def in_ranges(ranges: Ranges) -> Column:
    """Tell whether a record's offset is in ``[first, next)`` of its partition."""
    found = F.lit(False)
    for topic, parts in ranges.items():
        for partition, (first, next_) in parts.items():
            here = (F.col("topic") == topic) & (F.col("partition") == int(partition))
            found = found | (here & (F.col("offset") >= first) & (F.col("offset") < next_))
    return found
