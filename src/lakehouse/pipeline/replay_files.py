"""Dead letters of files decoded once more, after a fix, and their good rows appended, each once."""

from __future__ import annotations

from collections.abc import Iterator
from functools import reduce

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from lakehouse.catalog.append_once import AppendConflictError, append_once
from lakehouse.catalog.file_ledger import file_stamps, stamp_file_replay
from lakehouse.catalog.iceberg import Lake
from lakehouse.contract.file_record import FILE_PLACE
from lakehouse.contract.table import TableSpec
from lakehouse.errors import ConfigError, SourceError
from lakehouse.pipeline.bronze_rows import to_bronze
from lakehouse.pipeline.replay import Chosen, Replayed, not_replayed
from lakehouse.sources.file_portions import CSV_DIALECT
from lakehouse.transforms.csv_dialect import CsvDialect
from lakehouse.transforms.decode_csv import CsvDecoder
from lakehouse.transforms.decoder import Decoder, JsonDecoder

_TRIES = 8


def replay_files(lake: Lake, spec: TableSpec, chosen: Chosen, *, max_bytes: int, dry_run: bool = False) -> Replayed:
    """Decode dead letters by the contract as it is now, and append those that are good now to their table.

    A dead letter stays as it is; one whose good row is in the table is not chosen again. It carries how its file was
    written, so the file need not be there. A file that could not be read at all is not replayed: take it once more.

    Raises:
        ConfigError: ``chosen`` cannot be read as SQL, or chooses by the instant of a message, which files have not.
        SourceError: Others write to the table without a pause.
    """
    if chosen.since is not None or chosen.until is not None:
        raise ConfigError("--since and --until are of Kafka's instants; choose with --where \"ingested_at >= '…'\"")
    for _ in range(_TRIES):
        lake.refresh(spec.name)
        table = lake.table(spec.name)
        head, before = table.current_snapshot(), next(file_stamps(table), None)
        if head is None or before is None:
            raise SourceError(f"{spec.name} has taken no file")
        decoded = _decoded(_waiting(lake, spec, chosen, head.snapshot_id), spec, max_bytes).persist()
        try:
            counts = {row["reason"]: row["count"] for row in decoded.groupBy("dead_letter.reason").count().collect()}
            good = counts.pop(None, 0)
            if good and not dry_run:
                # Spark knows that what is left never has a version null, and Iceberg would write a field.
                nothing = F.lit(None).cast(spec.column("dead_letter").type)
                rows = decoded.where("dead_letter IS NULL").withColumn("dead_letter", nothing)
                append_once(lake, spec, rows, since=head.snapshot_id, summary=stamp_file_replay(before).summary())
                lake.refresh(spec.name)
        except AppendConflictError:
            continue
        finally:
            decoded.unpersist()
        return Replayed(chosen=good + sum(counts.values()), added=good, still_dead=counts)
    raise SourceError(f"{spec.name} is written to by others without a pause: {_TRIES} tries to append to it failed")


def _waiting(lake: Lake, spec: TableSpec, chosen: Chosen, snapshot_id: int) -> DataFrame:
    rows = lake.rows(spec, snapshot_id=snapshot_id)
    dead = rows.where(F.col("dead_letter.reason").isNotNull() & (F.col("line") > 0))
    dead = dead.select(*FILE_PLACE, "ingested_at", "dead_letter.*")
    return not_replayed(rows, dead, chosen, place=FILE_PLACE).select(*FILE_PLACE, "key", "value", "headers")


def _decoded(waiting: DataFrame, spec: TableSpec, max_bytes: int) -> DataFrame:
    written = F.get(F.filter("headers", lambda one: one["key"] == CSV_DIALECT), F.lit(0))["value"].cast("string")
    kept = waiting.withColumn("_written", written)
    ways = [row[0] for row in kept.select("_written").distinct().collect()]
    frames = [
        to_bronze(kept.where(F.col("_written").eqNullSafe(F.lit(way))), spec, max_bytes=max_bytes, decode=decode)
        for way, decode in zip(ways, (one.for_batch(waiting, wait=False) for one in _decoders(ways)), strict=True)
    ]
    return reduce(DataFrame.unionByName, frames or [to_bronze(waiting, spec, max_bytes=max_bytes)])


def _decoders(ways: list[str | None]) -> Iterator[Decoder]:
    for way in ways:
        yield JsonDecoder() if way is None else CsvDecoder(dialect=CsvDialect.from_json(way))
