"""``lakehouse quality``: score a table, see how it went over time, release what was set aside."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from lakehouse.catalog.connect import open_catalog
from lakehouse.catalog.quality_metrics import past_scores
from lakehouse.cli.options import AsJson, ConfigFile, Env, Override, lake_of, settings_of
from lakehouse.cli.rules import judged
from lakehouse.cli.run import retention_of
from lakehouse.cli.terminal import console
from lakehouse.errors import ConfigError
from lakehouse.observe.progress import Steps
from lakehouse.pipeline.release import release as release_rows
from lakehouse.pipeline.run import new_run_id
from lakehouse.pipeline.score_table import Scoring, score_table
from lakehouse.quality import ScoredAt
from lakehouse.quality.gate import costliest

TableName = Annotated[str, typer.Argument(help="A table with rules, such as silver.users.")]


def score(
    table: TableName,
    config: ConfigFile = None,
    overrides: Override = None,
    env: Env = None,
    full: Annotated[bool, typer.Option("--full", help="Scan all rows, not only what changed.")] = False,
    save: Annotated[bool, typer.Option("--save/--no-save", help="Keep it in quality.metrics.")] = True,
    as_json: AsJson = False,
) -> None:
    """Score a table as it stands now, by its rules as they are now. The table itself is not changed.

    Where few rows changed since the last score, only those are read.

    Examples:

        lakehouse quality score silver.users

        lakehouse quality score silver.users --full --no-save --json
    """
    settings = settings_of(config, overrides, env)
    spec, rules = judged(settings, table)
    with Steps(console).step(f"score {table}") as step:
        lake = lake_of(settings)
        found = score_table(lake, spec, rules, run_id=new_run_id(), instant=datetime.now(UTC), full=full, keep=save)
        step.done = found.score.rows
    _print_score(found, as_json=as_json)


def history(
    table: TableName,
    config: ConfigFile = None,
    overrides: Override = None,
    env: Env = None,
    rule: Annotated[str | None, typer.Option(help="One rule of the table instead of its score.")] = None,
    limit: Annotated[int, typer.Option(help="At most so many publishes.", min=1)] = 20,
    as_json: AsJson = False,
) -> None:
    """Show the score of a table at each publish, newest first. Starts no session.

    Examples:

        lakehouse quality history silver.users --rule email_syntax
    """
    settings = settings_of(config, overrides, env)
    _, rules = judged(settings, table)
    names = [one.name for one in (*rules.rules, *rules.table_rules)]
    past = past_scores(open_catalog(settings), table, most=limit)
    if rule is not None and not any(one.name == rule for at in past for one in at.score.rules):
        raise ConfigError(f"{table} was never scored by a rule {rule!r}; its rules are {', '.join(names)}")
    rows = [_at(one, rule) for one in past]
    if as_json:
        print(json.dumps(rows, indent=2))
        return
    shown = Table(box=None, pad_edge=False)
    for name in ("published", "run", "score", "failed", "assessed"):
        shown.add_column(name, justify="left" if name in {"published", "run"} else "right")
    for row in rows:
        score = "–" if row["score"] is None else f"{row['score']:.4f}"
        when = datetime.fromisoformat(row["published"]).strftime("%Y-%m-%d %H:%M")
        shown.add_row(when, row["run"], score, f"{row['failed']:,}", f"{row['assessed']:,}")
    Console().print(shown if rows else f"{table} was not published yet")


def release(
    table: TableName,
    config: ConfigFile = None,
    overrides: Override = None,
    env: Env = None,
    repair: Annotated[
        list[str] | None, typer.Option("--repair", metavar="COLUMN=SQL", help="How a column is repaired.")
    ] = None,
    where: Annotated[str | None, typer.Option(help="Which rows, as SQL over their columns; default all.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Count only, change nothing.")] = False,
    as_json: AsJson = False,
) -> None:
    """Repair rows that were set aside, and put those that hold the rules now back into the table, once.

    Examples:

        lakehouse quality release silver.users --repair "age=abs(age)" --where "age < 0" --dry-run
    """
    settings = settings_of(config, overrides, env)
    spec, rules = judged(settings, table)
    repairs = dict(_pair(text) for text in repair or ())
    with Steps(console).step(f"release {table}") as step:
        lake = lake_of(settings)
        done = release_rows(
            lake,
            spec,
            rules=rules,
            repairs=repairs,
            where=where,
            run_id=new_run_id(),
            retention=retention_of(settings),
            dry_run=dry_run,
        )
        step.done = done.put_back
    if as_json:
        print(json.dumps(asdict(done)))
        return
    would = "would go" if dry_run else "went"
    console.print(f"{done.chosen:,} rows were chosen, {done.repaired:,} hold the rules, ", end="")
    console.print(f"{done.repaired if dry_run else done.put_back:,} {would} back")
    for name, count in sorted(done.still_failing.items(), key=lambda one: -one[1]):
        console.print(f"  {name}: {count:,} still fail")


def _pair(text: str) -> tuple[str, str]:
    column, equals, sql = text.partition("=")
    if not equals or not column.strip() or not sql.strip():
        raise ConfigError(f"--repair {text!r}: write COLUMN=SQL, such as --repair 'age=abs(age)'")
    return column.strip(), sql


def _at(one: ScoredAt, rule: str | None) -> dict[str, Any]:
    found = next((part for part in one.score.rules if part.name == rule), None)
    failed, assessed = (found.failed, found.assessed) if found else (one.score.rows_failed, one.score.rows)
    score = None if rule and not found else found.score if found else one.score.score
    if rule and not found:
        failed, assessed = 0, 0
    return {
        "published": one.measured_at.astimezone(UTC).isoformat(),
        "run": one.run_id,
        "score": score,
        "failed": failed,
        "assessed": assessed,
    }


def _print_score(scoring: Scoring, *, as_json: bool) -> None:
    found, weakest = scoring.score, scoring.score.weakest
    if as_json:
        summary = {"score": found.score, "weakest": weakest.name if weakest else None}
        where = {"snapshot_id": scoring.snapshot_id, "added_to": scoring.added_to}
        print(json.dumps(summary | where | {"dimensions": found.by_dimension} | json.loads(found.to_json()), indent=2))
        return
    out = Console()
    if found.score is None:
        out.print(f"{found.table}: nothing to assess in {found.rows:,} rows")
        return
    out.print(
        f"{found.table}  [bold]{found.score:.4f}[/]  {found.rows:,} rows, {found.rows_failed:,} fail an error rule"
    )
    if weakest and weakest.failed:
        out.print(f"weakest error rule  {weakest.name} {weakest.score:.4f}")
    out.print("  ".join(f"{name} {score:.4f}" for name, score in found.by_dimension.items()))
    shown = Table(box=None, pad_edge=False)
    for name, justify in (("rule", "left"), ("failed", "right"), ("of", "right"), ("score", "right"), ("", "left")):
        shown.add_column(name, justify=justify)  # type: ignore[arg-type]
    for rule in costliest(found):
        shown.add_row(rule.name, f"{rule.failed:,}", f"{rule.assessed:,}", f"{rule.score:.4f}", rule.detail)
    out.print(shown if shown.row_count else "no row failed a rule")
