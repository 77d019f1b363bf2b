"""``lakehouse release`` and ``lakehouse releases``: several tables published together, and those that were.

What puts rows back that were set aside is ``lakehouse quality release``.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from typing import Annotated, Any

import typer
from pyiceberg.catalog import Catalog
from rich.console import Console
from rich.table import Table
from rich.text import Text

from lakehouse.catalog.connect import open_catalog
from lakehouse.catalog.iceberg import find_table
from lakehouse.catalog.lake_release import refuse_name
from lakehouse.catalog.release_journal import LakeRelease
from lakehouse.catalog.release_journal import releases as releases_of
from lakehouse.cli.options import AsJson, ConfigFile, Env, Override, Wait, lake_of, settings_of
from lakehouse.cli.rules import more_rules
from lakehouse.cli.run import alerting_of, results_table, run_of, settle_releases, summary
from lakehouse.cli.terminal import console
from lakehouse.errors import QualityGateError
from lakehouse.observe.progress import Steps
from lakehouse.pipeline.graph import discover
from lakehouse.pipeline.lake_release import Ahead, look_ahead, release_lake


def release(
    tables: Annotated[list[str] | None, typer.Argument(help="Tables to release together.")] = None,
    config: ConfigFile = None,
    overrides: Override = None,
    env: Env = None,
    every: Annotated[bool, typer.Option("--all", help="All tables that a build makes.")] = False,
    name: Annotated[
        str | None, typer.Option(metavar="NAME", help="Of the release, such as 2026-11; not given: the run's id.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would be built, change nothing.")] = False,
    wait: Wait = None,
    as_json: AsJson = False,
) -> None:
    """Bring several tables up to date and publish them together: all of them, or none.

    Each is built and scored on a branch; only when all have passed their gates are they published, each in one commit,
    and each gets the tag release_NAME, also those that were up to date. Whoever reads by the tag sees one state of all.
    A release whose run dies is brought to its end by the next run or release. A dry run starts no session.

    Examples:

        lakehouse release gold.fact_orders gold.revenue_daily --dry-run

        lakehouse release --all --name 2026-11
    """
    if bool(tables) == every:
        raise typer.BadParameter("name the tables to release together, or give --all", param_hint="TABLES")
    settings = settings_of(config, overrides, env)
    graph, catalog = discover(settings.packages), open_catalog(settings)
    builds, rules = graph.select(tables or ()), more_rules(settings, graph)
    run = run_of(settings, rules, command=" ".join(("lakehouse release", *(tables or ["--all"]))), wait=wait)
    name = run.run_id if name is None else name
    refuse_name(catalog, name)
    if dry_run:
        _show_ahead(look_ahead(catalog, builds, run), name, as_json=as_json)
        return
    alerting, steps = alerting_of(settings, catalog), Steps(console)
    settle_releases(catalog, run)
    with steps.step("start the session"):
        lake = lake_of(settings)
    try:
        ended, built = release_lake(lake, builds, run, name=name, step=steps.step)
    except QualityGateError as error:
        alerting.after(error.table, run, refused=error)
        console.print("[bold]nothing was published:[/]", Text(f"release {name} has a table below its gate"))
        raise
    for one in built:
        alerting.after(one.table, run)
    if as_json:
        print(json.dumps(_as_data(ended) | {"built": [summary(one) for one in built]}, indent=2))
    else:
        console.print(results_table(built))
        console.print(Text(f"released as {name}: SELECT … FROM {built[0].table} VERSION AS OF '{ended.tag}'"))


def releases(config: ConfigFile = None, overrides: Override = None, as_json: AsJson = False) -> None:
    """Show the releases of several tables: when, how far, and of how many tables the tag is still there.

    Starts no session.

    Examples:

        lakehouse releases
    """
    catalog = open_catalog(settings_of(config, overrides))
    found = releases_of(catalog)
    kept = _kept(catalog, found)
    if as_json:
        print(json.dumps([_as_data(one) | {"tagged": kept[one.tag]} for one in found], indent=2))
    elif found:
        _show(found, kept)
    else:
        console.print("nothing was released so far: `lakehouse release TABLE TABLE`, or --all")


def _show_ahead(found: Sequence[Ahead], name: str, *, as_json: bool) -> None:
    if as_json:
        print(json.dumps([vars(one) for one in found], indent=2))
        return
    shown, out = Table("table", "what", "why", box=None, pad_edge=False), Console()
    for one in found:
        shown.add_row(one.table, one.what, Text(one.reason))
    out.print(shown)
    console.print(f"would be released as {name}; nothing was changed (--dry-run)", highlight=False)


def _kept(catalog: Catalog, found: Sequence[LakeRelease]) -> Counter[str]:
    """Count the tables that still have the tag of a release."""
    tables = {member.table for one in found for member in one.members}
    live = [one for name in sorted(tables) if (one := find_table(catalog, name)) is not None]
    return Counter(tag for table in live for tag in table.refs())


def _show(found: Sequence[LakeRelease], kept: Counter[str]) -> None:
    shown, out = Table("release", "when (UTC)", "state", box=None, pad_edge=False), Console()
    for title in ("tables", "tagged"):
        shown.add_column(title, justify="right")
    for one in found:
        counts = (str(len(one.members)), str(kept[one.tag]))
        shown.add_row(Text(one.name), f"{one.at:%Y-%m-%d %H:%M:%S}", one.state.value, *counts)
    out.print(shown)
    for one in found:
        if one.note:
            out.print(Text(f"{one.name}: {one.note}"))
        if not one.state.is_over:
            why = "its run is at work; if it has died, the next `lakehouse run` or `release` ends it"
            out.print(Text(f"{one.name}: {why}"))


def _as_data(one: LakeRelease) -> dict[str, Any]:
    return {
        "release": one.name,
        "tag": one.tag,
        "state": one.state.value,
        "at": one.at.isoformat(),
        "run_id": one.run_id,
        "tables": [
            {"table": member.table, "snapshot_id": member.snapshot, "built": bool(member.branch)}
            for member in one.members
        ],
        "note": one.note or None,
    }
