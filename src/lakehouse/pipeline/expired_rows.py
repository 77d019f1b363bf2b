"""Records that a stream wrote and that are gone from its table: what was made of them cannot be made once more."""

from __future__ import annotations

from collections.abc import Mapping

from pyiceberg.table import Table
from pyspark.sql import functions as F

from lakehouse.catalog.batch_stamp import BatchStamp, newest_stamp
from lakehouse.catalog.iceberg import Lake
from lakehouse.catalog.ledger import ancestors, ancestors_of, rows_at
from lakehouse.errors import ExpiredInputError

_SHOWN = 8


def expired_rows(table: Table, snapshot_id: int | None = None) -> int:
    """Count the rows of a bronze table that streams and replays have added and that are not there, of ``main`` or of an
    earlier snapshot.

    0 where no stream has added any. Cost: none beyond the metadata that is loaded.
    """
    line = list(ancestors(table) if snapshot_id is None else ancestors_of(table, snapshot_id))
    stamp = next(filter(None, map(BatchStamp.from_snapshot, line)), None)
    return max(0, stamp.records_so_far + stamp.replayed_so_far - rows_at(line[0])) if stamp else 0


def refuse_expired(lake: Lake, table: str, expired: Mapping[str, int], *, verb: str = "run") -> None:
    """Refuse to make rows anew of inputs of which some is gone; nothing is refused where nothing is.

    Args:
        table: What would be built.
        expired: How many rows are gone of an input, by its name.
        verb: What would build it.

    Raises:
        ExpiredInputError: It says which offsets are gone. Cost: the offsets of the inputs are read.
    """
    if expired:
        lost = {name: (count, _ranges(lake, name)) for name, count in expired.items()}
        raise ExpiredInputError(table=table, lost=lost, verb=verb)


def _ranges(lake: Lake, name: str) -> tuple[str, ...]:
    """Say which offsets of those that a table took are not there, by partition of its topic."""
    lake.refresh(name)
    rows = lake.spark.table(lake.sql_name(name)).groupBy("topic", "partition")
    counts = rows.agg(F.min("offset"), F.count_distinct("offset")).collect()
    there = {(topic, str(partition)): (least, count) for topic, partition, least, count in counts}
    stamp = newest_stamp(lake.table(name))
    assert stamp is not None, "rows are counted as gone by what it says"
    found = []
    for topic, parts in sorted(stamp.cumulative.items()):
        for partition, (first, end) in sorted(parts.items(), key=lambda one: int(one[0])):
            least, count = there.get((topic, partition), (end, 0))
            if least > first:
                found.append(f"{topic}-{partition}: offsets {first:,} to {least - 1:,}")
            if inside := end - least - count:
                found.append(f"{topic}-{partition}: {inside:,} from offset {least:,} on")
    return (*found[:_SHOWN], f"and of {len(found) - _SHOWN} more partitions") if len(found) > _SHOWN else tuple(found)
