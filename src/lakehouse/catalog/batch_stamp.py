"""What a stream writes about each batch into the summary of its snapshot: which offsets it holds, and all before it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from pyiceberg.table import Table
from pyiceberg.table.snapshots import Snapshot

from lakehouse.catalog.ledger import ancestors
from lakehouse.catalog.offsets import Offsets, Ranges, Remainder, Span, extended

_QUERY, _BATCH = "lakehouse.query-id", "lakehouse.batch-id"
_OFFSETS, _CUMULATIVE = "lakehouse.offsets", "lakehouse.offsets-cumulative"
_BEFORE, _SHARED, _LOST = "lakehouse.records-before", "lakehouse.shared-with", "lakehouse.offsets-lost"
_REPLAYED, _REPLAYED_BEFORE = "lakehouse.offsets-replayed", "lakehouse.replayed-before"
_NEWEST_EVENT = "lakehouse.newest-event-before"


@dataclass(frozen=True, kw_only=True)
class BatchStamp:
    """One micro-batch: its offset ranges ``[first, next)`` by topic and partition, alone and since the table began.

    The newest stamp is enough to go on and to count when older snapshots have expired.

    Args:
        query_id: Of the checkpoint that planned the batch.
        batch_id: Its number there.
        ranges: What this commit holds.
        cumulative: What the table holds with it.
        last_batch: The batch that last brought something from a partition, by topic and partition.
        records_before: Rows that the stream's commits before this one have added.
        added: Rows that this commit has added; None before it is made.
        shared_with: Tables that take records of the same batches, this one included, where there are several.
        lost: Offsets that Kafka had dropped before they were read, and whose loss was accepted.
        replayed: Of a replay: the offsets of dead letters of which this commit adds good rows. Else empty.
        replayed_before: Rows that replays before this commit have added.
        newest_event: Newest instant of what the table was given before this commit; None where none is known. By it the
            batch was judged, where the table has an event time: see ``watermark``.
    """

    query_id: str
    batch_id: int
    ranges: Ranges
    cumulative: Ranges
    last_batch: Offsets = field(default_factory=dict)
    records_before: int = 0
    added: int | None = None
    shared_with: tuple[str, ...] = ()
    lost: tuple[Span, ...] = ()
    replayed: tuple[Span, ...] = ()
    replayed_before: int = 0
    newest_event: datetime | None = None

    @property
    def records(self) -> int:
        """How many offsets the batch spans; fewer records where a topic is compacted or has transactions."""
        return sum(stop - start for parts in self.ranges.values() for start, stop in parts.values())

    @property
    def records_so_far(self) -> int:
        """Rows that the stream has added to the table, this commit included; without those of replays."""
        return self.records_before + (0 if self.replayed else self.added or 0)

    @property
    def replayed_so_far(self) -> int:
        """Rows that replays have added to the table, this commit included."""
        return self.replayed_before + (self.added or 0 if self.replayed else 0)

    @property
    def next_offsets(self) -> dict[str, dict[str, int]]:
        """Where the table's next batch has to begin."""
        return {topic: {p: stop for p, (_, stop) in parts.items()} for topic, parts in self.cumulative.items()}

    def summary(self) -> dict[str, str]:
        """Give the snapshot properties that carry this stamp."""
        cumulative = {
            topic: {p: [*span, self.last_batch.get(topic, {}).get(p, self.batch_id)] for p, span in parts.items()}
            for topic, parts in self.cumulative.items()
        }
        found = {
            _QUERY: self.query_id,
            _BATCH: str(self.batch_id),
            _OFFSETS: json.dumps(self.ranges, sort_keys=True),
            _CUMULATIVE: json.dumps(cumulative, sort_keys=True),
            _BEFORE: str(self.records_before),
        }
        if self.shared_with:
            found[_SHARED] = json.dumps(self.shared_with)
        if self.lost:
            found[_LOST] = _listed(self.lost)
        if self.replayed:
            found[_REPLAYED] = _listed(self.replayed)
        if self.replayed_before:
            found[_REPLAYED_BEFORE] = str(self.replayed_before)
        if self.newest_event is not None:
            found[_NEWEST_EVENT] = self.newest_event.isoformat()
        return found

    @staticmethod
    def from_snapshot(snapshot: Snapshot) -> BatchStamp | None:
        """Read the stamp of a snapshot; None when no stream made it."""
        summary = snapshot.summary.additional_properties if snapshot.summary else {}
        if _QUERY not in summary:
            return None
        cumulative = json.loads(summary[_CUMULATIVE])
        return BatchStamp(
            query_id=summary[_QUERY],
            batch_id=int(summary[_BATCH]),
            ranges=_ranges(json.loads(summary[_OFFSETS])),
            cumulative=_ranges(cumulative),
            last_batch={t: {p: one[2] for p, one in parts.items() if len(one) > 2} for t, parts in cumulative.items()},
            records_before=int(summary.get(_BEFORE, 0)),
            added=int(summary.get("added-records", 0)),
            shared_with=tuple(json.loads(summary.get(_SHARED, "[]"))),
            lost=_spans(summary.get(_LOST)),
            replayed=_spans(summary.get(_REPLAYED)),
            replayed_before=int(summary.get(_REPLAYED_BEFORE, 0)),
            newest_event=datetime.fromisoformat(at) if (at := summary.get(_NEWEST_EVENT)) else None,
        )


def newest_stamp(table: Table, ref: str = "main") -> BatchStamp | None:
    """Give the stamp of the newest batch on a branch; None when no stream has written yet. Reads metadata only."""
    return next(filter(None, map(BatchStamp.from_snapshot, ancestors(table, ref))), None)


def stamp_batch(
    *,
    query_id: str,
    batch_id: int,
    new: Remainder,
    before: BatchStamp | None,
    shared_with: tuple[str, ...] = (),
    newest_event: datetime | None = None,
) -> BatchStamp:
    """Make the stamp of a batch of which ``new`` is written, on top of the newest stamp in the table.

    ``newest_event`` is that of all that is in the table, of one with an event time. The gaps of ``new`` are noted as
    lost: whoever stamps them has accepted that.
    """
    last = {topic: dict(parts) for topic, parts in (before.last_batch.items() if before else ())}
    for topic, parts in new.fresh.items():
        for partition, (first, next_) in parts.items():
            if next_ > first or partition not in last.get(topic, {}):
                last.setdefault(topic, {})[partition] = batch_id
    return BatchStamp(
        query_id=query_id,
        batch_id=batch_id,
        ranges=new.fresh,
        cumulative=extended(before.cumulative if before else {}, new.fresh),
        last_batch=last,
        records_before=before.records_so_far if before else 0,
        shared_with=shared_with,
        lost=(*(before.lost if before else ()), *new.gaps),
        replayed_before=before.replayed_so_far if before else 0,
        newest_event=newest_event,
    )


def stamp_replay(before: BatchStamp, replayed: tuple[Span, ...], *, newest_event: datetime | None = None) -> BatchStamp:
    """Make the stamp of a commit that adds good rows of dead letters: the table ends where it did."""
    nothing = {topic: {p: (stop, stop) for p, (_, stop) in parts.items()} for topic, parts in before.cumulative.items()}
    return replace(
        before,
        ranges=nothing,
        records_before=before.records_so_far,
        replayed=replayed,
        replayed_before=before.replayed_so_far,
        added=None,
        newest_event=newest_event,
    )


def _listed(spans: tuple[Span, ...]) -> str:
    return json.dumps([[one.topic, one.partition, one.first, one.next] for one in spans])


def _spans(text: str | None) -> tuple[Span, ...]:
    found = json.loads(text) if text else []
    return tuple(Span(topic=t, partition=p, first=first, next=next_) for t, p, first, next_ in found)


def _ranges(found: Mapping[str, Mapping[str, list[int]]]) -> dict[str, dict[str, tuple[int, int]]]:
    return {t: {p: (span[0], span[1]) for p, span in parts.items()} for t, parts in found.items()}
