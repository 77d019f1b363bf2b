"""What a table's own snapshots say of the stream that filled it: which offsets, with no gap and no overlap."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from pyiceberg.table import Table
from pyiceberg.table.snapshots import Snapshot

from lakehouse.catalog.batch_stamp import BatchStamp, newest_stamp
from lakehouse.catalog.ledger import ancestors, is_append, row_count
from lakehouse.catalog.offsets import Span


class ProblemKind(StrEnum):
    """What can be wrong with a table that a stream fills."""

    GAP = "gap"
    OVERLAP = "overlap"
    TOO_MANY_ROWS = "too many rows"
    TOO_FEW_ROWS = "too few rows"
    ROWS_REMOVED = "rows removed"
    LOST = "lost"
    DOUBLED = "doubled"


@dataclass(frozen=True, kw_only=True)
class Problem:
    """What is wrong, in words, and the offsets where it is; None where it has no offsets."""

    kind: ProblemKind
    text: str
    span: Span | None = None


@dataclass(frozen=True, kw_only=True)
class PartitionLedger:
    """Offsets ``[first, next)`` of a partition that the table holds; each commit from ``proven_from`` on was looked at.

    What was before stands in the cumulative range of the oldest commit that is kept.
    """

    topic: str
    partition: str
    first: int
    next: int
    proven_from: int


@dataclass(frozen=True, kw_only=True)
class StreamLedger:
    """All that the snapshots of a table say of its stream.

    ``offsets`` were consumed, ``records`` of them were written (by all tables that share the stream), ``replayed``
    rows were added by replays, and ``rows`` are in the table now.
    """

    table: str
    commits: int
    partitions: tuple[PartitionLedger, ...]
    offsets: int
    records: int
    replayed: int
    rows: int
    accepted: tuple[Span, ...]
    problems: tuple[Problem, ...]


def read_ledger(
    table: Table, *, shared: Sequence[Table] = (), dense: bool = True, merged: bool = False
) -> StreamLedger | None:
    """Read the ledger of a stream from a table's metadata; None when no stream has written to it.

    Cost: the metadata file that is loaded already; no data and no manifests.

    Args:
        shared: The other tables that take records of the same batches.
        dense: Whether each offset is a record. In a compacted topic, or one with transactions, some are not.
        merged: Whether rows are merged into the table by key; then rows are not counted against offsets.
    """
    snapshots = list(ancestors(table))[::-1]
    stamps = [(one, stamp) for one in snapshots if (stamp := BatchStamp.from_snapshot(one)) is not None]
    if not stamps:
        return None
    head = stamps[-1][1]
    others = [stamp for one in shared if (stamp := newest_stamp(one)) is not None]
    spans = [
        Span(topic=topic, partition=p, first=first, next=next_)
        for topic, parts in sorted(head.cumulative.items())
        for p, (first, next_) in sorted(parts.items(), key=lambda one: int(one[0]))
    ]
    offsets = sum(one.size for one in spans) - sum(one.size for one in head.lost)
    records = head.records_so_far + sum(one.records_so_far for one in others)
    rows = row_count(table)
    problems = list(_joints([stamp for _, stamp in stamps]))
    if not merged:
        problems += [*_commits(stamps), *rows_removed(snapshots), *_counts(offsets, records, dense=dense)]
    proven = _first_looked_at([stamp for _, stamp in stamps])
    return StreamLedger(
        table=".".join(table.name()),
        commits=len(stamps),
        partitions=tuple(
            PartitionLedger(
                topic=one.topic, partition=one.partition, first=one.first, next=one.next,
                proven_from=proven[one.topic, one.partition],
            )
            for one in spans
        ),
        offsets=offsets,
        records=records,
        replayed=head.replayed_so_far,
        rows=rows,
        accepted=head.lost,
        problems=tuple(problems),
    )  # fmt: skip


def _joints(stamps: Sequence[BatchStamp]) -> Iterator[Problem]:
    """Hold where each commit begins against where the one before ended."""
    ends: dict[tuple[str, str], int] = {}
    for stamp in stamps:
        lost = {(one.topic, one.partition, one.first): one.next for one in stamp.lost}
        for topic, parts in stamp.ranges.items():
            for partition, (first, next_) in parts.items():
                at = (topic, partition)
                end = ends.get(at, first)
                if first > end and lost.get((*at, end)) != first:
                    span = Span(topic=topic, partition=partition, first=end, next=first)
                    yield _problem(ProblemKind.GAP, span, f"batch {stamp.batch_id} begins behind what was there")
                if first < end:
                    span = Span(topic=topic, partition=partition, first=first, next=min(end, next_))
                    yield _problem(ProblemKind.OVERLAP, span, f"batch {stamp.batch_id} has it once more")
                ends[at] = max(end, next_)


def _problem(kind: ProblemKind, span: Span, text: str) -> Problem:
    return Problem(kind=kind, text=f"{span}: {text}", span=span)


def _commits(stamps: Sequence[tuple[Snapshot, BatchStamp]]) -> Iterator[Problem]:
    for snapshot, stamp in stamps:
        if not stamp.replayed and (stamp.added or 0) > stamp.records and is_append(snapshot):
            text = f"batch {stamp.batch_id} has {stamp.added:,} rows of {stamp.records:,} offsets"
            yield Problem(kind=ProblemKind.TOO_MANY_ROWS, text=f"snapshot {snapshot.snapshot_id}: {text}")


def rows_removed(snapshots: Sequence[Snapshot]) -> Iterator[Problem]:
    """Find commits that took rows away: a table of a stream is only appended to, or compacted."""
    for snapshot in snapshots:
        if snapshot.summary is None or snapshot.summary.operation.value not in {"delete", "overwrite"}:
            continue
        summary = snapshot.summary.additional_properties
        removed = int(summary.get("deleted-records", 0)) + int(summary.get("added-position-deletes", 0))
        removed -= int(summary.get("added-records", 0)) if summary.get("deleted-records") else 0
        if removed > 0:
            text = f"snapshot {snapshot.snapshot_id} ({snapshot.summary.operation.value}) took {removed:,} rows away"
            yield Problem(kind=ProblemKind.ROWS_REMOVED, text=text)


def _counts(offsets: int, records: int, *, dense: bool) -> Iterator[Problem]:
    if records > offsets:
        text = f"{records:,} rows were written of {offsets:,} offsets"
        yield Problem(kind=ProblemKind.TOO_MANY_ROWS, text=text)
    elif dense and records < offsets:
        text = (
            f"{records:,} rows were written of {offsets:,} offsets. If the topic is compacted or written in "
            "transactions, some offsets hold no record: set offsets_are_dense = false for the stream, and use --deep"
        )
        yield Problem(kind=ProblemKind.TOO_FEW_ROWS, text=text)


def _first_looked_at(stamps: Sequence[BatchStamp]) -> dict[tuple[str, str], int]:
    first: dict[tuple[str, str], int] = {}
    for stamp in stamps:
        for topic, parts in stamp.ranges.items():
            for partition, (begin, _) in parts.items():
                first.setdefault((topic, partition), begin)
        for topic, parts in stamp.cumulative.items():
            for partition, (_, end) in parts.items():
                first.setdefault((topic, partition), end)
    return first
