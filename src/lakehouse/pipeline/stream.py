"""Kafka into a bronze table: one ``foreachBatch``, one scan of Kafka, one commit per batch, each batch once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from enum import Enum

from pyspark.errors import AnalysisException, ParseException, PySparkException
from pyspark.sql import DataFrame
from pyspark.sql.streaming.readwriter import DataStreamWriter
from pyspark.sql.utils import is_remote

from lakehouse.catalog.batch_stamp import BatchStamp
from lakehouse.catalog.iceberg import Lake
from lakehouse.errors import ConfigError, StreamError
from lakehouse.observe.batch_metrics import MetricsSink
from lakehouse.pipeline.batch import BatchWriter
from lakehouse.pipeline.ingest import Ingest
from lakehouse.pipeline.recovery import Recover
from lakehouse.pipeline.remote_batch import RemoteBatches, RemoteWriter, start
from lakehouse.pipeline.start import prepared
from lakehouse.pipeline.stream_progress import Watch
from lakehouse.pipeline.trigger import Trigger
from lakehouse.sources.kafka import check_topic, read_stream

_LOOKS_EVERY_SECONDS = 1
# SPARK-55271: Spark 4.1.1 fails in its progress report when a restart begins with a batch that was cut off, after that
# batch has been written and noted. The next start has no such batch.
_METRICS_BUG = 'IterableOps.map(scala.Function1)" because the return value of "scala.Option.get()" is null'


@dataclass(frozen=True, kw_only=True)
class StreamResult:
    """What a run of a stream did: batches that were written and the Kafka offsets that they span."""

    batches: int
    records: int


def run_stream(
    lake: Lake,
    ingest: Ingest,
    *,
    trigger: Trigger | None = None,
    recover: Recover | None = None,
    accept_loss: bool = False,
    on_batch: Callable[[BatchStamp], None] = lambda _: None,
    metrics: Sequence[MetricsSink] = (),
) -> StreamResult:
    """Stream a topic into its bronze table, until it has caught up or until it is interrupted.

    It can be killed anywhere and started again: a batch that was committed is found by its stamp and not written twice,
    one that was not is read again.

    Args:
        trigger: How long it runs, and how often it takes a batch; by default it takes what is there now and returns.
        recover: What to do when checkpoint and tables do not continue each other; None refuses.
        accept_loss: Go on without offsets that Kafka has dropped, or that ``recover`` leaves out.
        on_batch: Called after each commit.
        metrics: Where the figures of each batch go.

    Raises:
        EngineError: The session is one of Spark Connect, and its server has not what the stream needs.
        ConfigError: The condition of a route is no SQL over a Kafka record.
        SourceError: No broker answers, or the topic does not exist.
        StreamError: The checkpoint and the table do not continue each other, or a batch failed.
        SchemaMismatchError: The table that exists does not fit the contract.
    """
    check_topic(ingest.topic)
    for spec in ingest.targets:
        lake.ensure(spec)
    ingest = prepared(lake, ingest, recover=recover, accept_loss=accept_loss)
    records = read_stream(lake.spark, ingest.topic)
    _check_routes(records, ingest)
    batches, write = _batches(lake, ingest, on_batch)
    stream = records.writeStream.foreachBatch(write).option("checkpointLocation", ingest.checkpoint.location)
    stream = stream.queryName(ingest.spec.name.replace(".", "_"))
    trigger = trigger or Trigger()
    watch = Watch(lake=lake, ingest=ingest, trigger=trigger, metrics=metrics)
    restarts = 0
    while (ended := _await(stream.trigger(**trigger.options()), batches, watch)) is not Ended.DONE:
        restarts += ended is Ended.BY_BUG
        if restarts > 1:
            raise StreamError(f"the stream into {ingest.spec.name} stopped twice by SPARK-55271; start it again")
    for spec in ingest.targets:
        lake.refresh(spec.name)
    return StreamResult(batches=batches.batches, records=batches.records)


def _batches(
    lake: Lake, ingest: Ingest, on_batch: Callable[[BatchStamp], None]
) -> tuple[BatchWriter | RemoteBatches, Callable[[DataFrame, int], None]]:
    """Give what counts the batches of a stream, and the function that writes each."""
    if is_remote():
        return RemoteBatches(lake=lake, ingest=ingest, on_batch=on_batch), RemoteWriter.of(lake, ingest)
    writer = BatchWriter(lake=lake, ingest=ingest, on_batch=on_batch)
    return writer, writer


def _check_routes(records: DataFrame, ingest: Ingest) -> None:
    for route in ingest.routes:
        try:
            _ = records.where(route.where).columns
        except (AnalysisException, ParseException) as error:
            raise ConfigError(
                f"the route to {route.spec.name} of the stream into {ingest.spec.name} is no condition over a Kafka "
                f"record (key, value, headers, topic, partition, offset, timestamp): {route.where}\n"
                f"{str(error).splitlines()[0]}"
            ) from error


class Ended(Enum):
    """Why a query ended."""

    DONE = "done"
    BY_BUG = "SPARK-55271"
    FOR_TRIGGER = "another interval"


def _await(stream: DataStreamWriter, batches: BatchWriter | RemoteBatches, watch: Watch) -> Ended:
    """Start a query, wait for its end, and tell of its batches meanwhile."""
    query = None
    try:
        query = start(stream)
        while not query.awaitTermination(_LOOKS_EVERY_SECONDS):
            batches.look(query)
            if watch.look(query):
                return Ended.FOR_TRIGGER
        watch.look(query)
    except PySparkException as error:
        if _METRICS_BUG in str(error):
            return Ended.BY_BUG
        raise batches.cause(error) from error
    finally:
        # After Ctrl-C the JVM may be gone already; that must not hide why we are here.
        with suppress(Exception):
            if query is not None:
                query.stop()
            batches.look()
    return Ended.DONE
