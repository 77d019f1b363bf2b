"""The bronze stream against the barest query of the same columns, on the same topic in the same session."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from benchmarks.measure import interleave, medians, peak_memory_mib
from benchmarks.peers import kafka_connect
from benchmarks.peers.connect_worker import worker_jars
from benchmarks.reference.stream_to_table import stream_to_table
from benchmarks.result import Result
from benchmarks.sample_topic import SampleTopic, sample_topic
from lakehouse.catalog.connect import open_lake
from lakehouse.catalog.iceberg import Lake
from lakehouse.contract.kafka_record import PAYLOAD
from lakehouse.contract.table import spec_of
from lakehouse.domains.users.bronze import UsersRaw
from lakehouse.errors import EngineError
from lakehouse.pipeline.checkpoint import Checkpoint
from lakehouse.pipeline.ingest import Ingest
from lakehouse.pipeline.stream import run_stream
from lakehouse.session import make_session
from lakehouse.sources.kafka import KafkaTopic

COUNTS = {"small": 200_000, "full": 1_000_000}
REPEATS = {"small": 3, "full": 5}
_SPEC = spec_of(UsersRaw)


def run(size: str) -> list[Result]:
    """Stream the sample with both, in turn, each run into a new table with a new checkpoint."""
    with sample_topic(COUNTS[size]) as sample, _lake(sample) as lake:
        candidates = {"barest": _barest(lake, sample), "ours": _ours(lake, sample)}
        timings = interleave(candidates, repeats=REPEATS[size])
    mine, reference = medians(timings["ours"]), medians(timings["barest"])
    return [
        Result(
            name="stream users_raw",
            value=round(sample.records / mine.wall),
            unit="rows/s",
            reference="readStream … from_json … toTable",
            reference_value=round(sample.records / reference.wall),
            ratio=round(reference.cpu / mine.cpu, 3),
            repeats=REPEATS[size],
            cpu_seconds=round(mine.cpu, 1),
            reference_cpu_seconds=round(reference.cpu, 1),
            note=f"{sample.records:,} records; ratio of CPU seconds; JVM peak {peak_memory_mib():.0f} MiB",
        )
    ]


def run_peers(size: str, ours: list[Result]) -> list[Result]:
    """Stream it once more, in turn with the Iceberg sink of Kafka Connect; nothing where its jars cannot be had."""
    try:
        jars = worker_jars()
    except EngineError as error:
        print(f"Kafka Connect is left out: {error}")
        return []
    with sample_topic(COUNTS[size]) as sample, _lake(sample) as lake:
        stream = _ours(lake, sample)
        return [kafka_connect.compare(ours[0], stream, jars=jars, sample=sample, spec=_SPEC)]


@contextmanager
def _lake(sample: SampleTopic) -> Iterator[Lake]:
    lake = open_lake(sample.settings, make_session(sample.settings))
    try:
        lake.spark.sql(f"CREATE NAMESPACE IF NOT EXISTS {_SPEC.namespace}")
        yield lake
    finally:
        lake.spark.stop()


def _ours(lake: Lake, sample: SampleTopic) -> Callable[[int], None]:
    def ours(number: int) -> None:
        checkpoint = Checkpoint(f"{sample.folder}/ours-{number}")
        topic = KafkaTopic(bootstrap_servers=sample.bootstrap_servers, topic=sample.topic)
        spec = dataclasses.replace(_SPEC, name=f"bronze.ours_{number}")
        ingest = Ingest(spec=spec, topic=topic, checkpoint=checkpoint, max_record_bytes=1_000_000)
        run_stream(lake, ingest)

    return ours


def _barest(lake: Lake, sample: SampleTopic) -> Callable[[int], None]:
    def barest(number: int) -> None:
        stream_to_table(
            lake.spark,
            bootstrap_servers=sample.bootstrap_servers,
            topic=sample.topic,
            payload=_SPEC.column(PAYLOAD).type,  # type: ignore[arg-type]
            table=f"bronze.barest_{number}",
            checkpoint=f"{sample.folder}/barest-{number}",
        )

    return barest
