"""The ``foreachBatch`` function of Spark Connect, which runs in a process of the server; and what it has done, seen
from here."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from pyspark.errors import PySparkException
from pyspark.sql import DataFrame
from pyspark.sql.streaming.query import StreamingQuery
from pyspark.sql.streaming.readwriter import DataStreamWriter

from lakehouse.catalog.batch_stamp import BatchStamp
from lakehouse.catalog.connect import open_again
from lakehouse.catalog.iceberg import Lake
from lakehouse.catalog.ledger import ancestors
from lakehouse.errors import EngineError, LakehouseError, StreamError
from lakehouse.pipeline.batch import BatchWriter, stopped
from lakehouse.pipeline.ingest import Ingest

_OURS = re.compile(r"^lakehouse[\w.]*\.\w+Error: ", re.MULTILINE)
_JAVA = re.compile(r"\s*(SQLSTATE: |\n\nJVM stacktrace)")
_LATE = "Python worker failed to connect back"
_START_SECONDS = 180
"""The server gives a process of Python ten seconds to start, which a cold or busy machine needs for its imports."""
_ABSENT = re.compile(r"No module named '(?P<name>[\w.]+)'")


@dataclass(kw_only=True)
class RemoteWriter:
    """Writes the batches of a stream where the server calls it: it opens the catalog there, once, and what it needs of
    settings goes with it.

    ``uuids`` are those of the tables, as they stand in the checkpoint: by them it knows that it reads the same one.
    """

    ingest: Ingest
    uuids: Mapping[str, str]
    lake_name: str
    catalog_name: str
    catalog: Mapping[str, str] = field(repr=False)
    _writer: BatchWriter | None = field(default=None, init=False, repr=False)

    @staticmethod
    def of(lake: Lake, ingest: Ingest) -> RemoteWriter:
        """Give what writes the batches of a stream that is about to be started."""
        for name, made in _python_of(ingest):
            if made.__module__ == "__main__" or "<locals>" in made.__qualname__:
                raise EngineError(
                    f"{name} cannot be streamed into through Spark Connect: {made.__qualname__} is not in a module "
                    "that the server could import. Move it into a package, and install that where the server runs."
                )
        # The client of Kafka is Spark's own there: its options need not travel.
        ingest = replace(ingest, topic=replace(ingest.topic, options={}))
        return RemoteWriter(
            ingest=ingest,
            uuids=ingest.checkpoint.tables(),
            lake_name=lake.name,
            catalog_name=lake.catalog.name,
            catalog=dict(lake.catalog.properties),
        )

    def __call__(self, df: DataFrame, batch_id: int) -> None:
        """Write one batch of Kafka records, as Spark reads them."""
        try:
            if self._writer is None:
                self._writer = self._opened(df)
            self._writer(df, batch_id)
        except LakehouseError:
            raise
        except Exception as error:
            # Only the text of it comes to where the stream was started.
            raise stopped(self.ingest, error) from error

    def _opened(self, df: DataFrame) -> BatchWriter:
        checkpoint = self.ingest.checkpoint
        if checkpoint.tables() != self.uuids:
            raise StreamError(
                f"the server of Spark Connect does not see checkpoint {checkpoint.location} as it is here: it runs on "
                "another machine. Nothing was written. Put the checkpoint where both reach it, such as s3://…: "
                f'[streams."{self.ingest.spec.name}"] checkpoint'
            )
        lake = Lake(df.sparkSession, open_again(self.catalog_name, self.catalog), self.lake_name)
        return BatchWriter(lake=lake, ingest=self.ingest, on_batch=lambda _: None)


@dataclass(kw_only=True)
class RemoteBatches:
    """Counts the batches of a stream whose function runs elsewhere, by the stamps of what it commits."""

    lake: Lake
    ingest: Ingest
    on_batch: Callable[[BatchStamp], None]
    batches: int = 0
    records: int = 0
    _heads: dict[str, int | None] = field(default_factory=dict, init=False)
    _told: set[int] = field(default_factory=set, init=False)
    _last: int | None = field(default=None, init=False)

    def __post_init__(self) -> None:
        for spec in self.ingest.targets:
            head = self.lake.table(spec.name).current_snapshot()
            self._heads[spec.name] = head.snapshot_id if head else None

    def look(self, query: StreamingQuery | None = None) -> None:
        """Tell of what was committed since the last look. Cost: one request; metadata of the tables after a batch.

        Without a query, which has ended then, the tables are asked in any case.
        """
        if query is not None:
            progress = query.lastProgress
            if progress is None or progress["batchId"] == self._last:
                return
            self._last = progress["batchId"]
        for spec in self.ingest.targets:
            for stamp in self._new(spec.name):
                self._tell(stamp)

    def cause(self, error: Exception) -> LakehouseError:
        """Give what ended the query, of the error that Spark raised."""
        return told_by_server(error) or stopped(self.ingest, error)

    def _new(self, name: str) -> list[BatchStamp]:
        found, until = [], self._heads[name]
        for snapshot in ancestors(self.lake.table(name)):
            if snapshot.snapshot_id == until:
                break
            found.append(snapshot)
        if found:
            self._heads[name] = found[0].snapshot_id
        stamps = filter(None, map(BatchStamp.from_snapshot, reversed(found)))
        query_id = self.ingest.checkpoint.query_id()
        return [one for one in stamps if one.query_id == query_id and not one.replayed]

    def _tell(self, stamp: BatchStamp) -> None:
        if stamp.batch_id in self._told:
            return
        self._told.add(stamp.batch_id)
        self.batches += 1
        self.records += stamp.records
        self.on_batch(stamp)


def _python_of(ingest: Ingest) -> Iterator[tuple[str, Any]]:
    yield from ((spec.name, spec.schema) for spec in ingest.targets)
    yield from ((build.table.name, build.function) for build in ingest.merges)


def start(stream: DataStreamWriter) -> StreamingQuery:
    """Start a query; again, where the server has given up the process that would write its batches before it was up."""
    until = time.monotonic() + _START_SECONDS
    while True:
        try:
            return stream.start()
        except PySparkException as error:
            if _LATE not in str(error) or time.monotonic() > until:
                raise


def told_by_server(error: Exception) -> LakehouseError | None:
    """Give the library's own error that ended a function on the server; None where it was none.

    Of what was raised there only a text comes back: Python's traceback, somewhere in that of Java.
    """
    text = _JAVA.split(str(error))[0]
    if ours := list(_OURS.finditer(text)):
        return StreamError(text[ours[-1].end() :])
    if _LATE in text:
        return EngineError(
            "the Python of the Spark Connect server, which writes the batches of a stream, does not start within ten "
            f"seconds, for {_START_SECONDS} s. See the server's log; where it runs, set PYSPARK_PYTHON to one that has "
            "pyspark[connect]."
        )
    if absent := _ABSENT.search(text):
        return EngineError(
            f"the Python of the Spark Connect server has no module {absent['name']!r}, and the batches of a stream are "
            "written there. Install the same version of lakehouse, with the extras of your catalog, and your packages "
            "where the server runs (spark.pyspark.python, or PYTHONPATH)."
        )
    return None
