"""``ops.schema_drift``: fields that messages have and the contract does not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Annotated

from pyiceberg.table import Table
from pyspark.sql.types import LongType, StringType, TimestampType

from lakehouse.catalog.iceberg import Lake
from lakehouse.catalog.log_table import Rows, add_to_log
from lakehouse.contract.marks import doc, required
from lakehouse.contract.schema import Column, Schema
from lakehouse.contract.table import spec_of, table

_AGAIN = timedelta(days=1)


@table("ops.schema_drift", external=True)
class SchemaDrift(Schema):
    """One row per undeclared field and day on which a stream saw it. Never a value: it may be anybody's."""

    table_name: Annotated[Column[StringType], required, doc("Bronze table of the stream")]
    topic: Annotated[Column[StringType], required, doc("Kafka topic")]
    field: Annotated[Column[StringType], required, doc("Dotted name in the message; [] is each of an array")]
    found_type: Annotated[Column[StringType], doc("What was found: object, array, string, number, boolean, null")]
    messages: Annotated[Column[LongType], required, doc("Messages of the sample that have it")]
    sampled: Annotated[Column[LongType], required, doc("Messages of the sample")]
    found_at: Annotated[Column[TimestampType], required, doc("Instant of the batch that was sampled", unit="UTC")]


@dataclass(frozen=True, kw_only=True)
class Drift:
    """A field that no contract declares, and how often a sample has it."""

    field: str
    found_type: str
    messages: int
    sampled: int


def note_drift(lake: Lake, name: str, topic: str, found: Sequence[Drift]) -> None:
    """Write undeclared fields; one that was written within a day is left out.

    Cost: the table's rows of ``name`` of a day are read, and one small append.
    """
    instant = datetime.now(UTC)

    def new_rows(target: Table) -> Rows:
        recent = f"table_name == '{name}' and found_at >= '{(instant - _AGAIN).isoformat()}'"
        known = target.scan(row_filter=recent, selected_fields=("topic", "field")).to_arrow().to_pylist()
        there = {(row["topic"], row["field"]) for row in known}
        return [
            {
                "table_name": name, "topic": topic, "field": one.field, "found_type": one.found_type,
                "messages": one.messages, "sampled": one.sampled, "found_at": instant,
            }
            for one in found
            if (topic, one.field) not in there
        ]  # fmt: skip

    add_to_log(lake, spec_of(SchemaDrift), new_rows)
