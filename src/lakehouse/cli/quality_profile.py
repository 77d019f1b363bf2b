"""``lakehouse quality profile``: what is in a table, and which rules it would hold."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from lakehouse.cli.options import AsJson, ConfigFile, Env, Override, lake_of, settings_of
from lakehouse.cli.terminal import console
from lakehouse.observe.progress import Steps
from lakehouse.pipeline.graph import discover
from lakehouse.quality.profile import ColumnProfile, Profile
from lakehouse.quality.profile import profile as profile_rows
from lakehouse.quality.rule_code import code, source_of
from lakehouse.quality.suggest import suggest as suggest_rules

_WIDTHS = {"column": 20, "type": 13, "nulls": 6, "distinct": 11, "from..to": 22}


def profile(
    table: Annotated[str, typer.Argument(help="A table, such as silver.users.")],
    config: ConfigFile = None,
    overrides: Override = None,
    env: Env = None,
    suggest: Annotated[
        bool, typer.Option("--suggest", help="Print rules that the rows hold, as code; the table goes to stderr.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Show what is in a table: nulls, distinct values and limits by column. Values of personal columns are not shown.

    Suggested rules say what is, not what should be: choose among them, and keep the marks that a column has.

    Examples:

        lakehouse quality profile silver.users

        lakehouse quality profile silver.users --suggest > rules.txt
    """
    settings = settings_of(config, overrides, env)
    spec = discover(settings.packages).table(table)
    with Steps(console).step(f"profile {table}") as step:
        lake = lake_of(settings)
        lake.table(table)
        rows = lake.rows(spec).select(*(column.name for column in spec.columns if not column.generated))
        hidden = [column.name for column in spec.columns if column.pii and not column.generated]
        found = profile_rows(rows, hidden=hidden)
        step.done = found.rows
    suggestions = suggest_rules(found) if suggest else ()
    if as_json:
        rules = [{"column": s.column, "rule": source_of(s.rule), "evidence": s.evidence} for s in suggestions]
        print(json.dumps(asdict(found) | ({"suggestions": rules} if suggest else {}), indent=2))
        return
    _print(found, table, console if suggest else Console())
    if suggest:
        print(code(suggestions), end="")


def _print(found: Profile, table: str, out: Console) -> None:
    shown = Table(box=None, pad_edge=False)
    for name, width in _WIDTHS.items():
        right = name in {"nulls", "distinct"}
        shown.add_column(name, max_width=width, no_wrap=True, overflow="ellipsis", justify="right" if right else "left")
    for column in found.columns:
        nulls = f"{column.nulls / found.rows:.1%}" if found.rows else "–"
        distinct = "–" if column.distinct is None else f"{column.distinct:,}"
        # As text: a value may look like markup.
        shown.add_row(*map(Text, (column.name, column.type, nulls, distinct, _limits(column))))
    out.print(f"{table}  {found.rows:,} rows; distinct is approximate", highlight=False)
    out.print(shown)


def _limits(column: ColumnProfile) -> str:
    if column.shortest is not None:
        return f"{column.shortest:,}..{column.longest:,} characters"
    if column.minimum is None or column.maximum is None:
        return "hidden" if column.hidden else ""
    if column.type.startswith("timestamp"):
        return f"{column.minimum[:10]}..{column.maximum[:10]}"
    return f"{column.minimum}..{column.maximum}"
