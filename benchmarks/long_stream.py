"""A thousand batches, one after the other, with upkeep beside them: what a stream costs must not grow with its age."""

from __future__ import annotations

import dataclasses
import os
import statistics
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from benchmarks.measure import cpu_seconds
from benchmarks.result import Result
from benchmarks.sample_topic import sample_topic
from lakehouse.catalog.connect import open_lake
from lakehouse.catalog.iceberg import Lake
from lakehouse.contract.table import TableSpec, spec_of
from lakehouse.contract.upkeep import Upkeep
from lakehouse.domains.users.bronze import UsersRaw
from lakehouse.maintenance.maintain import maintain_table
from lakehouse.observe.batch_metrics import BatchMetrics
from lakehouse.pipeline.checkpoint import Checkpoint
from lakehouse.pipeline.ingest import Ingest
from lakehouse.pipeline.stream import run_stream
from lakehouse.session import make_session
from lakehouse.sources.kafka import KafkaTopic

BATCHES = {"small": 100, "full": 1_000}
_RECORDS = 100  # of a batch
_SNAPSHOTS = {"small": 10, "full": 100}  # kept by the upkeep
# Upkeep keeps what main was two hours ago: for it, that is before the stream began.
_LATER = timedelta(hours=3)


@dataclass(frozen=True, kw_only=True)
class Look:
    """The driver and the table at one batch, the heap after a collection [MiB], the metadata file [KiB]."""

    batch: int
    heap: float
    python: float
    metadata: float
    cpu: float


@dataclass(kw_only=True)
class Looker:
    """Notes how long each batch took; of every tenth part of them looks at driver and table, then does the upkeep."""

    lake: Lake
    spec: TableSpec
    every: int
    seconds: list[float] = field(default_factory=list)
    looks: list[Look] = field(default_factory=list)

    def show(self, batch: BatchMetrics) -> None:
        """Take the figures of one batch."""
        self.seconds.append(batch.write_seconds)
        if len(self.seconds) % self.every == 0:
            metadata = Path(self.lake.table(self.spec.name).metadata_location.removeprefix("file:"))
            runtime = self.lake.spark._jvm.java.lang.Runtime.getRuntime()  # type: ignore[union-attr]
            runtime.gc()
            self.looks.append(
                Look(
                    batch=len(self.seconds),
                    heap=(runtime.totalMemory() - runtime.freeMemory()) / 2**20,
                    python=_resident_mib(),
                    metadata=metadata.stat().st_size / 2**10,
                    cpu=cpu_seconds(),
                )
            )
            print(self.looks[-1], flush=True)
            maintain_table(self.lake, self.spec, now=datetime.now(UTC) + _LATER)


def run(size: str) -> list[Result]:
    """Stream the sample in small batches; each figure of the last tenth of them beside that of the second tenth."""
    batches = BATCHES[size]
    upkeep = Upkeep(keep_snapshots=_SNAPSHOTS[size], max_snapshots=_SNAPSHOTS[size])
    spec = dataclasses.replace(spec_of(UsersRaw), upkeep=upkeep)
    with sample_topic(batches * _RECORDS) as sample:
        lake = open_lake(sample.settings, make_session(sample.settings))
        topic = KafkaTopic(
            bootstrap_servers=sample.bootstrap_servers, topic=sample.topic, max_offsets_per_trigger=_RECORDS
        )
        ingest = Ingest(
            spec=spec, topic=topic, checkpoint=Checkpoint(f"{sample.folder}/long"), max_record_bytes=1_000_000
        )
        looker = Looker(lake=lake, spec=spec, every=batches // 10)
        try:
            run_stream(lake, ingest, metrics=[looker])
        finally:
            lake.spark.stop()
    return _results(looker, batches)


def _results(looker: Looker, batches: int) -> list[Result]:
    tenth, looks = looker.every, looker.looks
    early, late = looker.seconds[tenth : 2 * tenth], looker.seconds[-tenth:]
    cpu = {"cpu_seconds": looks[-1].cpu - looks[-2].cpu, "reference_cpu_seconds": looks[1].cpu - looks[0].cpu}
    p99 = statistics.quantiles(looker.seconds[tenth:], n=100)[98]
    whole = f"{batches:,} batches of {_RECORDS} records, upkeep after each {tenth}"

    def result(name: str, unit: str, value: float, reference: float, note: str) -> Result:
        return Result(
            name=name,
            value=round(value, 2),
            unit=unit,
            reference=f"in the second {tenth} batches",
            reference_value=round(reference, 2),
            ratio=round(reference / value, 2),
            repeats=1,
            note=f"{whole}; {note}",
            **{key: round(seconds, 1) for key, seconds in cpu.items()},
        )

    biggest, kept = max(look.metadata for look in looks), looker.spec.upkeep.max_snapshots
    return [
        result(
            "write and commit of a batch, median of the last",
            "s",
            statistics.median(late),
            statistics.median(early),
            f"of all but the first {tenth}: p50 {statistics.median(looker.seconds[tenth:]):.2f} s, p99 {p99:.2f} s",
        ),
        result("heap of the driver after a collection", "MiB", looks[-1].heap, looks[1].heap, "at the last batch"),
        result("resident memory of Python", "MiB", looks[-1].python, looks[1].python, "at the last batch"),
        result(
            "metadata.json",
            "KiB",
            biggest,
            looks[1].metadata,
            f"the largest; {kept} snapshots kept",
        ),
    ]


def _resident_mib() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20
