"""``ops.data_loss``: offsets that no table holds and Kafka, or whoever started the stream, will not give any more."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated

from pyiceberg.table import Table
from pyspark.sql.types import BooleanType, IntegerType, LongType, StringType, TimestampType

from lakehouse.catalog.iceberg import Lake
from lakehouse.catalog.log_table import Rows, add_to_log
from lakehouse.catalog.offsets import Span
from lakehouse.contract.marks import doc, required
from lakehouse.contract.schema import Column, Schema
from lakehouse.contract.table import spec_of, table


@table("ops.data_loss", external=True)
class DataLoss(Schema):
    """One row per range of offsets and start of a stream that found it missing."""

    table_name: Annotated[Column[StringType], required, doc("Table that does not hold them")]
    topic: Annotated[Column[StringType], required, doc("Kafka topic")]
    partition: Annotated[Column[IntegerType], required, doc("Kafka partition")]
    first_offset: Annotated[Column[LongType], required, doc("First offset that is missing")]
    next_offset: Annotated[Column[LongType], required, doc("First offset after them")]
    found_at: Annotated[Column[TimestampType], required, doc("Instant of the start that found it", unit="UTC")]
    accepted: Annotated[Column[BooleanType], required, doc("Whether the stream went on without them")]


def note_loss(lake: Lake, name: str, spans: Sequence[Span], *, accepted: bool) -> None:
    """Write what is missing; a range that was noted before is written again only when it is accepted now.

    Cost: the table's rows of ``name`` are read, and one small append.
    """
    instant = datetime.now(UTC)

    def new_rows(target: Table) -> Rows:
        known = target.scan(row_filter=f"table_name == '{name}'").to_arrow().to_pylist()
        there = {(r["topic"], r["partition"], r["first_offset"], r["next_offset"], r["accepted"]) for r in known}
        return [
            {
                "table_name": name, "topic": one.topic, "partition": int(one.partition), "first_offset": one.first,
                "next_offset": one.next, "found_at": instant, "accepted": accepted,
            }
            for one in spans
            if (one.topic, int(one.partition), one.first, one.next, accepted) not in there
        ]  # fmt: skip

    add_to_log(lake, spec_of(DataLoss), new_rows)
