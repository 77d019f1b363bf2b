"""Avro messages whose schemas are in a registry."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from lakehouse.contract.columns import ColumnSpec
from lakehouse.errors import SourceError, StreamError
from lakehouse.sources.patience import BusyError
from lakehouse.sources.schema_registry import RegisteredSchema, SchemaRegistry
from lakehouse.transforms.avro_schema import AvroSchema, AvroSchemaError, parse_avro
from lakehouse.transforms.debezium import check_change, judged_change
from lakehouse.transforms.decode_avro import Known, decode_avro
from lakehouse.transforms.decoder import Decode
from lakehouse.transforms.wire_format import schema_id

log = logging.getLogger(__name__)

_LIMITS = "-Dorg.apache.avro.limits."
_WITHOUT_LIMITS = "a message of a few bad bytes can end the JVM; take the lines from spark-defaults.conf"
_MOST_IDS = 1_000
"""Ids of a batch that are looked at: a topic of garbage names millions, and its records become dead letters."""

UnknownSchema = Literal["wait", "dead_letter"]


@dataclass(kw_only=True)
class AvroDecoder:
    """The format of a topic of Avro messages, each with the id of its schema.

    Args:
        registry: Where the schemas are.
        subject: Its versions are fetched when the stream starts, so that a registry that is down later is not missed.
        unknown: Of an id that the registry does not have: ``wait`` until it has, or make a dead letter.
        debezium: They are changes as Debezium writes them.
    """

    registry: SchemaRegistry
    subject: str
    unknown: UnknownSchema = "wait"
    debezium: bool = False
    _warm: bool = field(default=False, repr=False)

    def check(self, payload: ColumnSpec) -> None:
        """Make sure that a payload can be read in this format."""
        if self.debezium:
            check_change(payload)

    def for_batch(self, df: DataFrame, *, wait: bool) -> Decode:
        """Fetch the schemas that Kafka records name. Cost: they are read once more, for their ids alone.

        Raises:
            StreamError: There was no answer of the registry, or no schema of an id, within the time to wait.
        """
        try:
            self._warm_up(df)
            return self._for_ids(_ids(df), wait=wait and self.unknown == "wait")
        except SourceError as error:
            raise StreamError(str(error)) from error

    def _warm_up(self, df: DataFrame) -> None:
        if self._warm:
            return
        for one in self.registry.ids(self.subject):
            self.registry.schema(one)
        conf = df.sparkSession.conf
        # What runs the tasks: on one machine it is the driver.
        where = "driver" if (conf.get("spark.master", None) or "").startswith("local") else "executor"
        if _LIMITS not in (conf.get(f"spark.{where}.extraJavaOptions", None) or ""):
            log.warning("spark.%s.extraJavaOptions has no %s…: %s", where, _LIMITS, _WITHOUT_LIMITS)
        self._warm = True

    def _for_ids(self, ids: frozenset[int], *, wait: bool) -> Decode:
        if wait:
            self.registry.patience.until_there(
                lambda: self._require(ids),
                what=f"the schema registry at {self.registry.url}",
                todo="Register the schema and start the stream again, or set unknown_schema = 'dead_letter': such "
                "records are then set aside, and replayed when their schema is there. Nothing is lost.",
            )
        return _OfBatch(known=_known(map(self.registry.schema, sorted(ids))), debezium=self.debezium)

    def _require(self, ids: frozenset[int]) -> None:
        missing = [one for one in sorted(ids) if self.registry.schema(one) is None]
        if missing:
            raise BusyError(f"no schema has the id {', '.join(map(str, missing[:10]))} that records name")


@dataclass(frozen=True, kw_only=True)
class _OfBatch:
    known: Known
    debezium: bool

    def __call__(self, df: DataFrame, payload: ColumnSpec, *, max_bytes: int) -> DataFrame:
        decoded = decode_avro(df, payload, self.known, max_bytes=max_bytes)
        return judged_change(decoded) if self.debezium else decoded


def _ids(df: DataFrame) -> frozenset[int]:
    named = df.select(schema_id(F.col("value")).alias("id")).where(F.col("id").isNotNull()).distinct()
    return frozenset(row["id"] for row in named.limit(_MOST_IDS).collect())


def _known(found: Iterable[RegisteredSchema | None]) -> Known:
    schemas: dict[int, AvroSchema] = {}
    unreadable: dict[int, str] = {}
    for one in found:
        if one is None:
            continue
        try:
            if one.kind != "AVRO":
                raise AvroSchemaError(f"it is a schema for {one.kind}, and the stream reads Avro")
            schemas[one.id] = parse_avro(one.text, one.references)
        except AvroSchemaError as error:
            unreadable[one.id] = str(error)
    return Known(schemas=schemas, unreadable=unreadable)
