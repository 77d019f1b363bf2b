"""What a person sees at the end of ``make run``: counts that add up, scores, and what to try next."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from rich.table import Table

from lakehouse.cli.outcome import Outcome
from lakehouse.cli.terminal import console
from lakehouse.quality.report import Report

NEXT = (
    'lakehouse sql "from gold.user_demographics order by users desc limit 5"',
    'lakehouse sql "select currency, sum(net_amount) as net from gold.revenue_daily group by 1 order by 1"',
    "lakehouse verify bronze.users_raw",
    "lakehouse dead-letters bronze.users_raw --limit 5",
    "lakehouse publish snowflake --dry-run",
    "lakehouse init my_lake",
)


def print_summary(outcome: Outcome, folder: Path, *, then: Sequence[str] = NEXT) -> None:
    """Print the outcome of a quickstart within 80 columns, and commands to try ``then``."""
    dead = sum(outcome.dead_letters.values())
    sign, colour = ("=", "green") if outcome.balanced else ("≠", "bold red")
    replayed = f" - {outcome.replayed:,} replayed" if outcome.replayed else ""
    counts = f"{outcome.produced:,} produced {sign} {outcome.bronze_rows:,} good rows + {dead:,} dead letters{replayed}"
    console.print()
    console.print(f"[{colour}]{counts}[/]", highlight=False)
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column("table")
    table.add_column("rows", justify="right")
    table.add_column("quality", justify="right")
    table.add_column("")
    for one in outcome.built:
        score = "" if one.score is None or one.score.score is None else f"{one.score.score:.4f}"
        table.add_row(one.table, f"{one.rows:,}", score, one.status.value)
    console.print(table)
    right = sum(one.right for one in outcome.probes)
    after = "" if outcome.readable_after is None else f", {outcome.readable_after:.1f} s after the last publish"
    console.print(f"\nthe warehouse reads {right} of {len(outcome.probes)} tables as published{after}", highlight=False)
    console.print(f"\nreport  {folder / 'report.html'}\nfacts   {folder / 'run.json'}", highlight=False)
    if then:
        console.print("\ntry next")
    for command in then:
        console.print(f"  .venv/bin/{command}", highlight=False, soft_wrap=True)


def report_of(outcome: Outcome) -> Report:
    """Put the outcome into the words of the HTML report."""
    facts = outcome.to_dict()
    return Report(
        title="Lakehouse run",
        finished_at=datetime.now(UTC),
        produced=outcome.produced,
        # What was replayed is among the dead letters already.
        bronze_rows=outcome.bronze_rows - outcome.replayed,
        dead_letters=outcome.dead_letters,
        tables=tuple(one.score for one in outcome.built if one.score),
        gold=outcome.gold,
        seconds=outcome.seconds,
        versions=facts["versions"],
    )
