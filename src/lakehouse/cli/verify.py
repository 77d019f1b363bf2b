"""``lakehouse verify``: nothing lost and nothing doubled between Kafka or files and bronze, or where."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from lakehouse.catalog.connect import open_catalog
from lakehouse.catalog.stream_ledger import Problem, StreamLedger
from lakehouse.cli.ingest import ingest_of
from lakehouse.cli.options import AsJson, ConfigFile, Override, lake_of, settings_of
from lakehouse.cli.terminal import console
from lakehouse.config import Settings
from lakehouse.contract.file_record import FileRecord
from lakehouse.contract.table import TableSpec
from lakehouse.errors import LakehouseError
from lakehouse.observe.progress import Steps
from lakehouse.pipeline.graph import discover
from lakehouse.pipeline.verify import compared_from, verify_deep
from lakehouse.pipeline.verify import verify as verify_snapshots
from lakehouse.pipeline.verify_files import verify_files, verify_files_deep


def verify(
    table: Annotated[str, typer.Argument(help="A bronze table of a stream or of files, such as bronze.users_raw.")],
    config: ConfigFile = None,
    overrides: Override = None,
    deep: Annotated[bool, typer.Option("--deep", help="Compare with the data and with Kafka too.")] = False,
    as_json: AsJson = False,
) -> None:
    """Prove from the table's own snapshots that nothing was lost and nothing doubled, or say which offsets or files.

    Reads metadata alone and starts no session; with --deep the places of all records are read, and of a stream held
    against Kafka. Exit code 3 when something is wrong.

    Examples:

        lakehouse verify bronze.users_raw

        lakehouse verify bronze.users_raw --deep --json
    """
    settings = settings_of(config, overrides)
    spec = discover(settings.packages).table(table)
    if issubclass(spec.schema, FileRecord):
        _verify_files(settings, spec, deep=deep, as_json=as_json)
        return
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


def _verify_files(settings: Settings, spec: TableSpec, *, deep: bool, as_json: bool) -> None:
    proof = verify_files(open_catalog(settings), spec)
    if deep:
        with Steps(console).step(f"verify {spec.name}") as step:
            proof = verify_files_deep(lake_of(settings), spec, proof)
            step.done = proof.rows
    if as_json:
        print(json.dumps(asdict(proof) | {"ok": not proof.problems}, indent=2))
    else:
        out = Console()
        replayed = f" + {proof.replayed:,} replayed" if proof.replayed else ""
        bad = f", {proof.unreadable:,} of them unreadable" if proof.unreadable else ""
        out.print(f"{proof.commits:,} commits, {proof.files:,} files{bad}, {proof.records:,} records{replayed}")
        _print_problems(out, proof.problems)
    if wrong := len(proof.problems):
        raise LakehouseError(f"{wrong} problem{'s' if wrong > 1 else ''} with the files of {spec.name}, see above")


def _print_problems(out: Console, problems: Sequence[Problem]) -> None:
    for problem in problems:
        out.print(Text.assemble((f"{problem.kind}: ", "bold red"), problem.text), soft_wrap=True)
    if not problems:
        out.print("no gap, no overlap", style="green")


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
    _print_problems(out, ledger.problems)
