"""``lakehouse quality alerts``: what is open, and what was sent."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from lakehouse.catalog.alert_log import SentAlert, open_alerts, sent_alerts
from lakehouse.catalog.connect import open_catalog
from lakehouse.cli.options import AsJson, ConfigFile, Env, Override, settings_of
from lakehouse.pipeline.graph import discover


def alerts(
    table: Annotated[str | None, typer.Argument(help="A table such as silver.users; none means all.")] = None,
    config: ConfigFile = None,
    overrides: Override = None,
    env: Env = None,
    limit: Annotated[int, typer.Option(help="At most so many of those sent.", min=1)] = 20,
    as_json: AsJson = False,
) -> None:
    """Show the alerts that are open, and those sent last, newest first. Starts no session.

    The settings name the channels, under `alerts`; `lakehouse run` sends. What no channel took is not here.

    Examples:

        lakehouse quality alerts

        lakehouse quality alerts silver.users --json
    """
    settings = settings_of(config, overrides, env)
    if table is not None:
        discover(settings.packages).table(table)
    sent = sent_alerts(open_catalog(settings), table)
    still, recent = open_alerts(sent), sent[::-1][:limit]
    if as_json:
        shown = {"open": [_plain(one) for one in still], "recent": [_plain(one) for one in recent]}
        print(json.dumps(shown, indent=2, ensure_ascii=False))
        return
    out = Console()
    if not sent:
        out.print(f"no alert was sent{f' about {table}' if table else ''} yet")
        return
    if still:
        out.print("open", style="bold")
        out.print(_shown(still, "since", "table", "key", "title"))
    else:
        out.print("none is open")
    out.print("sent", style="bold")
    out.print(_shown(recent, "at", "table", "key", "state", "channel", "run"))


def _plain(one: SentAlert) -> dict[str, Any]:
    return asdict(one) | {"at": _utc(one.at).isoformat()}


def _shown(alerts: list[SentAlert], *columns: str) -> Table:
    table = Table(*columns, box=None, pad_edge=False)
    for one in alerts:
        when = f"{_utc(one.at):%Y-%m-%d %H:%M}"
        cells = asdict(one) | {"since": when, "at": when, "run": one.run_id}
        table.add_row(*(cells[name] for name in columns))
    return table


def _utc(instant: datetime) -> datetime:
    return instant.astimezone(UTC)
