"""One micro-batch into its tables, each of its records once, whatever happened before."""

from __future__ import annotations

import dataclasses
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F
from pyspark.sql.streaming.query import StreamingQuery

from lakehouse.catalog.append_once import AppendConflictError, append_once
from lakehouse.catalog.batch_stamp import BatchStamp, newest_stamp, stamp_batch
from lakehouse.catalog.conflicts import conflict_of
from lakehouse.catalog.iceberg import Lake, good_rows
from lakehouse.catalog.offsets import Offsets, Remainder, remainder
from lakehouse.catalog.publish import open_audit, publish
from lakehouse.catalog.watermark import newest_event
from lakehouse.contract.build import BuildSpec
from lakehouse.contract.conform import conform
from lakehouse.contract.table import TableSpec
from lakehouse.errors import LakehouseError, StreamError
from lakehouse.pipeline.bronze_rows import to_bronze
from lakehouse.pipeline.drift_watch import DriftWatch
from lakehouse.pipeline.ingest import Ingest
from lakehouse.pipeline.lateness import watermark_after, watermark_of_commits
from lakehouse.pipeline.merge_newest import merge_newest
from lakehouse.pipeline.offset_filter import in_ranges
from lakehouse.pipeline.persisted import persisted
from lakehouse.pipeline.spark_errors import root_cause
from lakehouse.quality import rule_set, with_kept_quality
from lakehouse.transforms.decoder import Decode, JsonDecoder

_TRIES = 8
_FEW = 100
"""A batch of fewer offsets is asked whether there is any record in it before it is written."""


@dataclass(kw_only=True)
class BatchWriter:
    """The ``foreachBatch`` function: asks each table which of the batch's offsets it holds, and writes the others.

    What a table holds is decided by the offsets in its own snapshots alone. So a batch that is given again after a
    crash, by a copied or older checkpoint, or by a second stream, is written once; and the commit is refused, and the
    table asked again, when someone else has added rows in between.
    """

    lake: Lake
    ingest: Ingest
    on_batch: Callable[[BatchStamp], None]
    batches: int = 0
    records: int = 0
    error: Exception | None = field(default=None)
    drift: DriftWatch = field(default_factory=DriftWatch)

    def __call__(self, df: DataFrame, batch_id: int) -> None:
        """Write one batch of Kafka records, as Spark reads them."""
        try:
            # The session of the batch is not that of the stream: it has its own views, and its own view of tables.
            self._write(dataclasses.replace(self.lake, spark=df.sparkSession), df, batch_id)
        except Exception as error:
            # Spark would bury it in the text of another exception.
            self.error = error
            raise

    def look(self, query: StreamingQuery | None = None) -> None:
        """Do nothing: each batch was told of when it was written."""

    def cause(self, error: Exception) -> LakehouseError:
        """Give what ended the query, of the error that Spark raised."""
        return self.error if isinstance(self.error, LakehouseError) else stopped(self.ingest, self.error or error)

    def _write(self, lake: Lake, df: DataFrame, batch_id: int) -> None:
        checkpoint = self.ingest.checkpoint
        query_id = checkpoint.query_id()
        if query_id is None:
            raise StreamError(f"checkpoint {checkpoint.location} vanished while the stream was running")
        batch = _Batch(
            query_id=query_id,
            number=batch_id,
            start=checkpoint.start_offsets(batch_id),
            end=checkpoint.end_offsets(batch_id),
        )
        with persisted(df, keep=len(self.ingest.targets) > 1) as records:
            # Before anything is written: the format may have to wait for what it needs.
            batch = dataclasses.replace(batch, decode=self.ingest.decoder.for_batch(records, wait=True))
            stamps = [self._append(lake, records, batch, spec) for spec in self.ingest.bronze]
            merged = [self._merge(lake, records, batch, build) for build in self.ingest.merges]
            self.drift.look(lake, records, self.ingest)
        if written := [stamp for stamp in (*stamps, *merged) if stamp is not None]:
            self.batches += 1
            self.records += written[0].records
            self.on_batch(written[0])

    def _append(self, lake: Lake, df: DataFrame, batch: _Batch, spec: TableSpec) -> BatchStamp | None:
        for _ in range(_TRIES):
            table = lake.table(spec.name)
            new = self._new(batch, spec, before := newest_stamp(table))
            if new is None:
                return None
            newest = newest_event(table) if spec.event_time else None
            shared = tuple(one.name for one in self.ingest.bronze if self.ingest.routes)
            stamp = batch.stamp(new, before, shared_with=shared, newest_event=newest)
            watermark = watermark_after(newest, spec.event_time) if spec.event_time else None
            mine, head = self._records(df, new, spec), table.current_snapshot()
            rows = self._rows(mine, spec, batch.decode, watermark)
            since = head.snapshot_id if head else None
            # Nothing may have come for a table of several, or between two markers of transactions. Each record makes a
            # row, so the records are asked: none of them is parsed for it.
            nothing = (bool(self.ingest.routes) or stamp.records < _FEW) and mine.isEmpty()
            try:
                append_once(lake, spec, None if nothing else rows, since=since, summary=stamp.summary())
            except AppendConflictError:
                lake.refresh(spec.name)
                continue
            return stamp
        raise StreamError(f"{spec.name} is written to by others without a pause: {_TRIES} tries to append to it failed")

    def _merge(self, lake: Lake, df: DataFrame, batch: _Batch, build: BuildSpec) -> BatchStamp | None:
        spec = build.table
        for _ in range(_TRIES):
            if self._new(batch, spec, newest_stamp(lake.table(spec.name))) is None:
                return None
            audit = open_audit(lake, spec, run_id=f"batch_{batch.number}_{uuid.uuid4().hex[:8]}")
            # Looked up once more at the base: what others publish after it makes the publish of this one fail.
            new = self._new(batch, spec, before := newest_stamp(lake.table(spec.name), audit.branch))
            if new is None:
                return None
            stamp = batch.stamp(new, before)
            try:
                merge_newest(audit, _built(build, self._good(lake, df, new, batch.decode)), count=stamp.records)
                publish(audit, stamp)
            except Exception as error:
                if conflict_of(error) is None:
                    raise
                continue
            return stamp
        raise StreamError(f"{spec.name} is written to by others without a pause: {_TRIES} merges into it failed")

    def _records(self, df: DataFrame, new: Remainder, spec: TableSpec) -> DataFrame:
        """Give the new records that belong to a bronze table."""
        mine, where = _only(df, new), self._of(spec)
        return mine if where is None else mine.where(where)

    def _rows(self, mine: DataFrame, spec: TableSpec, decode: Decode, watermark: Column | None) -> DataFrame:
        return to_bronze(mine, spec, max_bytes=self.ingest.max_record_bytes, decode=decode, watermark=watermark)

    def _good(self, lake: Lake, df: DataFrame, new: Remainder, decode: Decode) -> DataFrame:
        """Give the rows that are good rows of the bronze table: late by its watermark, not by one of now."""
        spec, watermark = self.ingest.spec, None
        if spec.event_time is not None:
            watermark = watermark_of_commits(lake.table(spec.name), new.fresh, spec.event_time)
        rows = self._rows(self._records(df, new, spec), spec, decode, watermark)
        return conform(good_rows(rows, spec.schema), spec.schema)

    def _new(self, batch: _Batch, spec: TableSpec, before: BatchStamp | None) -> Remainder | None:
        """Give what of a batch a table does not hold; None when it holds all of it."""
        new = remainder(batch.start, batch.end, before.cumulative if before else {})
        if new.gaps:
            raise StreamError(
                f"{spec.name} was not written: between what it holds and batch {batch.number} of checkpoint "
                f"{self.ingest.checkpoint.location} records are missing: {', '.join(map(str, new.gaps))}. Start with "
                "--recover from-table to read them again."
            )
        return None if new.is_empty and before is not None else new

    def _of(self, spec: TableSpec) -> Column | None:
        """Give the condition for a record to belong to a bronze table; None where all do."""
        taken = F.lit(False)
        for route in self.ingest.routes:
            here = F.coalesce(F.expr(route.where), F.lit(False))
            if route.spec is spec:
                return here & ~taken
            taken = taken | here
        return ~taken if self.ingest.routes else None


@dataclass(frozen=True, kw_only=True)
class _Batch:
    """Which offsets a batch of a checkpoint reads, and what decodes its records."""

    query_id: str
    number: int
    start: Offsets
    end: Offsets
    decode: Decode = field(default_factory=JsonDecoder)

    def stamp(
        self,
        new: Remainder,
        before: BatchStamp | None,
        *,
        shared_with: tuple[str, ...] = (),
        newest_event: datetime | None = None,
    ) -> BatchStamp:
        return stamp_batch(
            query_id=self.query_id,
            batch_id=self.number,
            new=new,
            before=before,
            shared_with=shared_with,
            newest_event=newest_event,
        )


def stopped(ingest: Ingest, error: Exception) -> StreamError:
    """Give the error of a stream that something else than the library has ended."""
    return StreamError(
        f"the stream into {ingest.spec.name} stopped: {root_cause(error)}\n"
        "What was committed is safe; mend the cause and start it again, it goes on where it stopped."
    )


def _built(build: BuildSpec, rows: DataFrame) -> DataFrame:
    """Call a build with the new rows of its input; rows of a table that keeps scores get theirs."""
    arguments: dict[str, object] = {build.inputs[0][0]: rows}
    if build.instant:
        arguments[build.instant] = datetime.now(UTC)
    made = conform(build.function(**arguments), build.output)
    return with_kept_quality(made, rule_set(build.table), build.table)


def _only(df: DataFrame, new: Remainder) -> DataFrame:
    """Keep the records of the new offsets; all of them, as a rule, and then nothing is compared."""
    return df if new.whole else df.where(in_ranges(new.fresh))
