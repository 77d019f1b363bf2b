"""``lakehouse rollback``: put a table back to a publish, or forward again."""

from __future__ import annotations

from typing import Annotated

import typer
from pyiceberg.catalog import Catalog
from rich.console import Console
from rich.table import Table

from lakehouse.catalog import ledger
from lakehouse.catalog.connect import open_catalog
from lakehouse.catalog.iceberg import find_table
from lakehouse.catalog.rollback import Rollback, plan_rollback, roll_back
from lakehouse.cli.history import quality_of
from lakehouse.cli.options import ConfigFile, Env, Override, ask, settings_of
from lakehouse.cli.run import retention_of
from lakehouse.cli.terminal import console
from lakehouse.pipeline.graph import Graph, discover


def rollback(
    table: Annotated[str, typer.Argument(help="A table that a build makes, such as silver.users.")],
    config: ConfigFile = None,
    overrides: Override = None,
    env: Env = None,
    to: Annotated[
        str | None, typer.Option(metavar="RUN|SNAPSHOT", help="Which publish; not given: the one before.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would change, change nothing.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
) -> None:
    """Put a table back to an earlier publish, or forward to one that was rolled back, in one commit.

    Shows what changes, and asks. Starts no session and touches no data.

    Examples:

        lakehouse rollback silver.users --dry-run

        lakehouse rollback silver.users --to 20261121t060911_ab12cd --yes
    """
    settings = settings_of(config, overrides, env)
    graph, catalog = discover(settings.packages), open_catalog(settings)
    plan = plan_rollback(catalog, graph.table(table), to=to)
    _show(plan)
    console.print(_consequences(graph, catalog, table), highlight=False)
    if dry_run:
        console.print("nothing was changed (--dry-run)")
        return
    if not yes:
        ask(f"roll {plan.table} back?", refused=f"{plan.table} was not rolled back")
    roll_back(catalog, plan, retention_of(settings))
    console.print(f"{plan.table} is at snapshot {plan.after.snapshot_id} again", highlight=False)


def _show(plan: Rollback) -> None:
    shown = Table("", "now", "after", box=None, pad_edge=False, title=plan.table, title_justify="left")
    now, after = plan.before, plan.after
    runs = [one.entry.run_id if one and one.entry else "?" for one in (now, after)]
    shown.add_row("run", runs[0] + (" and changes by hand" if plan.by_hand else ""), runs[1])
    shown.add_row("published", *(f"{one.at:%Y-%m-%d %H:%M:%S} UTC" if one else "?" for one in (now, after)))
    shown.add_row("snapshot", str(plan.head), str(after.snapshot_id))
    shown.add_row("rows", f"{plan.rows:,}", f"{after.rows:,}")
    shown.add_row("quality", quality_of(now.entry if now else None), quality_of(after.entry))
    Console().print(shown)


def _consequences(graph: Graph, catalog: Catalog, table: str) -> str:
    """Say what the next run makes of it, and of the tables that read it."""
    reading = graph.related([table], downstream=True) - {table}
    live = {name: find_table(catalog, name) for name in graph.makers if name in reading}
    published = [name for name, one in live.items() if one is not None and ledger.latest(one) is not None]
    lines = [f"read by {', '.join(published) or 'no published table'}"]
    if published:
        lines[0] += ", built again at the next `lakehouse run`"
    if table in graph.makers:
        unless = "unless these, its code and its rules are those of that publish: mend before it what was wrong"
        lines.append(f"the next `lakehouse run` builds {table} too, from its inputs as they are then, {unless}")
    return "\n".join(lines)
