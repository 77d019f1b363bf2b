"""A frame that several jobs read, kept while they do."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from pyspark.sql import DataFrame

FEW_ROWS = 1_000_000
"""Rows that are sent to every task at most."""
LARGE_ROWS = 2_000_000
"""Of a table with more rows a shuffle costs more than the jobs that spare it; measured by benchmarks/builds."""
_PARTS = 8


@contextmanager
def persisted(frame: DataFrame, *, keep: bool = True, few: bool = False) -> Iterator[DataFrame]:
    """Give a frame whose rows Spark keeps from the first job on until the block ends; as it is without ``keep``.

    Of what it keeps Spark does not put small partitions together: each job would have as many tasks as a shuffle of
    the session has partitions. ``few`` rows are kept in a few.
    """
    if not keep:
        yield frame
        return
    kept = (frame.coalesce(_PARTS) if few else frame).persist()
    try:
        yield kept
    finally:
        kept.unpersist()
