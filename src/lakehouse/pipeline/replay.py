"""Dead letters decoded once more, after a fix, and their good rows appended, each once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from pyspark.errors import AnalysisException, ParseException
from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

from lakehouse.catalog.append_once import AppendConflictError, append_once
from lakehouse.catalog.batch_stamp import newest_stamp, stamp_replay
from lakehouse.catalog.iceberg import Lake
from lakehouse.catalog.offsets import Span
from lakehouse.catalog.watermark import newest_event
from lakehouse.contract.event_time import EVENT_TIME, LATE_BY
from lakehouse.contract.kafka_record import PLACE, KafkaRecord
from lakehouse.contract.table import TableSpec
from lakehouse.errors import ConfigError, StreamError
from lakehouse.pipeline.bronze_rows import to_bronze
from lakehouse.transforms.decoder import Decode, Decoder, JsonDecoder

_SPANS = 1_000
"""Spans of offsets that one commit names at most: they stand in the table's metadata."""
_TRIES = 8


@dataclass(frozen=True, kw_only=True)
class Chosen:
    """Which dead letters: by reason, by the instant of the Kafka record, and by SQL over their columns."""

    reasons: tuple[str, ...] = ()
    since: datetime | None = None
    until: datetime | None = None
    where: str | None = None


@dataclass(frozen=True, kw_only=True)
class Replayed:
    """What a replay did: dead letters that were chosen and not replayed before, rows that were added, and why the
    others still cannot be decoded, by reason."""

    chosen: int
    added: int
    still_dead: Mapping[str, int] = field(default_factory=dict)


def replay(
    lake: Lake,
    spec: TableSpec,
    chosen: Chosen,
    *,
    max_bytes: int,
    decoder: Decoder | None = None,
    dry_run: bool = False,
) -> Replayed:
    """Decode dead letters by contract and schemas as they are now, and append those that are good now to their table.

    ``decoder`` is that of their stream; without one they are JSON.

    A dead letter stays as it is; one whose good row is in the table is not chosen again. So it can be killed and
    started again, and run twice at once. Each commit lists the offsets that it replayed. Cost: the chosen dead letters
    are parsed, and of the good rows the places are read (topic, partition, offset). None is late: that was judged when
    it came, and whoever replays late ones wants them.

    Raises:
        ConfigError: ``chosen`` cannot be read as SQL, or the table has no dead letters.
        StreamError: No stream has written to the table.
    """
    if not issubclass(spec.schema, KafkaRecord):
        raise ConfigError(f"{spec.name} is not filled by a stream, so it has no dead letters")
    lake.refresh(spec.name)
    waiting = _waiting(lake, spec, chosen, snapshot_id=None)
    # Nothing is waited for: what the registry still does not know stays a dead letter.
    decode = (decoder or JsonDecoder()).for_batch(waiting, wait=False)
    decoded = to_bronze(waiting, spec, max_bytes=max_bytes, decode=decode).persist()
    try:
        counts = {row["reason"]: row["count"] for row in decoded.groupBy("dead_letter.reason").count().collect()}
        good = counts.pop(None, 0)
        if good and not dry_run:
            for part in _parts(decoded.where("dead_letter IS NULL")):
                _append(lake, spec, chosen, part, max_bytes=max_bytes, decode=decode)
            lake.refresh(spec.name)
    finally:
        decoded.unpersist()
    return Replayed(chosen=good + sum(counts.values()), added=good, still_dead=counts)


def _waiting(lake: Lake, spec: TableSpec, chosen: Chosen, *, snapshot_id: int | None) -> DataFrame:
    """Give the chosen dead letters whose good row is not in the table, in the form in which Kafka's records come."""
    rows = lake.rows(spec, snapshot_id=snapshot_id)
    timed = (EVENT_TIME, LATE_BY) if spec.event_time else ()
    dead = rows.where(F.col("dead_letter.reason").isNotNull()).select(
        *PLACE, "kafka_timestamp", "ingested_at", *timed, "dead_letter.*"
    )
    if chosen.since is not None:
        dead = dead.where(F.col("kafka_timestamp") >= F.lit(chosen.since))
    if chosen.until is not None:
        dead = dead.where(F.col("kafka_timestamp") < F.lit(chosen.until))
    left = not_replayed(rows, dead, chosen, place=PLACE)
    return left.select("key", "value", *PLACE, F.col("kafka_timestamp").alias("timestamp"), "headers")


def not_replayed(rows: DataFrame, dead: DataFrame, chosen: Chosen, *, place: Sequence[str]) -> DataFrame:
    """Leave of dead letters those of the chosen reasons and SQL whose good row is not among the rows of their table.

    Raises:
        ConfigError: What is chosen by cannot be read as SQL.
    """
    if chosen.reasons:
        dead = dead.where(F.col("reason").isin(*chosen.reasons))
    try:
        dead = dead.where(chosen.where) if chosen.where else dead
        _ = dead.columns
    except (AnalysisException, ParseException) as error:
        raise ConfigError(f"--where {chosen.where!r}: {str(error).splitlines()[0]}") from error
    good = rows.where(F.col("dead_letter.reason").isNull()).select(*place)
    # The few places of dead letters go to the many good rows, not the other way.
    done = good.join(F.broadcast(dead.select(*place)), list(place), "left_semi")
    return dead.join(F.broadcast(done), list(place), "left_anti")


def _parts(good: DataFrame) -> Iterator[tuple[Span, ...]]:
    """Give the offsets of rows as spans, so many at a time as a commit may name."""
    in_order = Window.partitionBy("topic", "partition").orderBy("offset")
    islands = good.select(*PLACE, (F.col("offset") - F.row_number().over(in_order)).alias("island"))
    spans = islands.groupBy("topic", "partition", "island").agg(
        F.min("offset").alias("first"), (F.max("offset") + 1).alias("next")
    )
    part: list[Span] = []
    for row in spans.orderBy("topic", "partition", "first").toLocalIterator():
        if len(part) == _SPANS:
            yield tuple(part)
            part = []
        part.append(Span(topic=row["topic"], partition=str(row["partition"]), first=row["first"], next=row["next"]))
    if part:
        yield tuple(part)


def _append(
    lake: Lake, spec: TableSpec, chosen: Chosen, part: tuple[Span, ...], *, max_bytes: int, decode: Decode
) -> None:
    for _ in range(_TRIES):
        table = lake.table(spec.name)
        lake.refresh(spec.name)
        head, before = table.current_snapshot(), newest_stamp(table)
        if head is None or before is None:
            raise StreamError(f"{spec.name} has no commit of a stream")
        # Looked up at the snapshot that the commit is made on: another replay may have come first.
        waiting = _waiting(lake, spec, chosen, snapshot_id=head.snapshot_id)
        rows = to_bronze(_in_part(waiting, part), spec, max_bytes=max_bytes, decode=decode)
        # Spark knows that what is left never has a version null, and Iceberg would write a field that must be there.
        nothing = F.lit(None).cast(spec.column("dead_letter").type)
        rows = rows.where("dead_letter IS NULL").withColumn("dead_letter", nothing)
        newest = newest_event(table) if spec.event_time else None
        summary = stamp_replay(before, part, newest_event=newest).summary()
        try:
            if not rows.isEmpty():
                append_once(lake, spec, rows, since=head.snapshot_id, summary=summary)
        except AppendConflictError:
            continue
        return
    raise StreamError(f"{spec.name} is written to by others without a pause: {_TRIES} tries to append to it failed")


def _in_part(waiting: DataFrame, part: tuple[Span, ...]) -> DataFrame:
    places = [(one.topic, int(one.partition), one.first, one.next) for one in part]
    spans = waiting.sparkSession.createDataFrame(
        places, "s_topic string, s_partition int, s_first bigint, s_next bigint"
    )
    inside = (
        (F.col("topic") == F.col("s_topic"))
        & (F.col("partition") == F.col("s_partition"))
        & (F.col("offset") >= F.col("s_first"))
        & (F.col("offset") < F.col("s_next"))
    )
    return waiting.join(F.broadcast(spans), inside, "left_semi")
