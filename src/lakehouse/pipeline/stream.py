"""Kafka into a bronze table: one ``foreachBatch``, one scan of Kafka, one commit per batch, each batch once."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field

from pyspark.errors import StreamingQueryException
from pyspark.sql import DataFrame
from pyspark.sql import functions as F
from pyspark.sql.streaming.query import StreamingQuery

from lakehouse.catalog.batch_stamp import BatchStamp, newest_stamp, stamp_batch
from lakehouse.catalog.iceberg import Lake
from lakehouse.contract.ddl import full_name
from lakehouse.contract.kafka_record import PAYLOAD, KafkaRecord
from lakehouse.contract.table import TableSpec
from lakehouse.errors import ContractError, LakehouseError, StreamError
from lakehouse.pipeline.checkpoint import Checkpoint
from lakehouse.pipeline.recovery import Recover, check_continuity
from lakehouse.sources.kafka import KafkaTopic, check_topic, read_stream
from lakehouse.transforms.decode_json import decode_json

# SPARK-55271: Spark 4.1.1 fails in its progress report when a restart begins with a batch that was cut off, after that
# batch has been written and noted. The next start has no such batch.
_METRICS_BUG = 'IterableOps.map(scala.Function1)" because the return value of "scala.Option.get()" is null'


@dataclass(frozen=True, kw_only=True)
class Ingest:
    """A topic, the bronze table that it fills, and the checkpoint in between."""

    spec: TableSpec
    topic: KafkaTopic
    checkpoint: Checkpoint
    max_record_bytes: int

    def __post_init__(self) -> None:
        if not issubclass(self.spec.schema, KafkaRecord) or PAYLOAD not in self.spec.struct.names:
            raise ContractError(
                f"{self.spec.name} cannot be filled by a stream: its class must be a KafkaRecord with a column "
                f"{PAYLOAD}: Column[StructType[TheMessage]]"
            )


@dataclass(kw_only=True)
class BatchWriter:
    """The ``foreachBatch`` function: stamps a batch, looks it up in the table, and appends it if it is not there."""

    lake: Lake
    ingest: Ingest
    on_batch: Callable[[BatchStamp], None]
    batches: int = 0
    records: int = 0
    error: LakehouseError | None = field(default=None)

    def __call__(self, df: DataFrame, batch_id: int) -> None:
        """Write one batch; a batch that the table holds already is left alone."""
        try:
            self._write(df, batch_id)
        except LakehouseError as error:
            # Spark would bury it in the text of another exception.
            self.error = error
            raise

    def _write(self, df: DataFrame, batch_id: int) -> None:
        checkpoint, spec = self.ingest.checkpoint, self.ingest.spec
        query_id = checkpoint.query_id()
        if query_id is None:
            raise StreamError(f"checkpoint {checkpoint.location} vanished while the stream was running")
        before = newest_stamp(self.lake.table(spec.name))
        if before and before.query_id == query_id and before.batch_id >= batch_id:
            return
        start, end = checkpoint.start_offsets(batch_id), checkpoint.end_offsets(batch_id)
        stamp = stamp_batch(query_id=query_id, batch_id=batch_id, start=start, end=end, before=before)
        writer = df.writeTo(full_name(spec, catalog=self.lake.name))
        for name, value in stamp.summary().items():
            writer = writer.option(f"snapshot-property.{name}", value)
        writer.append()
        self.batches += 1
        self.records += stamp.records
        self.on_batch(stamp)


@dataclass(frozen=True, kw_only=True)
class StreamResult:
    """What a run of a stream did: batches that were written and the Kafka offsets that they span."""

    batches: int
    records: int


def to_bronze(df: DataFrame, spec: TableSpec, *, max_record_bytes: int) -> DataFrame:
    """Turn Kafka records as Spark reads them into rows of a bronze table: decoded, or dead letters.

    Rows: one per record. Columns: those of the table. Cost: one parse per record, no shuffle. Batch and stream.
    """
    decoded = decode_json(df, spec.column(PAYLOAD), max_bytes=max_record_bytes)
    dead_letter = F.struct("reason", "detail", "key", "value", "headers")
    return decoded.select(
        "topic",
        "partition",
        "offset",
        F.col("timestamp").alias("kafka_timestamp"),
        F.current_timestamp().alias("ingested_at"),
        F.when(F.col("reason").isNotNull(), dead_letter).alias("dead_letter"),
        PAYLOAD,
    )


def run_stream(
    lake: Lake,
    ingest: Ingest,
    *,
    until_caught_up: bool,
    recover: Recover | None = None,
    trigger_seconds: int = 60,
    on_batch: Callable[[BatchStamp], None] = lambda _: None,
) -> StreamResult:
    """Stream a topic into its bronze table, until it has caught up or until it is interrupted.

    It can be killed anywhere and started again: a batch that was committed is found by its stamp and not written twice,
    one that was not is read again.

    Args:
        until_caught_up: Take what is there now and return; else run on, a batch every ``trigger_seconds``.
        recover: What to do when checkpoint and table do not continue each other; None refuses.
        on_batch: Called after each commit.

    Raises:
        SourceError: No broker answers, or the topic does not exist.
        StreamError: The checkpoint and the table do not continue each other, or a batch failed.
        SchemaMismatchError: The table that exists does not fit the contract.
    """
    check_topic(ingest.topic)
    lake.ensure(ingest.spec)
    topic = check_continuity(lake.table(ingest.spec.name), ingest.checkpoint, ingest.topic, recover=recover)
    writer = BatchWriter(lake=lake, ingest=ingest, on_batch=on_batch)
    rows = to_bronze(read_stream(lake.spark, topic), ingest.spec, max_record_bytes=ingest.max_record_bytes)
    stream = rows.writeStream.foreachBatch(writer).option("checkpointLocation", ingest.checkpoint.location)
    stream = stream.queryName(ingest.spec.name.replace(".", "_"))
    trigger = {"availableNow": True} if until_caught_up else {"processingTime": f"{trigger_seconds} seconds"}
    stream = stream.trigger(**trigger)
    if not _await(stream.start(), writer, may_restart=True):
        _await(stream.start(), writer, may_restart=False)
    lake.refresh(ingest.spec.name)
    return StreamResult(batches=writer.batches, records=writer.records)


def _await(query: StreamingQuery, writer: BatchWriter, *, may_restart: bool) -> bool:
    """Wait for the end of a query; False when it has to be started again."""
    try:
        query.awaitTermination()
    except StreamingQueryException as error:
        if writer.error is not None:
            raise writer.error from error
        if may_restart and _METRICS_BUG in str(error):
            return False
        raise StreamError(
            f"the stream into {writer.ingest.spec.name} stopped: {root_cause(str(error))}\n"
            "What was committed is safe; mend the cause and start it again, it goes on where it stopped."
        ) from error
    finally:
        # After Ctrl-C the JVM may be gone already; that must not hide why we are here.
        with suppress(Exception):
            query.stop()
    return True


def root_cause(text: str) -> str:
    """Give the innermost cause that a Java stack trace names, in one line."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    causes = [line.removeprefix("Caused by: ") for line in lines if line.startswith("Caused by: ")]
    return (causes or lines or ["unknown"])[-1 if causes else 0]
