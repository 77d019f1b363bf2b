"""``lakehouse run``: builds."""

from __future__ import annotations

import dataclasses
import json
import os
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Annotated, Any

import typer
from pyiceberg.catalog import Catalog
from rich.table import Table
from rich.text import Text

from lakehouse.catalog.iceberg import Lake
from lakehouse.catalog.lake_release import settle_unfinished
from lakehouse.catalog.leasing import Leasing, this_process
from lakehouse.catalog.retention import Retention
from lakehouse.cli.options import AsJson, ConfigFile, Env, Override, Since, Wait, lake_of, settings_of, since_by_table
from lakehouse.cli.rules import MoreRules, more_rules
from lakehouse.cli.terminal import console
from lakehouse.config import Settings
from lakehouse.contract.build import BuildSpec
from lakehouse.contract.engine import SPARK_AND_SAIL
from lakehouse.observe.alert_channels import channels_of
from lakehouse.observe.alerts import Channel
from lakehouse.observe.progress import Steps
from lakehouse.pipeline.alerting import Alerting, build_and_tell
from lakehouse.pipeline.graph import discover
from lakehouse.pipeline.run import Built, Run, Status, new_run_id


def run(
    tables: Annotated[list[str] | None, typer.Argument(help="Tables to build; none means all.")] = None,
    config: ConfigFile = None,
    overrides: Override = None,
    env: Env = None,
    downstream: Annotated[bool, typer.Option("--downstream", help="Also the tables that read them.")] = False,
    full: Annotated[bool, typer.Option("--full", help="Build whole, even what is up to date.")] = False,
    since: Since = "",
    accept_loss: Annotated[
        bool, typer.Option("--accept-loss", help="Build even of inputs that no longer have all that was built of them.")
    ] = False,
    wait: Wait = None,
    as_json: AsJson = False,
) -> None:
    """Bring silver and gold up to date and publish them, each table in one commit.

    A table whose inputs, code and rules are unchanged is left alone; else what changed is read, where its build follows
    change and that is cheaper than all of it. Rows that score below the table's minimum are not published: they stay on
    an audit branch. While another run is at work on a table, this one waits for it, and then builds what is left to do.

    --since makes rows again of what changed since an earlier publish of the table, or an instant: say after a mistake
    in the code was mended. Rows of what came before stay as they are. The tables downstream follow.

    Examples:

        lakehouse run

        lakehouse run silver.users --downstream --full

        lakehouse run silver.users --downstream --since "2026-11-20 18:00"

        lakehouse run --wait 0
    """
    settings = settings_of(config, overrides, env)
    graph = discover(settings.packages)
    builds, more = graph.select(tables or (), downstream=downstream), more_rules(settings, graph)
    again = since_by_table(tables, builds, since, full=full)
    channels = channels_of(settings.alerts, environ=os.environ)
    steps = Steps(console)
    with steps.step("start the session"):
        lake = lake_of(settings, on=SPARK_AND_SAIL)
    command = " ".join(("lakehouse run", *(tables or ())))
    built = build_tables(
        lake,
        settings,
        builds,
        steps,
        more_rules=more,
        full=full,
        since=again,
        accept_loss=accept_loss,
        channels=channels,
        command=command,
        wait=wait,
    )
    if as_json:
        print(json.dumps([summary(one) for one in built], indent=2))
    else:
        console.print(results_table(built))


def build_tables(
    lake: Lake,
    settings: Settings,
    builds: tuple[BuildSpec, ...],
    steps: Steps,
    *,
    more_rules: MoreRules,
    full: bool = False,
    since: Mapping[str, str] | None = None,
    accept_loss: bool = False,
    channels: Sequence[Channel] = (),
    command: str = "lakehouse run",
    wait: float | None = None,
) -> list[Built]:
    """Run builds one after the other, a line of progress each; the channels are told of each table.

    ``since`` says of some tables since when their rows are made again.
    """
    alerting = alerting_of(settings, lake.catalog, channels)
    plan = run_of(settings, more_rules, command=command, wait=wait, full=full, accept_loss=accept_loss)
    settle_releases(lake.catalog, plan)
    built = []
    for build in builds:
        with steps.step(f"build {build.table.name}") as step:
            again = (since or {}).get(build.table.name, "")
            built.append(build_and_tell(lake, build, dataclasses.replace(plan, since=again), alerting))
            step.done = built[-1].rows
        if built[-1].status is Status.PUBLISHED:
            console.print(Text(f"  {built[-1].strategy}: {built[-1].reason}", style="dim"), highlight=False)
    return built


def run_of(
    settings: Settings,
    more_rules: MoreRules,
    *,
    command: str,
    wait: float | None = None,
    full: bool = False,
    accept_loss: bool = False,
) -> Run:
    """Give a run by the settings and by what a command was told."""
    run_id = new_run_id()
    return Run(
        minimum_score=settings.quality.minimum_for,
        more_rules=more_rules,
        run_id=run_id,
        full=full,
        accept_loss=accept_loss,
        retention=retention_of(settings),
        leasing=leasing_of(settings, run_id, command=command, wait=wait),
    )


def alerting_of(settings: Settings, catalog: Catalog, channels: Sequence[Channel] | None = None) -> Alerting:
    """Give whom a run tells what fires: the channels of the settings, or those that are given."""
    told = channels_of(settings.alerts, environ=os.environ) if channels is None else channels
    # Nobody is called because of what is only tried.
    told = () if settings.environment else told
    return Alerting(catalog=catalog, channels=told, anomalies=settings.alerts.anomalies, warn=_warn)


def settle_releases(catalog: Catalog, run: Run) -> None:
    """Bring releases of several tables to their end whose run has died, and say how each ended."""
    for one in settle_unfinished(catalog, retention=run.retention, leasing=run.leasing):
        _warn(f"release {one.name} was left under way by run {one.run_id}; it is {one.state} now" + _why(one.note))


def _why(note: str) -> str:
    return f": {note}" if note else ""


def retention_of(settings: Settings) -> Retention:
    """Give which publishes the settings keep."""
    return Retention(keep_for=timedelta(days=settings.publish.keep_days), keep_count=settings.publish.keep_count)


def leasing_of(settings: Settings, run_id: str, *, command: str, wait: float | None = None) -> Leasing:
    """Give how this process takes leases: by the settings, but for the seconds that others are waited for."""
    return Leasing(
        holder=this_process(run_id, command=command),
        ttl=timedelta(seconds=settings.leases.seconds),
        wait=timedelta(seconds=settings.leases.wait_seconds if wait is None else wait),
        say=_warn,
    )


def _warn(text: str) -> None:
    console.print("[yellow]warning:[/]", Text(text), highlight=False, soft_wrap=True)


def summary(one: Built) -> dict[str, Any]:
    """Give a result as plain data."""
    score = one.score.score if one.score else None
    return {
        "table": one.table,
        "status": one.status.value,
        "strategy": one.strategy.value,
        "reason": one.reason,
        "rows": one.rows,
        "quality": score,
        "snapshot_id": one.snapshot_id,
        "seconds": round(one.seconds, 1),
    }


def results_table(built: list[Built]) -> Table:
    """Give results as a table for people."""
    table = Table(box=None, pad_edge=False)
    columns = (("table", "left"), ("status", "left"), ("how", "left"), ("rows", "right"), ("quality", "right"))
    for name, justify in columns:
        table.add_column(name, justify=justify)  # type: ignore[arg-type]
    for one in built:
        score = one.score.score if one.score else None
        how = one.strategy.value if one.status is Status.PUBLISHED else ""
        shown = "no rules" if score is None else f"{score:.4f}"
        table.add_row(one.table, one.status.value, how, f"{one.rows:,}", shown)
    return table
