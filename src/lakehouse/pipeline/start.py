"""Where a stream begins: after what its tables hold, with nothing left out that was not accepted."""

from __future__ import annotations

import dataclasses
import json

from lakehouse.catalog.append_once import append_once
from lakehouse.catalog.batch_stamp import BatchStamp, newest_stamp, stamp_batch
from lakehouse.catalog.data_loss import note_loss
from lakehouse.catalog.iceberg import Lake
from lakehouse.catalog.offsets import Offsets, Span, remainder
from lakehouse.catalog.watermark import newest_event
from lakehouse.contract.table import TableSpec
from lakehouse.errors import StreamError
from lakehouse.pipeline.checkpoint import Checkpoint, Position
from lakehouse.pipeline.ingest import Ingest
from lakehouse.pipeline.recovery import From, Recover, choices, differences, new_begin, other_tables
from lakehouse.sources.kafka import KafkaTopic
from lakehouse.sources.kafka_offsets import offsets_kept


def prepared(lake: Lake, ingest: Ingest, *, recover: Recover | None = None, accept_loss: bool = False) -> Ingest:
    """Give the stream with its beginning, or refuse to start it. Its tables are there.

    A checkpoint that was lost, copied or put back, a table that was rolled back or made anew, offsets that Kafka has
    dropped: none of it is mended in silence. Cost: metadata of the tables, the checkpoint, three requests to Kafka.

    Raises:
        StreamError: Checkpoint and tables do not continue each other, and ``recover`` does not say what to do; or
            records would be left out, and that is not accepted. What is missing stands in ``ops.data_loss``.
        SourceError: Kafka does not answer.
    """
    tables = {spec.name: lake.table(spec.name) for spec in ingest.targets}
    stamps = {name: newest_stamp(table) for name, table in tables.items()}
    uuids = {name: str(table.metadata.table_uuid) for name, table in tables.items()}
    checkpoint = ingest.checkpoint
    position, problems = _position(checkpoint)
    problems += other_tables(checkpoint.tables(), uuids)
    for name, stamp in stamps.items():
        problems += differences(name, stamp, position, ingest.topic)
    if problems and (recover is None or (recover.begin is From.CHECKPOINT and position is None)):
        raise StreamError("\n".join((*problems, f"The checkpoint is {checkpoint.location}.", choices(position))))
    begin, anew = _begin(ingest.topic, list(filter(None, stamps.values())), position, recover if problems else None)
    if begin is not None:
        kept = _after_what_kafka_dropped(ingest.topic, begin)
        lost = _left_out([stamps[spec.name] for spec in ingest.bronze], begin, kept)
        if lost:
            note_loss(lake, ingest.spec.name, lost, accepted=accept_loss)
            _require_accepted(ingest.spec.name, lost, accept_loss=accept_loss)
            for spec in ingest.targets:
                _stamp_loss(lake, spec, stamps[spec.name], kept)
        topic = dataclasses.replace(ingest.topic, starting_offsets=json.dumps(kept)) if anew or lost else ingest.topic
        ingest = dataclasses.replace(ingest, topic=topic)
        anew = anew or kept != begin
    if anew and checkpoint.exists():
        checkpoint.set_aside()
    checkpoint.pin(uuids)
    return ingest


def _position(checkpoint: Checkpoint) -> tuple[Position | None, list[str]]:
    """Give where a checkpoint goes on, or what is wrong with it: then it can only be set aside."""
    try:
        return checkpoint.position(), []
    except StreamError as error:
        return None, [str(error)]


def _begin(
    topic: KafkaTopic, stamps: list[BatchStamp], position: Position | None, recover: Recover | None
) -> tuple[Offsets | None, bool]:
    """Give the first offsets that are read, None where Kafka decides, and whether that needs a new checkpoint."""
    if recover is not None and recover.begin is not From.CHECKPOINT:
        return new_begin(stamps, topic, recover), True
    return (position.begin if position else None), False


def _after_what_kafka_dropped(topic: KafkaTopic, begin: Offsets) -> Offsets:
    """Give where Kafka can begin: at the wanted offsets, or at the first that it still has."""
    there = offsets_kept(topic)
    found: dict[str, dict[str, int]] = {}
    for name, parts in begin.items():
        for partition, offset in parts.items():
            first, next_ = there.get(name, {}).get(partition, (0, offset))
            if offset > next_:
                raise StreamError(
                    f"{name}-{partition} ends at offset {next_}, but {offset} was reached before: the topic was "
                    "deleted and made anew, and its offsets mean other records now. Stream it into a new table, or "
                    "give the new topic another name."
                )
            found.setdefault(name, {})[partition] = max(first, offset)
    return found


def _left_out(stamps: list[BatchStamp | None], begin: Offsets, kept: Offsets) -> tuple[Span, ...]:
    """Give what lies between the tables and the beginning, for the table that is the furthest behind."""
    lost = []
    for name, parts in kept.items():
        for partition, first in parts.items():
            wanted = begin[name][partition]
            held = [s.next_offsets.get(name, {}).get(partition, wanted) if s else wanted for s in stamps]
            if min((*held, wanted)) < first:
                lost.append(Span(topic=name, partition=partition, first=min((*held, wanted)), next=first))
    return tuple(lost)


def _stamp_loss(lake: Lake, spec: TableSpec, before: BatchStamp | None, begin: Offsets) -> None:
    """Let a table say that it goes on at ``begin`` and what it leaves out; one that has nothing begins there."""
    new = remainder(begin, begin, before.cumulative if before else {})
    if before is None or not new.gaps:
        return
    table = lake.table(spec.name)
    newest = newest_event(table) if spec.event_time else None
    stamp = stamp_batch(query_id=before.query_id, batch_id=before.batch_id, new=new, before=before, newest_event=newest)
    head = table.current_snapshot()
    append_once(lake, spec, None, since=head.snapshot_id if head else None, summary=stamp.summary())
    lake.refresh(spec.name)


def _require_accepted(name: str, lost: tuple[Span, ...], *, accept_loss: bool) -> None:
    if accept_loss:
        return
    count = sum(span.size for span in lost)
    raise StreamError(
        f"{name} would go on without {count:,} offsets: {', '.join(map(str, lost))}. Kafka has dropped them, or you "
        "asked to begin behind them. They are noted in ops.data_loss; start with --accept-loss to go on without them."
    )
