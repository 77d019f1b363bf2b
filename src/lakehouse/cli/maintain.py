"""``lakehouse maintain``: compaction and expiry."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Annotated, Any

import typer
from pyiceberg.catalog import Catalog
from rich.console import Console
from rich.table import Table
from rich.text import Text

from lakehouse.catalog.connect import open_catalog
from lakehouse.catalog.environment import is_own
from lakehouse.catalog.iceberg import find_table
from lakehouse.cli.options import AsJson, ConfigFile, Env, Override, lake_of, settings_of
from lakehouse.cli.run import leasing_of
from lakehouse.cli.terminal import console
from lakehouse.config import Settings
from lakehouse.contract.table import TableSpec
from lakehouse.maintenance import scratch
from lakehouse.maintenance.due import UpkeepPlan, plan_upkeep
from lakehouse.maintenance.maintain import Maintained, maintain_table
from lakehouse.observe.progress import Steps
from lakehouse.pipeline.graph import Graph, discover
from lakehouse.pipeline.quarantine import quarantine_spec
from lakehouse.pipeline.run import new_run_id
from lakehouse.quality.mask import MASK

_OWN = "lakehouse.catalog"
"""The package that declares the library's own tables."""


def maintain(
    tables: Annotated[list[str] | None, typer.Argument(help="Tables to look after; none means all.")] = None,
    config: ConfigFile = None,
    overrides: Override = None,
    env: Env = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what is due and why, change nothing.")] = False,
    as_json: AsJson = False,
) -> None:
    """Write files anew where too many are small or too many rows deleted, and let old snapshots expire.

    The limits are those of the contract: @table(…, upkeep=Upkeep(…)). A table that a build is at work on waits for the
    next run, and so does the day that a stream is writing. A dry run starts no session.

    Examples:

        lakehouse maintain --dry-run

        lakehouse maintain silver.users gold.dim_user
    """
    settings = settings_of(config, overrides, env)
    graph, catalog, now = discover(settings.packages), open_catalog(settings), datetime.now(UTC)
    specs = _chosen(graph, catalog, tables or ())
    plans = [plan_upkeep(catalog, spec, builds=graph.builds, now=now) for spec in specs]
    left = [] if tables else scratch.left_over(catalog, now=now)
    if not as_json:
        _show(plans, [".".join(one.name()) for one in left])
    found: list[dict[str, Any]] = [_plan_as_data(one) for one in plans]
    if dry_run:
        console.print("nothing was changed (--dry-run)")
    else:
        for one in left:
            scratch.drop(catalog, one)
        done = _run(settings, graph, plans, now)
        found = [one | _done_as_data(plan, done) for one, plan in zip(found, plans, strict=True)]
        if not as_json:
            _show_done(plans, list(done.values()))
    if as_json:
        print(json.dumps(found, indent=2))


def _chosen(graph: Graph, catalog: Catalog, names: Sequence[str]) -> list[TableSpec]:
    """Give the tables that are named, or all that exist: those of the lake, their quarantines, the library's own."""
    kept = [spec for spec in graph.tables.values() if MASK in spec.struct.names and spec.key]
    quarantines = [quarantine_spec(spec) for spec in kept]
    others = {spec.name: spec for spec in (*quarantines, *discover([_OWN]).tables.values())}
    if names:
        return [others[name] if name in others else graph.table(name) for name in dict.fromkeys(names)]
    there = [spec for spec in (graph.tables | others).values() if find_table(catalog, spec.name) is not None]
    # Of what an environment reads of production, nothing is its own to maintain.
    return [spec for spec in there if is_own(catalog, spec.name)]


def _run(settings: Settings, graph: Graph, plans: list[UpkeepPlan], now: datetime) -> dict[str, Maintained]:
    due = [plan.spec for plan in plans if any(not one.postponed for one in plan.due)]
    steps, done = Steps(console), dict[str, Maintained]()
    # What is at work on a table is not waited for: the next run does it.
    leasing = leasing_of(settings, f"maintain_{new_run_id()}", command="lakehouse maintain", wait=0)
    if due:
        with steps.step("start the session"):
            lake = lake_of(settings)
        for spec in due:
            with steps.step(f"maintain {spec.name}") as step:
                done[spec.name] = maintain_table(
                    lake, spec, builds=graph.builds, now=now, say=step.say, leasing=leasing
                )
    return done


def _show(plans: list[UpkeepPlan], left: list[str]) -> None:
    out = Console()
    if not plans and not left:
        console.print("no table exists yet: run `lakehouse run` or `lakehouse stream` first")
        return
    shown = Table("table", box=None, pad_edge=False)
    for title in ("files", "small", "deleted", "snapshots"):
        shown.add_column(title, justify="right")
    shown.add_column("due")
    for plan in plans:
        due = ", ".join(f"{one.action} (postponed)" if one.postponed else one.action for one in plan.due)
        shown.add_row(plan.spec.name, *_figures(plan), due or "nothing")
    out.print(shown)
    for line in (*_reasons(plans), *(f"{name}: left by a run that died, is dropped" for name in left)):
        out.print(Text(line), soft_wrap=True)


def _reasons(plans: list[UpkeepPlan]) -> Iterator[str]:
    for plan in plans:
        for one in plan.due:
            yield f"{plan.spec.name}: {one.action}: {one.why}"
            if one.postponed:
                yield f"  postponed: {one.postponed}"
        for note in (*plan.expiry.held, *plan.expiry.given_up):
            yield f"{plan.spec.name}: {note}"


def _figures(plan: UpkeepPlan) -> list[str]:
    files = plan.files
    deleted = f"{files.rows_deleted / files.rows:.1%}" if files.rows else "–"
    return [f"{files.data_files:,}", f"{files.small_files:,}", deleted, f"{plan.snapshots:,}"]


def _show_done(plans: list[UpkeepPlan], found: list[Maintained]) -> None:
    if not found:
        console.print("what is due has to wait" if any(plan.due for plan in plans) else "nothing was to be done")
        return
    shown = Table("table", "done", box=None, pad_edge=False)
    for title in ("files", "deleted", "snapshots"):
        shown.add_column(title, justify="right")
    for one in found:
        both = zip(_figures(one.before), _figures(one.after), strict=True)
        files, _, deleted, snapshots = (f"{old} → {new}" for old, new in both)
        shown.add_row(one.before.spec.name, ", ".join(one.done) or "nothing", files, deleted, snapshots)
    console.print(shown)
    for one in found:
        for action, why in one.postponed.items():
            console.print(Text(f"{one.before.spec.name}: {action} postponed: {why}"), soft_wrap=True)


def _plan_as_data(plan: UpkeepPlan) -> dict[str, Any]:
    return {
        "table": plan.spec.name,
        **_as_data(plan),
        "due": [{"action": one.action, "why": one.why, "postponed": one.postponed or None} for one in plan.due],
        "notes": [*plan.expiry.held, *plan.expiry.given_up],
    }


def _as_data(plan: UpkeepPlan) -> dict[str, int]:
    files = plan.files
    return {
        "files": files.data_files,
        "small_files": files.small_files,
        "delete_files": files.delete_files,
        "bytes": files.bytes,
        "rows": files.rows,
        "rows_deleted": files.rows_deleted,
        "snapshots": plan.snapshots,
    }


def _done_as_data(plan: UpkeepPlan, done: dict[str, Maintained]) -> dict[str, Any]:
    found = done.get(plan.spec.name)
    if found is None:
        return {"done": [], "postponed": {one.action: one.postponed for one in plan.due}, "after": None}
    return {"done": list(found.done), "postponed": found.postponed, "after": _as_data(found.after)}
