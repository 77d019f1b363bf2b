"""``lakehouse plan``: what a run would do, and why, before it does it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from lakehouse.cli.options import AsJson, ConfigFile, Env, Override, Since, lake_of, settings_of, since_by_table
from lakehouse.cli.output import give
from lakehouse.cli.plan_data import Price, as_data
from lakehouse.cli.plan_text import lines_of
from lakehouse.cli.rules import more_rules
from lakehouse.cli.terminal import console
from lakehouse.config import Settings
from lakehouse.contract.engine import SPARK_AND_SAIL
from lakehouse.errors import LakehouseError
from lakehouse.observe.progress import Steps
from lakehouse.pipeline.graph import discover
from lakehouse.pipeline.lake_plan import plan_lake
from lakehouse.pipeline.run import Run

_JAVA_OPTIONS = "spark.driver.extraJavaOptions"


def plan(
    tables: Annotated[list[str] | None, typer.Argument(help="Tables to build; none means all.")] = None,
    config: ConfigFile = None,
    overrides: Override = None,
    env: Env = None,
    downstream: Annotated[bool, typer.Option("--downstream", help="Also the tables that read them.")] = False,
    full: Annotated[bool, typer.Option("--full", help="As `run --full`: even what is up to date.")] = False,
    since: Since = "",
    out: Annotated[Path | None, typer.Option(help="File to write. Not given: standard output.", dir_okay=False)] = None,
    as_json: AsJson = False,
) -> None:
    """Show what `lakehouse run` would do, and why. Reads no data and changes nothing.

    Each build is called with empty inputs and held against its contract, unless all code that it can reach is that of
    its newest publish; contracts are held against the live tables; the ledger tells what is stale, and Iceberg's
    metadata what would be read. --since is that of `lakehouse run`.

    Exit code 3: a build does not fit its contract, or a schema change is refused.

    Examples:

        lakehouse plan

        lakehouse plan silver.users --downstream --full

        lakehouse plan silver.users --since "2026-11-20 18:00"

        lakehouse plan --json --out build/plan.json
    """
    settings = settings_of(config, overrides, env)
    graph = discover(settings.packages)
    builds, more = graph.select(tables or (), downstream=downstream), more_rules(settings, graph)
    again = since_by_table(tables, builds, since, full=full)
    run = Run(minimum_score=settings.quality.minimum_for, more_rules=more, full=full)
    steps = Steps(console)
    with steps.step("start the session"):
        lake = lake_of(_without_jobs(settings), on=SPARK_AND_SAIL)
    with steps.step(f"plan {len(builds)} build{'' if len(builds) == 1 else 's'}"):
        found = plan_lake(lake, graph, builds, run, since=again)
    price = Price(per_hour=settings.plan.price_per_hour, currency=settings.plan.currency)
    if as_json:
        took = dict(zip(("session", "plan"), steps.seconds.values(), strict=True))
        give(json.dumps(as_data(found, price) | {"took_seconds": took}, indent=2) + "\n", out, what="plan")
    elif out:
        give("".join(f"{line.plain}\n" for line in lines_of(found, price)), out, what="plan")
    else:
        for line in lines_of(found, price):
            Console().print(line, soft_wrap=True)
    if found.errors:
        raise typer.Exit(LakehouseError.exit_code)


def _without_jobs(settings: Settings) -> Settings:
    """Give the settings of a session that analyses queries and runs none.

    Java compiles quickly then, and not well: the JVM lives too short to earn what the better compiler costs, which is
    half of the time. Of no effect where Spark was started by others.
    """
    conf = settings.session.conf
    options = f"{conf.get(_JAVA_OPTIONS, '')} -XX:TieredStopAtLevel=1".strip()
    session = settings.session.model_copy(update={"conf": {**conf, _JAVA_OPTIONS: options}})
    return settings.model_copy(update={"session": session})
