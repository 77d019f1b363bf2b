"""The stream into a table, as the settings describe it."""

from __future__ import annotations

import os

from lakehouse.catalog.connect import pyiceberg_properties
from lakehouse.cli.local import broker_address
from lakehouse.config import Settings
from lakehouse.config.paths import local_path
from lakehouse.config.settings import StreamSettings
from lakehouse.contract.build import BuildSpec
from lakehouse.errors import ConfigError
from lakehouse.pipeline.avro_decoder import AvroDecoder
from lakehouse.pipeline.checkpoint import Checkpoint
from lakehouse.pipeline.graph import Graph, discover
from lakehouse.pipeline.ingest import Ingest, Route
from lakehouse.sources.kafka import KafkaTopic
from lakehouse.sources.patience import Patience
from lakehouse.sources.schema_registry import SchemaRegistry
from lakehouse.transforms.decoder import Decoder, JsonDecoder


def ingest_of(settings: Settings, table: str) -> Ingest:
    """Put together what the settings say of the stream into a table.

    Raises:
        ConfigError: They say nothing of it, name no broker, or name a table that no package has.
        ContractError: A table cannot be filled by a stream.
    """
    if settings.environment:
        what = f"streams fill production's tables, which the environment {settings.environment} only reads"
        raise ConfigError(f"{what}; leave --env out")
    graph = discover(settings.packages)
    spec = graph.table(table)
    if spec.name not in settings.streams:
        known = ", ".join(settings.streams) or "none"
        raise ConfigError(
            f'no stream fills {spec.name}; [streams] has {known}. Add:\n[streams."{spec.name}"]\ntopic = "…"'
        )
    found = settings.streams[spec.name]
    topic = KafkaTopic(
        bootstrap_servers=broker_address(settings),
        topic=found.topic,
        pattern=found.topic_pattern,
        starting_offsets=found.starting_offsets,
        max_offsets_per_trigger=found.max_offsets_per_trigger,
        options=settings.kafka.resolved_options(os.environ),
    )
    location = local_path(found.checkpoint or f".lake/checkpoints/{spec.name}")
    return Ingest(
        spec=spec,
        topic=topic,
        checkpoint=Checkpoint(location, pyiceberg_properties(settings)),
        max_record_bytes=found.max_record_bytes,
        routes=tuple(Route(spec=graph.table(name), where=where) for name, where in found.routes.items()),
        merges=tuple(_build(graph, name) for name in found.merges),
        decoder=_decoder(settings, found),
        drift_sample=0 if found.format == "avro" else found.drift_sample,
    )


def _decoder(settings: Settings, stream: StreamSettings) -> Decoder:
    debezium = stream.envelope == "debezium"
    if stream.format != "avro":
        return JsonDecoder(prefixed=stream.format == "json-schema", debezium=debezium)
    where = settings.registry
    # Read each time that it is needed: a token in a file is replaced while the stream runs.
    authorization = (lambda: where.authorization(os.environ)) if where.auth else None
    registry = SchemaRegistry(
        url=where.url,
        authorization=authorization,
        patience=Patience(wait_seconds=where.wait_seconds, setting="registry.wait_seconds"),
    )
    subject = stream.subject or f"{stream.topic}-value"
    return AvroDecoder(registry=registry, subject=subject, unknown=stream.unknown_schema, debezium=debezium)


def _build(graph: Graph, name: str) -> BuildSpec:
    (found,) = graph.select([name])
    return found
