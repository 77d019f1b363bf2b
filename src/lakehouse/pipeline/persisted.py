"""A frame that several jobs read, kept while they do."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from pyspark.sql import DataFrame


@contextmanager
def persisted(frame: DataFrame, *, keep: bool = True) -> Iterator[DataFrame]:
    """Give a frame whose rows Spark keeps from the first job on until the block ends; as it is without ``keep``."""
    if not keep:
        yield frame
        return
    kept = frame.persist()
    try:
        yield kept
    finally:
        kept.unpersist()
