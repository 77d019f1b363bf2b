"""What a stream reads, and the tables that it fills."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from lakehouse.contract.build import BuildSpec
from lakehouse.contract.kafka_record import PAYLOAD, KafkaRecord
from lakehouse.contract.table import TableSpec, spec_of
from lakehouse.errors import ContractError
from lakehouse.pipeline.checkpoint import Checkpoint
from lakehouse.pipeline.merge_newest import require_mergeable
from lakehouse.sources.kafka import KafkaTopic
from lakehouse.transforms.decoder import Decoder, JsonDecoder


@dataclass(frozen=True, kw_only=True)
class Route:
    """Records that go to a table of their own: a condition in SQL over the Kafka record as Spark reads it.

    Such as ``get_json_object(string(value), '$.type') = 'return'``, or over ``topic``, ``key``, ``headers``.
    """

    spec: TableSpec
    where: str


@dataclass(frozen=True, kw_only=True)
class Ingest:
    """A topic, the tables that it fills, and the checkpoint in between.

    Each record is in exactly one bronze table: that of the first route whose condition it meets, else ``spec``.

    Args:
        spec: The bronze table of all records that no route takes.
        topic: Where they come from.
        checkpoint: Of the streaming query.
        max_record_bytes: Longer values become dead letters.
        decoder: How a message becomes a record: the format of the topic.
        drift_sample: Messages of a batch that are looked at for fields that the contract does not have; 0 for none.
        routes: Further bronze tables.
        merges: Builds of one input, the bronze table: each batch's good rows go through them, and are merged into the
            tables that they make, by key.
    """

    spec: TableSpec
    topic: KafkaTopic
    checkpoint: Checkpoint
    max_record_bytes: int
    decoder: Decoder = field(default_factory=JsonDecoder)
    drift_sample: int = 0
    routes: tuple[Route, ...] = ()
    merges: tuple[BuildSpec, ...] = ()

    def __post_init__(self) -> None:
        for spec in self.bronze:
            if not issubclass(spec.schema, KafkaRecord) or PAYLOAD not in spec.struct.names:
                raise ContractError(
                    f"{spec.name} cannot be filled by a stream: its class must be a KafkaRecord with a column "
                    f"{PAYLOAD}: Column[StructType[TheMessage]]"
                )
            self.decoder.check(spec.column(PAYLOAD))
        for build in self.merges:
            require_mergeable(build.table)
            reads = [spec_of(schema).name for _, schema in build.inputs]
            if reads != [self.spec.name]:
                raise ContractError(
                    f"a stream into {self.spec.name} cannot merge into {build.table.name}: its build reads "
                    f"{', '.join(reads)}, and here it is given the new rows of {self.spec.name} alone"
                )

    @property
    def bronze(self) -> Sequence[TableSpec]:
        """The tables that together hold each record once."""
        return [self.spec, *(route.spec for route in self.routes)]

    @property
    def targets(self) -> Sequence[TableSpec]:
        """All tables that a batch writes to, in the order in which it does."""
        return [*self.bronze, *(build.table for build in self.merges)]
