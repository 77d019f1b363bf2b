"""What a stream writes about each batch into the summary of its snapshot: which offsets it holds, and all before it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

from pyiceberg.table import Table
from pyiceberg.table.snapshots import Snapshot

from lakehouse.catalog.ledger import ancestors

_QUERY, _BATCH = "lakehouse.query-id", "lakehouse.batch-id"
_OFFSETS, _CUMULATIVE = "lakehouse.offsets", "lakehouse.offsets-cumulative"

# topic → partition → offset; partitions are text, as in the JSON that Spark writes.
Offsets = Mapping[str, Mapping[str, int]]
Ranges = Mapping[str, Mapping[str, tuple[int, int]]]


@dataclass(frozen=True, kw_only=True)
class BatchStamp:
    """One micro-batch: half-open offset ranges ``[first, next)`` by topic and partition, alone and since the start.

    The cumulative ranges make the newest snapshot enough when older ones have expired.
    """

    query_id: str
    batch_id: int
    ranges: Ranges
    cumulative: Ranges

    @property
    def records(self) -> int:
        """How many offsets the batch spans; fewer records where a topic is compacted or has transactions."""
        return sum(stop - start for parts in self.ranges.values() for start, stop in parts.values())

    @property
    def next_offsets(self) -> dict[str, dict[str, int]]:
        """Where the table's next batch has to begin."""
        return {topic: {p: stop for p, (_, stop) in parts.items()} for topic, parts in self.cumulative.items()}

    def summary(self) -> dict[str, str]:
        """Give the snapshot properties that carry this stamp."""
        return {
            _QUERY: self.query_id,
            _BATCH: str(self.batch_id),
            _OFFSETS: json.dumps(self.ranges, sort_keys=True),
            _CUMULATIVE: json.dumps(self.cumulative, sort_keys=True),
        }

    @staticmethod
    def from_snapshot(snapshot: Snapshot) -> BatchStamp | None:
        """Read the stamp of a snapshot; None when no stream made it."""
        summary = snapshot.summary.additional_properties if snapshot.summary else {}
        if _QUERY not in summary:
            return None
        return BatchStamp(
            query_id=summary[_QUERY],
            batch_id=int(summary[_BATCH]),
            ranges=_ranges(summary[_OFFSETS]),
            cumulative=_ranges(summary[_CUMULATIVE]),
        )


def newest_stamp(table: Table) -> BatchStamp | None:
    """Give the stamp of the newest batch on ``main``; None when no stream has written yet. Reads metadata only."""
    return next(filter(None, map(BatchStamp.from_snapshot, ancestors(table))), None)


def stamp_batch(*, query_id: str, batch_id: int, start: Offsets, end: Offsets, before: BatchStamp | None) -> BatchStamp:
    """Make the stamp of a batch that reads ``[start, end)``, on top of the newest stamp in the table.

    A partition that is not in ``start`` came to the topic later and begins at 0.
    """
    ranges = {
        topic: {p: (start.get(topic, {}).get(p, 0), stop) for p, stop in parts.items()} for topic, parts in end.items()
    }
    seen = before.cumulative if before else {}
    cumulative = {
        topic: {p: (seen.get(topic, {}).get(p, span)[0], span[1]) for p, span in parts.items()}
        for topic, parts in ranges.items()
    }
    return BatchStamp(query_id=query_id, batch_id=batch_id, ranges=ranges, cumulative={**seen, **cumulative})


def _ranges(text: str) -> dict[str, dict[str, tuple[int, int]]]:
    return {t: {p: (span[0], span[1]) for p, span in parts.items()} for t, parts in json.loads(text).items()}
