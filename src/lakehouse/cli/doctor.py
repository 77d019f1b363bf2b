"""``lakehouse doctor``: whether a lake can work where it is."""

from __future__ import annotations

import json
import logging
import os
import threading
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from lakehouse.cli.local import broker_address
from lakehouse.cli.options import AsJson, ConfigFile, Override, settings_of
from lakehouse.cli.terminal import console, take_interrupts_back
from lakehouse.config import Settings
from lakehouse.doctor.checks import Groups, check_all, check_session
from lakehouse.doctor.finding import Finding, Level
from lakehouse.errors import ConfigError, LakehouseError
from lakehouse.pipeline.graph import discover

_SIGNS = {
    Level.OK: ("✓ fits", "green"),
    Level.WARNING: ("! look", "yellow"),
    Level.WRONG: ("✗ wrong", "bold red"),
    Level.NOT_TOLD: ("- not told", "dim"),
}


def doctor(
    config: ConfigFile = None,
    overrides: Override = None,
    write: Annotated[
        bool, typer.Option("--write", help="Also put a marker into the warehouse, and delete it.")
    ] = False,
    session: Annotated[bool, typer.Option("--session/--no-session", help="Start Spark, and ask it.")] = True,
    as_json: AsJson = False,
) -> None:
    """Look at where the lake runs: what fits, what does not, and how to mend it. Writes nothing without --write.

    Versions, jars, settings of the session, catalog, permissions, clock and Kafka. Whatever does not answer is waited
    for at most ten seconds. Exit code 3: something is wrong.

    Examples:

        lakehouse doctor

        lakehouse doctor --no-session --write --json
    """
    settings = settings_of(config, overrides)
    with console.status("machine, catalog, Kafka"):
        groups = check_all(settings, os.environ, servers=_servers(settings), tables=_tables(settings), write=write)
    if session:
        for name in ("DataFrameQueryContextLogger", "SQLQueryContextLogger"):
            logging.getLogger(name).setLevel(logging.CRITICAL)
        with console.status("session of Spark"):
            groups = {**groups, "session": check_session(settings, os.environ, before=groups)}
        if threading.current_thread() is threading.main_thread():
            take_interrupts_back()
    if as_json:
        print(json.dumps(_as_data(groups), indent=2))
    else:
        _show(groups)
    if any(one.level is Level.WRONG for found in groups.values() for one in found):
        raise typer.Exit(LakehouseError.exit_code)


def _servers(settings: Settings) -> str:
    try:
        return broker_address(settings)
    except ConfigError:
        return ""


def _tables(settings: Settings) -> tuple[str, ...]:
    return tuple(discover(settings.packages).tables)


def _as_data(groups: Groups) -> list[dict[str, str]]:
    return [{"group": group, **vars(one), "level": one.level.value} for group, found in groups.items() for one in found]


def _show(groups: Groups) -> None:
    out = Console()
    for group, found in groups.items():
        table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), show_header=False)
        table.add_column(width=10)
        table.add_column(width=16)
        table.add_column(overflow="fold")
        for one in found:
            sign, style = _SIGNS[one.level]
            table.add_row(Text(sign, style=style), one.check, _words(one))
        out.print(Text(group, style="bold"), table, sep="\n")
    count = {level: sum(one.level is level for found in groups.values() for one in found) for level in Level}
    wrong, look = count[Level.WRONG], count[Level.WARNING]
    out.print(f"\n{count[Level.OK]} fit, {look} to look at, {wrong} wrong, {count[Level.NOT_TOLD]} not told")


def _words(one: Finding) -> Text:
    said = Text(one.found)
    if one.expected and one.level is not Level.OK:
        said.append(f"\nexpected: {one.expected}", style="dim")
    if one.todo:
        said.append(f"\n→ {one.todo}")
    return said
