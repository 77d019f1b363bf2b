"""``lakehouse backfill``: build a table anew, slice by slice."""

from __future__ import annotations

import json
from typing import Annotated

import typer
from rich.console import Console

from lakehouse.catalog.connect import open_catalog
from lakehouse.catalog.iceberg import Lake
from lakehouse.cli.amounts import count, duration
from lakehouse.cli.backfill_text import as_data, lines_of, notes_of, seconds_left, seconds_of
from lakehouse.cli.options import AsJson, ConfigFile, Env, Override, Wait, lake_of, settings_of
from lakehouse.cli.rules import more_rules
from lakehouse.cli.run import alerting_of, run_of
from lakehouse.cli.terminal import console
from lakehouse.errors import QualityGateError
from lakehouse.observe.progress import Steps
from lakehouse.pipeline.alerting import Alerting
from lakehouse.pipeline.backfill import DoneSlice, run_backfill
from lakehouse.pipeline.backfill_plan import Backfill, BackfillPlan, plan_backfill
from lakehouse.pipeline.graph import discover
from lakehouse.pipeline.run import Run
from lakehouse.quality import RuleSet, rule_set


def backfill(
    table: Annotated[str, typer.Argument(help="A table that a build makes, such as silver.user_changes.")],
    config: ConfigFile = None,
    overrides: Override = None,
    env: Env = None,
    start: Annotated[str, typer.Option("--from", metavar="VALUE", help="From this value on. Not given: all.")] = "",
    stop: Annotated[
        str, typer.Option("--to", metavar="VALUE", help="Up to this value, not included. Not given: all.")
    ] = "",
    by: Annotated[
        str,
        typer.Option(
            metavar="UNIT", help="hour, day, month, year, a number, bucket(16); or partition, as it has them."
        ),
    ] = "partition",
    column: Annotated[str, typer.Option(help="Column that is cut. Not given: that of its partitioning.")] = "",
    parallel: Annotated[int, typer.Option(help="So many slices are made at a time.", min=1, max=64)] = 1,
    forward_only: Annotated[
        bool, typer.Option("--forward-only", help="Rows outside of the range may stay as earlier code made them.")
    ] = False,
    accept_loss: Annotated[
        bool, typer.Option("--accept-loss", help="Go on without rows that the inputs do not give any more.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show the slices, change nothing.")] = False,
    wait: Wait = None,
    as_json: AsJson = False,
) -> None:
    """Build the rows of a table anew, slice by slice, from the inputs that its newest publish has read.

    Each slice is scored and published in one commit. A backfill that was cut off goes on with the slice after the last
    one that was published, when it is asked for once more in the same words.

    Examples:

        lakehouse backfill silver.user_changes --from 2026-11-01 --dry-run

        lakehouse backfill gold.quality_trend --column day --by month --parallel 4

        lakehouse backfill silver.orders --by "bucket(16)"
    """
    settings = settings_of(config, overrides, env)
    graph = discover(settings.packages)
    (build,), more = graph.select([table]), more_rules(settings, graph)
    rules, steps = rule_set(build.table, more=more(table)), Steps(console)
    asked = Backfill(start=start, stop=stop, column=column, by=by, forward_only=forward_only)
    run = run_of(settings, more, command=f"lakehouse backfill {table}", wait=wait, accept_loss=accept_loss)
    # Metadata tell what there is to do: what cannot be done is refused before a session is started.
    plan = plan_backfill(open_catalog(settings), build, rules, asked, run)
    if dry_run:
        _show(plan, as_json=as_json)
        return
    for note in notes_of(plan):
        console.print(note, highlight=False)
    with steps.step("start the session"):
        lake = lake_of(settings)
    done = _run(lake, plan, rules, run, steps, alerting_of(settings, lake.catalog), parallel)
    if as_json:
        print(json.dumps(as_data(plan, done), indent=2))
    else:
        slices = count(len(done), "slice")
        console.print(f"{plan.table}: {slices} published, {done[-1].rows:,} rows in all", highlight=False)


def _run(
    lake: Lake, plan: BackfillPlan, rules: RuleSet, run: Run, steps: Steps, alerting: Alerting, parallel: int
) -> list[DoneSlice]:
    done: list[DoneSlice] = []
    total, expected = plan.mark.done + len(plan.slices), seconds_of(plan)
    with steps.step(f"backfill {plan.table}", total=total) as step:

        def tell(one: DoneSlice) -> None:
            done.append(one)
            number, left = plan.mark.done + len(done), duration(seconds_left(plan, done))
            step.say(f"{number:,} of {total:,}, {one.planned.slice.text}, {one.rows:,} rows, about {left} left")
            step.at(number, total)

        about = "" if expected is None else f", about {duration(expected)}"
        step.say(f"{count(len(plan.slices), 'slice')}{about}")
        step.at(plan.mark.done, total)
        try:
            run_backfill(lake, plan, rules, run, parallel=parallel, told=tell)
        except QualityGateError as error:
            alerting.after(plan.table, run, refused=error)
            raise
    alerting.after(plan.table, run)
    return done


def _show(plan: BackfillPlan, *, as_json: bool) -> None:
    if as_json:
        print(json.dumps(as_data(plan), indent=2))
        return
    for line in lines_of(plan):
        Console().print(line, soft_wrap=True, highlight=False)
    console.print("nothing was changed (--dry-run)")
