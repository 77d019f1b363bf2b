"""``lakehouse dead-letters`` and ``lakehouse replay``: what could not become a row, and its way back."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated

import typer
from pyspark.sql import DataFrame
from pyspark.sql import functions as F
from rich.console import Console
from rich.table import Table
from rich.text import Text

from lakehouse.cli.ingest import ingest_of
from lakehouse.cli.options import AsJson, ConfigFile, Override, lake_of, settings_of
from lakehouse.cli.terminal import console
from lakehouse.contract.bronze_record import BronzeRecord
from lakehouse.contract.file_record import FileRecord
from lakehouse.contract.kafka_record import PLACE, DeadLetterReason
from lakehouse.contract.table import TableSpec
from lakehouse.errors import ConfigError
from lakehouse.observe.progress import Steps
from lakehouse.pipeline.graph import discover
from lakehouse.pipeline.replay import Chosen
from lakehouse.pipeline.replay import replay as replay_rows
from lakehouse.pipeline.replay_files import replay_files

TableName = Annotated[str, typer.Argument(help="A bronze table, such as bronze.users_raw.")]
Reasons = Annotated[
    list[DeadLetterReason] | None, typer.Option("--reason", help="Only of this reason. May be given several times.")
]


def dead_letters(
    table: TableName,
    config: ConfigFile = None,
    overrides: Override = None,
    reason: Reasons = None,
    limit: Annotated[int, typer.Option(help="At most so many samples.", min=0)] = 20,
    as_json: AsJson = False,
) -> None:
    """Count the records that could not become rows, by reason, and show some: where they are, why, how they begin.

    Examples:

        lakehouse dead-letters bronze.users_raw --reason wrong_type --limit 5
    """
    settings = settings_of(config, overrides)
    spec = discover(settings.packages).table(table)
    if not issubclass(spec.schema, BronzeRecord):
        raise ConfigError(f"{table} is filled neither by a stream nor from files, so it has no dead letters")
    lake = lake_of(settings)
    lake.table(table)
    df = lake.dead_letters(spec.schema)
    df = df.where(F.col("reason").isin(*(one.value for one in reason))) if reason else df
    counts, samples = _counts(df), _samples(df, spec, limit)
    if as_json:
        print(json.dumps({"counts": counts, "samples": samples}, indent=2, ensure_ascii=False))
        return
    if not counts:
        Console().print("no dead letters")
        return
    shown = Table("reason", box=None, pad_edge=False)
    shown.add_column("records", justify="right")
    for name, count in counts.items():
        shown.add_row(name, f"{count:,}")
    Console().print(shown)
    if samples:
        Console().print(_as_table(samples))


def replay(
    table: TableName,
    config: ConfigFile = None,
    overrides: Override = None,
    reason: Reasons = None,
    since: Annotated[
        datetime | None, typer.Option(help="Only records from this instant on (of Kafka, UTC).", show_default=False)
    ] = None,
    until: Annotated[
        datetime | None, typer.Option(help="Only records before this instant (of Kafka, UTC).", show_default=False)
    ] = None,
    where: Annotated[
        str | None,
        typer.Option(help="SQL over topic, partition, offset, kafka_timestamp, ingested_at, reason, detail …"),
    ] = None,
    max_record_bytes: Annotated[
        int, typer.Option(help="Of files: longer records stay dead letters; of a stream its settings say it.", min=1)
    ] = 1_000_000,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Decode and count only.")] = False,
    as_json: AsJson = False,
) -> None:
    """Decode dead letters once more by the contract as it is now; those that are good now become rows, once each.

    A record that was replayed is not replayed again. The dead letters stay, as a record of what came.

    Examples:

        lakehouse replay bronze.users_raw --reason wrong_type --dry-run

        lakehouse replay bronze.users_raw --where "partition = 2 AND offset >= 1000" --since 2026-11-20
    """
    settings = settings_of(config, overrides)
    spec = discover(settings.packages).table(table)
    ingest = None if issubclass(spec.schema, FileRecord) else ingest_of(settings, table)
    chosen = Chosen(
        reasons=tuple(one.value for one in reason or ()),
        since=since.replace(tzinfo=since.tzinfo or UTC) if since else None,
        until=until.replace(tzinfo=until.tzinfo or UTC) if until else None,
        where=where,
    )
    with Steps(console).step(f"replay {table}") as step:
        lake = lake_of(settings)
        lake.table(table)
        if ingest is None:
            done = replay_files(lake, spec, chosen, max_bytes=max_record_bytes, dry_run=dry_run)
        else:
            size, decoder = ingest.max_record_bytes, ingest.decoder
            done = replay_rows(lake, spec, chosen, max_bytes=size, decoder=decoder, dry_run=dry_run)
        step.done = done.added
    if as_json:
        print(json.dumps(asdict(done)))
        return
    would = "would become" if dry_run else "became"
    console.print(f"{done.chosen:,} dead letters were decoded again, {done.added:,} {would} rows", highlight=False)
    for name, count in sorted(done.still_dead.items(), key=lambda one: -one[1]):
        console.print(f"  {name}: {count:,} still cannot be decoded", highlight=False)


def _counts(df: DataFrame) -> dict[str, int]:
    found = df.groupBy("reason").count().orderBy(F.desc("count"), "reason").collect()
    return {row["reason"]: row["count"] for row in found}


def _samples(df: DataFrame, spec: TableSpec, limit: int) -> list[dict[str, object]]:
    begins = F.substring(F.col("value").cast("string"), 1, 200).alias("begins")
    place = ["source", "line"] if issubclass(spec.schema, FileRecord) else PLACE
    rows = df.select(*place, "reason", "detail", begins).orderBy(*place).limit(limit)
    return [row.asDict() for row in rows.collect()]


def _as_table(samples: list[dict[str, object]]) -> Table:
    shown = Table(box=None, pad_edge=False)
    place = [name for name in samples[0] if name not in ("reason", "detail", "begins")]
    for name in place:
        shown.add_column("part" if name == "partition" else name, justify="left" if name == place[0] else "right")
    shown.add_column("reason")
    shown.add_column("why, or how it begins")
    for one in samples:
        why = str(one["detail"] or one["begins"] or "")[:200]
        # As text: what came from outside may look like markup.
        shown.add_row(*(Text(str(cell)) for cell in (*(one[name] for name in place), one["reason"], why)))
    return shown
