"""A source into a bronze table: one commit per batch, each piece once, whatever happened before."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import reduce

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from lakehouse.catalog.append_once import AppendConflictError, append_once
from lakehouse.catalog.file_ledger import FileStamp, Held, TakenFile, file_stamps, plan_batch, read_held, stamp_files
from lakehouse.catalog.iceberg import Lake
from lakehouse.catalog.schema_drift import Drift, note_drift
from lakehouse.contract.columns import ColumnSpec
from lakehouse.contract.file_record import FileRecord
from lakehouse.contract.kafka_record import PAYLOAD
from lakehouse.contract.table import TableSpec
from lakehouse.errors import ContractError, LakehouseError, SourceError
from lakehouse.pipeline.bronze_rows import to_bronze
from lakehouse.pipeline.spark_errors import root_cause
from lakehouse.sources.protocol import RECORD, LeftOut, Portion, Source, SourceBatch, Unreadable
from lakehouse.transforms.decoder import JsonDecoder
from lakehouse.transforms.undeclared import undeclared

_TRIES = 8
_SAMPLE = 200
_LONGEST = 65_536


@dataclass(frozen=True, kw_only=True)
class Took:
    """What was taken: pieces, records of them, pieces that were set aside as a whole, and what was left out and why."""

    pieces: int = 0
    records: int = 0
    unreadable: Sequence[Unreadable] = ()
    left_out: Sequence[LeftOut] = ()


@dataclass(kw_only=True)
class _Done:
    pieces: int = 0
    records: int = 0
    unreadable: list[Unreadable] = field(default_factory=list)


def payload_of(spec: TableSpec) -> ColumnSpec:
    """Give the column that a source fills.

    Raises:
        ContractError: The table is none for files.
    """
    if not issubclass(spec.schema, FileRecord) or PAYLOAD not in spec.struct.names:
        raise ContractError(
            f"{spec.name} cannot be filled from files: its class must be a FileRecord with a column "
            f"{PAYLOAD}: Column[StructType[TheRecord]]"
        )
    return spec.column(PAYLOAD)


def take(
    lake: Lake,
    spec: TableSpec,
    source: Source,
    *,
    max_record_bytes: int,
    on_batch: Callable[[FileStamp], None] = lambda _: None,
) -> Took:
    """Take from a source what a table does not hold, until there is no more.

    It can be killed anywhere and started again: what is in a commit is not taken once more, and what is in none is. A
    commit is refused, and the table asked again, when someone else has added rows in between.

    Args:
        max_record_bytes: Longer records become dead letters.
        on_batch: Called after each commit.

    Raises:
        ContractError: The table is none for files.
        SourceError: The source cannot be read, or others write to the table without a pause.
        SchemaMismatchError: The table that exists does not fit the contract.
    """
    payload = payload_of(spec)
    lake.ensure(spec)
    done, failed = _Done(), 0
    while failed < _TRIES:
        held = read_held(lake.catalog, spec.name)
        try:
            for batch in source.batches(lake.spark, payload, held):
                stamp = _commit(lake, spec, source, batch, held, max_bytes=max_record_bytes)
                failed = 0
                _count(done, batch, stamp)
                on_batch(stamp)
                _note_undeclared(lake, spec, source, batch)
                held = _after(lake, spec, stamp)
        except AppendConflictError:
            lake.refresh(spec.name)
            failed += 1
            continue
        return Took(
            pieces=done.pieces, records=done.records, unreadable=done.unreadable, left_out=tuple(source.left_out)
        )
    raise SourceError(f"{spec.name} is written to by others without a pause: {_TRIES} tries to append to it failed")


def rows_of(lake: Lake, spec: TableSpec, batch: SourceBatch, *, max_bytes: int) -> DataFrame:
    """Give the rows that a batch becomes: a row per record, good or a dead letter, and one per unreadable piece."""
    frames = [
        to_bronze(one.records, spec, max_bytes=max_bytes, decode=one.decoder.for_batch(one.records, wait=True))
        for one in batch.portions
    ]
    if batch.unreadable:
        bad = [
            (one.piece.source, one.piece.version, 0, None, None, None, one.reason.value, one.detail)
            for one in batch.unreadable
        ]
        whole = lake.spark.createDataFrame(bad, f"{RECORD}, reason string, detail string")
        frames.append(to_bronze(whole, spec, max_bytes=max_bytes, decode=_as_judged))
    return reduce(DataFrame.unionByName, frames)


def _as_judged(df: DataFrame, payload: ColumnSpec, *, max_bytes: int) -> DataFrame:
    del max_bytes
    nothing = {payload.name: F.lit(None).cast(payload.type), "schema_id": F.lit(None).cast("int")}
    return df.withColumns(nothing)


def _commit(
    lake: Lake, spec: TableSpec, source: Source, batch: SourceBatch, held: Held, *, max_bytes: int
) -> FileStamp:
    files = _files(batch)
    stamp = stamp_files(files, held.stamp, cursors={source.name: batch.cursor} if batch.cursor else None)
    plan_batch(lake, spec.name, stamp.batch, held.stamp, files)
    rows = rows_of(lake, spec, batch, max_bytes=max_bytes) if stamp.records else None
    try:
        append_once(lake, spec, rows, since=held.snapshot_id, summary=stamp.summary())
    except (AppendConflictError, LakehouseError):
        raise
    except Exception as error:
        raise SourceError(
            f"{stamp.files:,} files were not taken into {spec.name}: {root_cause(error)}\n"
            "What was committed before is safe; mend the cause and start it again, it takes what is not there yet."
        ) from error
    lake.refresh(spec.name)
    return stamp


def _files(batch: SourceBatch) -> list[TakenFile]:
    return [
        *(one.taken(part.counts[one.source]) for part in batch.portions for one in part.pieces),
        *(one.piece.taken(1, one.detail or one.reason) for one in batch.unreadable),
    ]


def _after(lake: Lake, spec: TableSpec, stamp: FileStamp) -> Held:
    """Give the table after a commit; what it held before is known to the source already."""
    table = lake.table(spec.name)
    head, newest = table.current_snapshot(), next(file_stamps(table), None)
    if head is None or newest is None or newest.batch != stamp.batch:
        raise AppendConflictError(f"{spec.name} has taken other files since")
    return Held(snapshot_id=head.snapshot_id, stamp=newest)


def _count(done: _Done, batch: SourceBatch, stamp: FileStamp) -> None:
    done.pieces += stamp.files
    done.records += stamp.records
    done.unreadable.extend(batch.unreadable)


def _note_undeclared(lake: Lake, spec: TableSpec, source: Source, batch: SourceBatch) -> None:
    for part in batch.portions:
        found = undeclared_of(part, spec.column(PAYLOAD))
        if found:
            note_drift(lake, spec.name, source.name, found)


def undeclared_of(part: Portion, payload: ColumnSpec) -> list[Drift]:
    """Give the fields of a portion that the contract does not have: of JSON, those of a sample of it."""
    records = sum(part.counts.values())
    found = [Drift(field=n, found_type=kind, messages=records, sampled=records) for n, kind in part.undeclared.items()]
    if records and isinstance(part.decoder, JsonDecoder):
        values = [one for one in part.sample if len(one) <= _LONGEST] or _sampled(part)
        found += [
            Drift(field=name, found_type=kind, messages=count, sampled=len(values))
            for name, (count, kind) in undeclared(values, [payload.type]).items()
        ]
    return found


def _sampled(part: Portion) -> list[bytes]:
    short = part.records.where(F.octet_length("value").between(1, _LONGEST)).select("value")
    return [bytes(row["value"]) for row in short.limit(_SAMPLE).collect()]
