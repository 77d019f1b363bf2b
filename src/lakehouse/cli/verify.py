"""``lakehouse verify``: nothing lost and nothing doubled between Kafka and bronze, or where."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from lakehouse.catalog.connect import open_catalog
from lakehouse.catalog.stream_ledger import StreamLedger
from lakehouse.cli.ingest import ingest_of
from lakehouse.cli.options import AsJson, ConfigFile, Override, lake_of, settings_of
from lakehouse.cli.terminal import console
from lakehouse.errors import LakehouseError
from lakehouse.observe.progress import Steps
from lakehouse.pipeline.verify import compared_from, verify_deep
from lakehouse.pipeline.verify import verify as verify_snapshots


def verify(
    table: Annotated[str, typer.Argument(help="A bronze table that a stream fills, such as bronze.users_raw.")],
    config: ConfigFile = None,
    overrides: Override = None,
    deep: Annotated[bool, typer.Option("--deep", help="Compare with the data and with Kafka too.")] = False,
    as_json: AsJson = False,
) -> None:
    """Prove from the table's own snapshots that the stream lost nothing and doubled nothing, or say which offsets.

    Reads metadata alone and starts no session; with --deep the places of all records are read and held against Kafka.
    Exit code 3 when something is wrong.

    Examples:

        lakehouse verify bronze.users_raw

        lakehouse verify bronze.users_raw --deep --json
    """
    settings = settings_of(config, overrides)
    ingest = ingest_of(settings, table)
    ledgers = verify_snapshots(open_catalog(settings), ingest, dense=settings.streams[table].offsets_are_dense)
    since = None
    if deep:
        with Steps(console).step(f"verify {table}") as step:
            since = compared_from(ingest, ledgers[0])
            ledgers[0] = verify_deep(lake_of(settings), ingest, ledgers[0], since=since)
            step.done = ledgers[0].rows
    if as_json:
        print(json.dumps([_as_json(one) for one in ledgers], indent=2))
    else:
        for one in ledgers:
            _print(one)
        if since:
            console.print(f"compared with Kafka from {json.dumps(since)} on")
    if wrong := sum(len(one.problems) for one in ledgers):
        raise LakehouseError(f"{wrong} problem{'s' if wrong > 1 else ''} in the stream into {table}, see above")


def _as_json(ledger: StreamLedger) -> dict[str, Any]:
    return asdict(ledger) | {"ok": not ledger.problems}


def _print(ledger: StreamLedger) -> None:
    out = Console()
    out.print(Text(ledger.table, style="bold"))
    shown = Table(box=None, pad_edge=False)
    for name in ("topic", "partition", "from", "to", "offsets", "each commit from"):
        shown.add_column(name, justify="left" if name == "topic" else "right")
    for one in ledger.partitions:
        counts = (one.first, one.next, one.next - one.first, one.proven_from)
        shown.add_row(one.topic, one.partition, *(f"{count:,}" for count in counts))
    out.print(shown)
    replayed = f" + {ledger.replayed:,} replayed" if ledger.replayed else ""
    out.print(f"{ledger.commits:,} commits, {ledger.offsets:,} offsets, {ledger.records:,} records{replayed}")
    for span in ledger.accepted:
        out.print(f"accepted as lost: {span}")
    for problem in ledger.problems:
        out.print(Text.assemble((f"{problem.kind}: ", "bold red"), problem.text), soft_wrap=True)
    if not ledger.problems:
        out.print("no gap, no overlap", style="green")
