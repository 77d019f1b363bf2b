"""``lakehouse run``: builds."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from datetime import timedelta
from typing import Annotated, Any

import typer
from rich.table import Table
from rich.text import Text

from lakehouse.catalog.iceberg import Lake
from lakehouse.catalog.retention import Retention
from lakehouse.cli.options import AsJson, ConfigFile, Override, console, lake_of, settings_of
from lakehouse.cli.rules import MoreRules, more_rules
from lakehouse.config import Settings
from lakehouse.contract.build import BuildSpec
from lakehouse.contract.engine import SPARK_AND_SAIL
from lakehouse.observe.alert_channels import channels_of
from lakehouse.observe.alerts import Channel
from lakehouse.observe.progress import Steps
from lakehouse.pipeline.alerting import Alerting, build_and_tell
from lakehouse.pipeline.graph import discover
from lakehouse.pipeline.run import Built, Run, Status


def run(
    tables: Annotated[list[str] | None, typer.Argument(help="Tables to build; none means all.")] = None,
    config: ConfigFile = None,
    overrides: Override = None,
    downstream: Annotated[bool, typer.Option("--downstream", help="Also the tables that read them.")] = False,
    full: Annotated[bool, typer.Option("--full", help="Build whole, even what is up to date.")] = False,
    accept_loss: Annotated[
        bool, typer.Option("--accept-loss", help="Build even of inputs that no longer have all that was built of them.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Bring silver and gold up to date and publish them, each table in one commit.

    A table whose inputs, code and rules are unchanged is left alone; else what changed is read, where its build follows
    change and that is cheaper than all of it. Rows that score below the table's minimum are not published: they stay on
    an audit branch.

    Examples:

        lakehouse run

        lakehouse run silver.users --downstream --full
    """
    settings = settings_of(config, overrides)
    graph = discover(settings.packages)
    builds, more = graph.select(tables or (), downstream=downstream), more_rules(settings, graph)
    channels = channels_of(settings.alerts, environ=os.environ)
    steps = Steps(console)
    with steps.step("start the session"):
        lake = lake_of(settings, on=SPARK_AND_SAIL)
    built = build_tables(
        lake, settings, builds, steps, more_rules=more, full=full, accept_loss=accept_loss, channels=channels
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
    accept_loss: bool = False,
    channels: Sequence[Channel] = (),
) -> list[Built]:
    """Run builds one after the other, a line of progress each; the channels are told of each table."""
    alerting = Alerting(catalog=lake.catalog, channels=channels, anomalies=settings.alerts.anomalies, warn=_warn)
    plan = Run(
        minimum_score=settings.quality.minimum_for,
        more_rules=more_rules,
        full=full,
        accept_loss=accept_loss,
        retention=retention_of(settings),
    )
    built = []
    for build in builds:
        with steps.step(f"build {build.table.name}") as step:
            built.append(build_and_tell(lake, build, plan, alerting))
            step.done = built[-1].rows
        if built[-1].status is Status.PUBLISHED:
            console.print(Text(f"  {built[-1].strategy}: {built[-1].reason}", style="dim"), highlight=False)
    return built


def retention_of(settings: Settings) -> Retention:
    """Give which publishes the settings keep."""
    return Retention(keep_for=timedelta(days=settings.publish.keep_days), keep_count=settings.publish.keep_count)


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
