"""How far the time of a table's events has come, from the stamps and manifests of its own commits; never by a scan.

The stamp of each commit of a stream says which instant was the newest before it. What the commit itself brought is in
the column metrics of its files. So the newest stamp is enough: it is there after a restart, a lost checkpoint, a
compaction and the expiry of older snapshots, and goes back with a table that is rolled back.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from pyiceberg.manifest import DataFile
from pyiceberg.table import Table
from pyiceberg.table.snapshots import Snapshot

from lakehouse.catalog.batch_stamp import BatchStamp
from lakehouse.catalog.ledger import ancestors
from lakehouse.catalog.live_files import added_files
from lakehouse.catalog.offsets import Ranges, spans_of
from lakehouse.contract.event_time import EVENT_TIME

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True, kw_only=True)
class Judged:
    """Offsets that one commit brought, and the newest instant before it; None where none was known."""

    ranges: Ranges
    newest_event: datetime | None


def newest_event(table: Table) -> datetime | None:
    """Give the newest instant of all that a stream has given to a table; None where no event has one.

    Of each commit it is the greatest ``event_time``, at most the greatest ``kafka_timestamp`` and the instant of the
    commit: a message cannot have happened later. So an event from the future moves it to now, for once, and not beyond.
    What a replay adds was given before. Cost: one manifest.
    """
    for snapshot in ancestors(table):
        stamp = BatchStamp.from_snapshot(snapshot)
        if stamp is not None:
            known = (stamp.newest_event, None if stamp.replayed else _newest_of(table, snapshot))
            return max((one for one in known if one is not None), default=None)
    return None


def judged(table: Table, ranges: Ranges) -> tuple[Judged, ...]:
    """Tell by which instants a table's commits judged offsets that it holds, newest commit first.

    Offsets whose commit has expired are left out. Cost: the metadata file that is loaded already.
    """
    wanted = list(spans_of(ranges))
    found = []
    for snapshot in ancestors(table):
        stamp = BatchStamp.from_snapshot(snapshot)
        if stamp is None or stamp.replayed:
            continue
        own = [(one, stamp.ranges.get(one.topic, {}).get(one.partition, (0, 0))) for one in wanted]
        if any(first < one.next and one.first < next_ for one, (first, next_) in own):
            found.append(Judged(ranges=stamp.ranges, newest_event=stamp.newest_event))
        if all(first <= one.first for one, (first, _) in own):
            break
    return tuple(found)


def microseconds(at: datetime) -> int:
    """Give an instant as Iceberg and Spark count it: microseconds since 1970."""
    return (at - _EPOCH) // _MICROSECOND


def _newest_of(table: Table, snapshot: Snapshot) -> datetime | None:
    files = added_files(table, snapshot)
    event, kafka = (_upper_bound(table, files, name) for name in (EVENT_TIME, "kafka_timestamp"))
    if event is None:
        return None
    clocks = [snapshot.timestamp_ms * 1000, *([kafka] if kafka is not None else [])]
    return _EPOCH + min(event, *clocks) * _MICROSECOND


def _upper_bound(table: Table, files: Sequence[DataFile], column: str) -> int | None:
    """Give the greatest value of a column of instants; None where all are null, or older than the column."""
    return max(_upper_bounds(table, files, column), default=None)


def _upper_bounds(table: Table, files: Sequence[DataFile], column: str) -> Iterator[int]:
    if column in table.schema().column_names:
        field = table.schema().find_field(column).field_id
        for file in files:
            bound = (file.upper_bounds or {}).get(field)
            if bound is not None:
                yield int.from_bytes(bound, "little", signed=True)
