"""The bronze stream against the barest query of the same columns, on the same topic in the same session."""

from __future__ import annotations

import dataclasses
import shutil
import tempfile
from pathlib import Path

from benchmarks.measure import interleave, medians, peak_memory_mib
from benchmarks.reference.stream_to_table import stream_to_table
from benchmarks.result import Result
from lakehouse.catalog.connect import open_lake
from lakehouse.config import Settings
from lakehouse.contract.kafka_record import PAYLOAD
from lakehouse.contract.table import TableSpec, spec_of
from lakehouse.domains.users.bronze import UsersRaw
from lakehouse.engines.jars import resolve_jars
from lakehouse.local.broker import broker
from lakehouse.local.produce import produce_once
from lakehouse.pipeline.checkpoint import Checkpoint
from lakehouse.pipeline.ingest import Ingest
from lakehouse.pipeline.stream import run_stream
from lakehouse.session import make_session
from lakehouse.sources.kafka import KafkaTopic
from lakehouse.sources.topics import ensure_topic, topic_size

COUNTS = {"small": 200_000, "full": 1_000_000}
REPEATS = {"small": 3, "full": 5}


def run(size: str) -> list[Result]:
    """Stream the sample with both, in turn, each run into a new table with a new checkpoint."""
    folder = Path(tempfile.mkdtemp(prefix="lakehouse-bench-"))
    settings = Settings.model_validate(
        {
            "catalog": {"uri": f"sqlite:///{folder}/catalog.db", "warehouse": f"{folder}/warehouse"},
            "session": {"master": "local[2]", "driver_memory": "2g"},
        }
    )
    lake = open_lake(settings, make_session(settings))
    lake.spark.sql("CREATE NAMESPACE IF NOT EXISTS bronze")
    try:
        with broker(folder / "kafka", resolve_jars("kafka", folder=Path(settings.local.jars))) as kafka:
            servers = kafka.bootstrap_servers
            ensure_topic(servers, "users")
            produce_once(seed=7, count=COUNTS[size], bootstrap_servers=servers, topic="users")
            records = topic_size(servers, "users")

            def ours(number: int) -> None:
                checkpoint = Checkpoint(f"{folder}/ours-{number}")
                topic = KafkaTopic(bootstrap_servers=servers, topic="users")
                spec = _renamed(f"bronze.ours_{number}")
                ingest = Ingest(spec=spec, topic=topic, checkpoint=checkpoint, max_record_bytes=1_000_000)
                run_stream(lake, ingest)

            def barest(number: int) -> None:
                payload = spec_of(UsersRaw).column(PAYLOAD).type
                stream_to_table(
                    lake.spark,
                    bootstrap_servers=servers,
                    topic="users",
                    payload=payload,  # type: ignore[arg-type]
                    table=f"bronze.barest_{number}",
                    checkpoint=f"{folder}/barest-{number}",
                )

            timings = interleave({"barest": barest, "ours": ours}, repeats=REPEATS[size])
    finally:
        lake.spark.stop()
        shutil.rmtree(folder, ignore_errors=True)
    mine, reference = medians(timings["ours"]), medians(timings["barest"])
    return [
        Result(
            name="stream users_raw",
            value=round(records / mine.wall),
            unit="rows/s",
            reference="readStream … from_json … toTable",
            reference_value=round(records / reference.wall),
            ratio=round(reference.cpu / mine.cpu, 3),
            repeats=REPEATS[size],
            cpu_seconds=round(mine.cpu, 1),
            reference_cpu_seconds=round(reference.cpu, 1),
            note=f"{records:,} records; ratio of CPU seconds; JVM peak {peak_memory_mib():.0f} MiB",
        )
    ]


def _renamed(name: str) -> TableSpec:
    return dataclasses.replace(spec_of(UsersRaw), name=name)
