"""What Spark says of a batch, and what the table says of the commit that it made."""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from pyiceberg.manifest import DataFile
from pyiceberg.table import Table
from pyiceberg.table.snapshots import Snapshot
from pyspark.sql.streaming.query import StreamingQuery

from lakehouse.catalog.batch_stamp import BatchStamp
from lakehouse.catalog.iceberg import Lake
from lakehouse.catalog.ledger import ancestors
from lakehouse.catalog.live_files import added_files
from lakehouse.contract.event_time import LATE_BY
from lakehouse.observe.batch_metrics import BatchMetrics, MetricsSink
from lakehouse.pipeline.ingest import Ingest
from lakehouse.pipeline.trigger import Mode, Trigger

_SMALL = 8
_LOOKED_BACK = 50


@dataclass(kw_only=True)
class Watch:
    """Looks at a query while it runs: tells of each batch once, and learns from it how long to wait between batches."""

    lake: Lake
    ingest: Ingest
    trigger: Trigger
    metrics: Sequence[MetricsSink] = ()
    seen: int = -1

    def look(self, query: StreamingQuery) -> bool:
        """Tell of the batches since the last look; True when the query should go on with another interval."""
        if not self.metrics and self.trigger.mode is not Mode.CONTINUOUS:
            return False
        again = False
        for progress in query.recentProgress:
            if progress["batchId"] > self.seen and progress["numInputRows"]:
                self.seen = progress["batchId"]
                batch = batch_metrics(self.lake, self.ingest, progress)
                for sink in self.metrics:
                    sink.show(batch)
                again = self.trigger.changed_by(batch, aim_bytes(self.lake.table(self.ingest.spec.name)))
        return again


def aim_bytes(table: Table) -> int:
    """Give the size of a data file that a table aims at."""
    return int(table.properties.get("write.target-file-size-bytes", 2**29))


def batch_metrics(lake: Lake, ingest: Ingest, progress: Mapping[str, Any]) -> BatchMetrics:
    """Put the figures of a batch together, from Spark's progress report and from the commit's own manifest.

    Cost: the table's metadata and one manifest for each bronze table.
    """
    (source,) = progress["sources"]
    durations: Mapping[str, int] = progress["durationMs"]
    files: list[_Added] = []
    small = 0
    for spec in ingest.bronze:
        table = lake.table(spec.name)
        if commit := _commit_of(table, int(progress["batchId"])):
            added = _added_files(table, commit)
            small += sum(one.bytes < aim_bytes(table) / _SMALL for one in added)
            files += added
    records, seconds = _offsets_of(source), durations.get("triggerExecution", 0) / 1000
    # Spark counts a record each time that it is read, and a batch may be looked at before it is written.
    read = int(progress["numInputRows"]) or 1
    return BatchMetrics(
        table=ingest.spec.name,
        batch_id=int(progress["batchId"]),
        at=datetime.now(UTC),
        records=records,
        input_rate=float(source.get("inputRowsPerSecond") or 0) * records / read,
        rate=records / seconds if seconds else 0.0,
        seconds=seconds,
        write_seconds=durations.get("addBatch", 0) / 1000,
        files=len(files),
        bytes=sum(one.bytes for one in files),
        small_files=small,
        dead_letters=sum(one.rows for one in files if one.is_dead),
        late=sum(one.late for one in files) if any(spec.event_time for spec in ingest.bronze) else None,
        lag=_lag(source),
    )


def _commit_of(table: Table, batch_id: int) -> Snapshot | None:
    for number, snapshot in enumerate(ancestors(table)):
        stamp = BatchStamp.from_snapshot(snapshot)
        if stamp is not None and stamp.batch_id == batch_id and not stamp.replayed:
            return snapshot
        if number == _LOOKED_BACK:
            break
    return None


@dataclass(frozen=True)
class _Added:
    """A data file that a commit added: its size, its rows, whether these are dead letters, and how many are late."""

    bytes: int
    rows: int
    is_dead: bool
    late: int


def _added_files(table: Table, snapshot: Snapshot) -> list[_Added]:
    dead = next((n for n, f in enumerate(table.spec().fields) if f.name == "dead_letter.reason"), None)
    schema = table.schema()
    late_by = schema.find_field(LATE_BY).field_id if LATE_BY in schema.column_names else None
    return [
        _Added(
            bytes=file.file_size_in_bytes,
            rows=file.record_count,
            is_dead=dead is not None and file.partition[dead] is not None,
            late=_values(file, late_by) if late_by is not None else 0,
        )
        for file in added_files(table, snapshot)
    ]


def _values(file: DataFile, field: int) -> int:
    """Give how many values of a column are not null, from the metrics of its file."""
    values, nulls = file.value_counts or {}, file.null_value_counts or {}
    return values.get(field, 0) - nulls.get(field, 0)


def _offsets_of(source: Mapping[str, Any]) -> int:
    start, end = _offsets(source.get("startOffset")), _offsets(source.get("endOffset"))
    return sum(
        offset - start.get(topic, {}).get(partition, 0)
        for topic, parts in end.items()
        for partition, offset in parts.items()
    )


def _lag(source: Mapping[str, Any]) -> dict[str, int]:
    latest, end = _offsets(source.get("latestOffset")), _offsets(source.get("endOffset"))
    return {
        f"{topic}-{partition}": offset - end.get(topic, {}).get(partition, offset)
        for topic, parts in latest.items()
        for partition, offset in parts.items()
    }


def _offsets(value: Any) -> Mapping[str, Mapping[str, int]]:
    # PySpark gives the text of what it has parsed, as Python writes it.
    found: Mapping[str, Mapping[str, int]] = (ast.literal_eval(value) if isinstance(value, str) else value) or {}
    return found
