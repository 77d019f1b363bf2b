"""Behind which instant a record is late: fixed once for each batch of a bronze table, and the same for its merges."""

from __future__ import annotations

from datetime import datetime, timedelta

from pyiceberg.table import Table
from pyspark.sql import Column
from pyspark.sql import functions as F

from lakehouse.catalog.offsets import Ranges, spans_of
from lakehouse.catalog.watermark import judged, microseconds
from lakehouse.contract.event_time import EventTime
from lakehouse.pipeline.offset_filter import in_ranges


def watermark_after(newest: datetime | None, event_time: EventTime) -> Column | None:
    """Give the watermark of a batch before which ``newest`` was the newest instant; None when nothing can be late."""
    if newest is None:
        return None
    return F.timestamp_micros(F.lit(microseconds(newest) - event_time.delay // timedelta(microseconds=1)))


def watermark_of_commits(table: Table, ranges: Ranges, event_time: EventTime) -> Column | None:
    """Give the watermark by which a table judged records that it holds.

    As a rule one commit holds them all. Where a table that rows are merged into is behind by several, each record has
    that of its own commit; one whose commit has expired has none, and is in time.
    """
    commits = judged(table, ranges)
    if len(commits) == 1 and _holds(commits[0].ranges, ranges):
        return watermark_after(commits[0].newest_event, event_time)
    found: Column | None = None
    for one in commits:
        watermark = watermark_after(one.newest_event, event_time)
        if watermark is not None:
            here = in_ranges(one.ranges)
            found = F.when(here, watermark) if found is None else found.when(here, watermark)
    return found


def _holds(whole: Ranges, ranges: Ranges) -> bool:
    held = [(one, whole.get(one.topic, {}).get(one.partition, (0, 0))) for one in spans_of(ranges)]
    return all(first <= one.first and one.next <= next_ for one, (first, next_) in held)
