"""A topic, a bronze table and a checkpoint of its own for each test."""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any

import confluent_kafka
import pytest
from pyspark.sql.types import LongType, StringType

from lakehouse import Column, KafkaRecord, Schema, StructType, doc, required, table
from lakehouse.catalog.iceberg import Lake, dead_letter_counts
from lakehouse.contract.table import TableSpec, spec_of
from lakehouse.local.broker import Broker
from lakehouse.pipeline.checkpoint import Checkpoint
from lakehouse.pipeline.ingest import Ingest
from lakehouse.pipeline.recovery import Recover
from lakehouse.pipeline.stream import StreamResult, run_stream
from lakehouse.sources.kafka import KafkaTopic
from lakehouse.sources.topics import ensure_topic


class Reading(Schema):
    """A sensor speaks."""

    sensor: Annotated[Column[StringType], required, doc("Which")]
    value: Annotated[Column[LongType], doc("How much")]


class ReadingsRaw(KafkaRecord):
    """Readings as they arrive."""

    record: Annotated[Column[StructType[Reading]], doc("The message")]


@dataclass
class Bench:
    """A stream under test."""

    lake: Lake
    ingest: Ingest

    def send(self, *values: Any, partition: int = 0) -> None:
        """Produce values: bytes and None as they are, others as JSON."""
        address = self.ingest.topic.bootstrap_servers
        producer = confluent_kafka.Producer(
            {"bootstrap.servers": address, "message.max.bytes": 3_000_000, "log_level": 0}
        )
        for value in values:
            data = value if isinstance(value, bytes | None) else json.dumps(value).encode()
            producer.produce(self.ingest.topic.topic, data, key=b"k", partition=partition)
        assert producer.flush(30) == 0

    def run(self, *, recover: str | None = None, accept_loss: bool = False) -> StreamResult:
        """Stream until caught up."""
        how = Recover.parse(recover) if recover else None
        return run_stream(self.lake, self.ingest, recover=how, accept_loss=accept_loss)

    def counts(self) -> dict[str | None, int]:
        """Rows by dead-letter reason; good ones under None."""
        return dead_letter_counts(self.lake.table(self.ingest.spec.name))

    def values(self) -> list[int]:
        """The values of the good rows."""
        return sorted(row[0] for row in self.lake.read(self.ingest.spec.schema).select("record.value").collect())

    def with_checkpoint(self, location: Path) -> Bench:
        """The same topic and table with another checkpoint."""
        return Bench(self.lake, replace(self.ingest, checkpoint=Checkpoint(str(location))))


def fresh_spec(unique: str) -> TableSpec:
    """A bronze table that no other test uses."""
    raw = type("Fresh", (ReadingsRaw,), {"__annotations__": {}, "__doc__": "Readings as they arrive."})
    return spec_of(table(f"bronze.{unique}", partitioned_by=("dead_letter.reason",))(raw))


def new_bench(lake: Lake, kafka: Broker, name: str, folder: Path) -> Bench:
    """Give a new topic with two partitions, a new table, a new checkpoint."""
    ensure_topic(kafka.bootstrap_servers, name, partitions=2, config={"max.message.bytes": "3000000"})
    ingest = Ingest(
        spec=fresh_spec(name),
        topic=KafkaTopic(bootstrap_servers=kafka.bootstrap_servers, topic=name),
        checkpoint=Checkpoint(str(folder / "checkpoint")),
        max_record_bytes=1_000_000,
    )
    return Bench(lake, ingest)


@pytest.fixture
def bench(lake: Lake, kafka: Broker, unique: str, tmp_path: Path) -> Bench:
    """A stream of its own for a test: topic and table have its name."""
    return new_bench(lake, kafka, unique, tmp_path)


@pytest.fixture(scope="module")
def shared_bench(lake: Lake, kafka: Broker, tmp_path_factory: pytest.TempPathFactory) -> Bench:
    """A stream for the tests of a module that only look at what it has written."""
    return new_bench(lake, kafka, f"t{uuid.uuid4().hex[:10]}", tmp_path_factory.mktemp("stream"))
