"""``lakehouse leases``: who is at work on which table."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from lakehouse.catalog import leases
from lakehouse.catalog.connect import open_catalog
from lakehouse.catalog.leases import Lease
from lakehouse.cli.options import AsJson, ConfigFile, Override, ask, settings_of
from lakehouse.cli.terminal import console
from lakehouse.errors import ConfigError


def show(
    context: typer.Context, config: ConfigFile = None, overrides: Override = None, as_json: AsJson = False
) -> None:
    """Show which run holds the lease of which table, since when, and until when if it is not renewed.

    A lease that has ended and was not given back is of a run that was killed; the next run takes it. Starts no session.

    Examples:

        lakehouse leases

        lakehouse leases release silver.users
    """
    if context.invoked_subcommand is not None:
        return
    now = datetime.now(UTC)
    found = sorted(leases.leases(open_catalog(settings_of(config, overrides))), key=lambda one: one.table)
    if as_json:
        print(json.dumps([_as_data(one, now) for one in found], indent=2))
    elif found:
        _show(found, now)
    else:
        console.print("no run is at work on a table")


def release(
    table: Annotated[str, typer.Argument(help="A table that `lakehouse leases` shows.")],
    config: ConfigFile = None,
    overrides: Override = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
) -> None:
    """End a lease, so that the next run need not wait until it ends by itself. Shows who holds it, and asks.

    If its run is alive after all, two runs build the table, and the one that publishes later builds again. Nothing is
    lost.

    Examples:

        lakehouse leases release silver.users --yes
    """
    catalog, now = open_catalog(settings_of(config, overrides)), datetime.now(UTC)
    found = next((one for one in leases.leases(catalog) if one.table == table), None)
    if found is None:
        raise ConfigError(f"nobody holds a lease of {table}; `lakehouse leases` shows those that are held")
    _show([found], now)
    if not yes:
        ask(f"end the lease of {table}?", refused=f"the lease of {table} was not ended")
    leases.give_back(catalog, found, now=now)
    console.print(f"the lease of {table} is ended", highlight=False)


def _show(found: list[Lease], now: datetime) -> None:
    shown, out = Table("table", "run", "since (UTC)", "ends", box=None, pad_edge=False), Console()
    for one in found:
        shown.add_row(Text(one.table), one.holder.run_id, f"{one.since:%Y-%m-%d %H:%M:%S}", _ends(one, now))
    out.print(shown)
    for one in found:
        who = f"{one.table}: {one.holder.command}, process {one.holder.pid} on {one.holder.host}"
        out.print(Text(who), soft_wrap=True)


def _ends(one: Lease, now: datetime) -> str:
    seconds = (one.until - now).total_seconds()
    return f"in {seconds:,.0f} s" if seconds > 0 else f"{-seconds:,.0f} s ago"


def _as_data(one: Lease, now: datetime) -> dict[str, Any]:
    return {
        "table": one.table,
        "token": one.token,
        **asdict(one.holder),
        "since": one.since.isoformat(),
        "until": one.until.isoformat(),
        "ended": one.has_ended(now),
    }
