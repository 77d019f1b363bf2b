"""``lakehouse env``: environments, what is in them, and how one is dropped."""

from __future__ import annotations

import json
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from lakehouse.catalog.connect import open_catalog
from lakehouse.catalog.environments import OwnTable, drop_environment, own_tables
from lakehouse.cli.options import AsJson, ConfigFile, Override, settings_of
from lakehouse.cli.serve import warehouse_file
from lakehouse.cli.terminal import console
from lakehouse.errors import ConfigError, LakehouseError


def list_(config: ConfigFile = None, overrides: Override = None, as_json: AsJson = False) -> None:
    """List the environments and the tables that each has built. Starts no session.

    Examples:

        lakehouse env list
    """
    settings = settings_of(config, overrides, "")
    found = own_tables(open_catalog(settings))
    if as_json:
        print(json.dumps([_as_data(one) for one in found], indent=2))
    elif found:
        Console().print(_shown(found))
    else:
        console.print("there is no environment; `lakehouse run TABLE --env dev` makes one")


def drop(
    name: Annotated[str, typer.Argument(help="An environment, such as dev.")],
    config: ConfigFile = None,
    overrides: Override = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would be dropped, drop nothing.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
) -> None:
    """Drop an environment: the tables that it has built, with their files, and its namespaces. Nothing of production.

    Shows what it is, and asks. Cut off, it goes on when it is run again.

    Examples:

        lakehouse env drop dev --dry-run

        lakehouse env drop dev --yes
    """
    settings = settings_of(config, overrides, "")
    catalog = open_catalog(settings)
    found = own_tables(catalog, name)
    if not found:
        there = ", ".join(dict.fromkeys(one.environment for one in own_tables(catalog))) or "none"
        raise ConfigError(f"the environment {name} has no tables; environments are: {there}")
    Console().print(_shown(found))
    if dry_run:
        console.print("nothing was dropped (--dry-run)")
        return
    if not yes:
        _ask(name, len(found))
    dropped = sum(1 for _ in drop_environment(catalog, name))
    warehouse_file(settings.model_copy(update={"environment": name})).unlink(missing_ok=True)
    console.print(f"dropped {dropped} table{'' if dropped == 1 else 's'} of {name}", highlight=False)


def _ask(name: str, count: int) -> None:
    try:
        answer = console.input(Text(f"drop the {count} tables of {name}? [y/N] "))
    except EOFError:
        raise LakehouseError(f"{name} was not dropped: nobody is there to be asked; give --yes") from None
    if answer.strip().lower() not in {"y", "yes"}:
        raise LakehouseError(f"{name} was not dropped: the answer was no")


def _shown(found: list[OwnTable]) -> Table:
    shown = Table("environment", "table", "published", box=None, pad_edge=False)
    shown.add_column("rows", justify="right")
    for one in found:
        at = f"{one.published_at:%Y-%m-%d %H:%M} UTC" if one.published_at else ""
        shown.add_row(one.environment, one.table, at, f"{one.rows:,}")
    return shown


def _as_data(one: OwnTable) -> dict[str, Any]:
    at = one.published_at.isoformat() if one.published_at else None
    return {
        "environment": one.environment, "table": one.table, "place": one.place, "rows": one.rows, "published_at": at,
    }  # fmt: skip
