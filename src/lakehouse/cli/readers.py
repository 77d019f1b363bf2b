"""``lakehouse readers``: how far other systems have read a table."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from lakehouse.catalog import readers
from lakehouse.catalog.connect import open_catalog
from lakehouse.catalog.iceberg import load_table
from lakehouse.cli.options import AsJson, ConfigFile, Override, settings_of
from lakehouse.cli.terminal import console
from lakehouse.pipeline.graph import discover

TableName = Annotated[str, typer.Argument(help="A table, such as bronze.users_raw.")]
Reader = Annotated[str, typer.Argument(help="Its name, such as snowflake.")]


def show(table: TableName, config: ConfigFile = None, overrides: Override = None, as_json: AsJson = False) -> None:
    """Show how far each reader of a table has come, and how far it is behind. Starts no session.

    Examples:

        lakehouse readers show bronze.users_raw
    """
    settings = settings_of(config, overrides)
    name = discover(settings.packages).table(table).name
    found = readers.positions(load_table(open_catalog(settings), name))
    if as_json:
        print(json.dumps([asdict(one) for one in found], indent=2))
        return
    shown = Table("reader", box=None, pad_edge=False)
    for title in ("snapshot", "commits behind", "rows behind"):
        shown.add_column(title, justify="right")
    for one in found:
        behind = (one.commits_behind, one.rows_behind)
        shown.add_row(one.reader, str(one.snapshot_id), *("?" if n is None else f"{n:,}" for n in behind))
    Console().print(shown if found else f"{name} has no readers; lakehouse readers mark {name} NAME makes one")


def mark(
    table: TableName,
    reader: Reader,
    config: ConfigFile = None,
    overrides: Override = None,
    snapshot: Annotated[int | None, typer.Option(help="Up to which it has read; not given: the newest.")] = None,
) -> None:
    """Note that a reader has read a table; expiry keeps the snapshot for it.

    Examples:

        lakehouse readers mark bronze.users_raw snowflake
    """
    settings = settings_of(config, overrides)
    name = discover(settings.packages).table(table).name
    found = readers.mark_read(open_catalog(settings), name, reader, snapshot_id=snapshot)
    console.print(f"{reader} has read {name} up to snapshot {found}", highlight=False)


def forget(table: TableName, reader: Reader, config: ConfigFile = None, overrides: Override = None) -> None:
    """Remove a reader, so that expiry may take what only it held.

    Examples:

        lakehouse readers forget bronze.users_raw snowflake
    """
    settings = settings_of(config, overrides)
    name = discover(settings.packages).table(table).name
    readers.forget(open_catalog(settings), name, reader)
    console.print(f"{name} has no reader {reader} any more", highlight=False)
