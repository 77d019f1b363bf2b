"""What Spark says of a batch, and what the table says of the commit that it made."""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from pyiceberg.table import Table
from pyiceberg.table.snapshots import Snapshot
from pyspark.sql.streaming.query import StreamingQuery

from lakehouse.catalog.batch_stamp import BatchStamp
from lakehouse.catalog.iceberg import Lake
from lakehouse.catalog.ledger import ancestors
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
    files: list[tuple[int, int, bool]] = []
    small = 0
    for spec in ingest.bronze:
        table = lake.table(spec.name)
        if commit := _commit_of(table, int(progress["batchId"])):
            added = _added_files(table, commit)
            small += sum(size < aim_bytes(table) / _SMALL for size, _, _ in added)
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
        bytes=sum(size for size, _, _ in files),
        small_files=small,
        dead_letters=sum(rows for _, rows, dead in files if dead),
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


def _added_files(table: Table, snapshot: Snapshot) -> list[tuple[int, int, bool]]:
    """Give size, rows and whether they are dead letters, of each data file that a commit added."""
    dead = next((n for n, f in enumerate(table.spec().fields) if f.name == "dead_letter.reason"), None)
    found = []
    for manifest in snapshot.manifests(table.io):
        if manifest.added_snapshot_id != snapshot.snapshot_id:
            continue
        for entry in manifest.fetch_manifest_entry(table.io):
            file = entry.data_file
            is_dead = dead is not None and file.partition[dead] is not None
            found.append((file.file_size_in_bytes, file.record_count, is_dead))
    return found


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
