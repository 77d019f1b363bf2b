"""What a source would give a table, before anything is written: how it is written, a sample, and what is rejected."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pyspark.sql import functions as F

from lakehouse.catalog.file_ledger import Held, read_held
from lakehouse.catalog.iceberg import Lake
from lakehouse.catalog.schema_drift import Drift
from lakehouse.contract.kafka_record import PAYLOAD
from lakehouse.contract.table import TableSpec
from lakehouse.pipeline.persisted import persisted
from lakehouse.pipeline.take import payload_of, rows_of, undeclared_of
from lakehouse.sources.protocol import LeftOut, Source, Unreadable

_SAMPLES, _REJECTED = 5, 20


@dataclass(frozen=True, kw_only=True)
class Rejected:
    """A record that would be a dead letter."""

    source: str
    line: int
    reason: str
    detail: str


@dataclass(frozen=True, kw_only=True)
class PreviewPortion:
    """Files that are written alike: how many, their records, how they are written, fields that are left out."""

    files: int
    records: int
    first: str
    notes: Sequence[str]
    undeclared: Sequence[Drift]


@dataclass(frozen=True, kw_only=True)
class Preview:
    """The next batch of a source as a table would take it.

    ``counts`` are its rows by reason of a dead letter, those of good rows under an empty text; ``samples`` are good
    rows as JSON.
    """

    table: str
    columns: Mapping[str, str]
    portions: Sequence[PreviewPortion] = ()
    counts: Mapping[str, int]
    samples: Sequence[str] = ()
    rejected: Sequence[Rejected] = ()
    unreadable: Sequence[Unreadable] = ()
    left_out: Sequence[LeftOut] = ()


def preview(lake: Lake, spec: TableSpec, source: Source, *, max_record_bytes: int) -> Preview:
    """Decode the first batch that a table would take, and write nothing. Cost: one pass over its files.

    Raises:
        ContractError: The table is none for files.
        SourceError: The source cannot be read.
    """
    payload = payload_of(spec)
    held = read_held(lake.catalog, spec.name) if lake.find(spec.name) else Held()
    batch = next(iter(source.batches(lake.spark, payload, held)), None)
    columns = {field.name: field.type.simpleString() for field in payload.fields}
    if batch is None:
        return Preview(table=spec.name, columns=columns, counts={}, left_out=tuple(source.left_out))
    portions = [
        PreviewPortion(
            files=len(one.pieces),
            records=sum(one.counts.values()),
            first=one.pieces[0].source,
            notes=tuple(one.notes),
            undeclared=tuple(undeclared_of(one, payload)),
        )
        for one in batch.portions
    ]
    with persisted(rows_of(lake, spec, batch, max_bytes=max_record_bytes)) as rows:
        dead = F.col("dead_letter.reason")
        counted = rows.groupBy(F.coalesce(dead, F.lit("")).alias("reason")).count().collect()
        good = rows.where(dead.isNull()).select(F.to_json(PAYLOAD)).limit(_SAMPLES).collect()
        places = ("source", "line", "dead_letter.reason", "dead_letter.detail")
        bad = rows.where(dead.isNotNull()).orderBy("source", "line").select(*places).limit(_REJECTED).collect()
    return Preview(
        table=spec.name,
        columns=columns,
        portions=portions,
        counts=Counter({row["reason"]: row["count"] for row in counted}),
        samples=[row[0] for row in good],
        rejected=[Rejected(source=one[0], line=one[1], reason=one[2], detail=one[3] or "") for one in bad],
        unreadable=tuple(batch.unreadable),
        left_out=tuple(source.left_out),
    )
