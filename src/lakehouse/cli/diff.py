"""``lakehouse diff``: what differs in the rows of a table between two of its states."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterator
from dataclasses import asdict
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from lakehouse.catalog.connect import open_catalog
from lakehouse.catalog.environment import EnvironmentCatalog
from lakehouse.cli.options import AsJson, ConfigFile, Env, Override, lake_of, settings_of
from lakehouse.cli.terminal import console
from lakehouse.observe.progress import Steps
from lakehouse.pipeline.diff_sample import Cell, DiffRow
from lakehouse.pipeline.graph import discover
from lakehouse.pipeline.row_pairs import Kind
from lakehouse.pipeline.table_diff import TableDiff, diff_table, plan_against_production, plan_diff
from lakehouse.pipeline.table_state import TableState

_WIDTH = 80
_FULL = 3
"""Lines of an added or removed row at most."""
_SIGNS = {Kind.CHANGED: ("~", "yellow"), Kind.ADDED: ("+", "green"), Kind.REMOVED: ("-", "red")}


def diff(
    table: Annotated[str, typer.Argument(help="A table, such as silver.users.")],
    since: Annotated[
        str | None,
        typer.Argument(metavar="FROM", help="A run, snapshot, tag or instant; not given: the publish before TO."),
    ] = None,
    until: Annotated[str | None, typer.Argument(metavar="TO", help="The same; not given: main as it is.")] = None,
    config: ConfigFile = None,
    overrides: Override = None,
    env: Env = None,
    sample: Annotated[int, typer.Option(help="Show so many rows of each kind at most; 0: none.", min=0)] = 5,
    exit_code: Annotated[bool, typer.Option("--exit-code", help="Exit with 1 where rows differ.")] = False,
    as_json: AsJson = False,
) -> None:
    """Show which rows of a table were added, removed and changed between two states, and in which columns.

    Of the files only those are read that differ; where none does, no session starts. With --env and no FROM, what the
    environment has built is compared with production's.

    Personal values are masked. An instant is UTC where it has no time zone.

    Examples:

        lakehouse diff silver.users

        lakehouse diff silver.users 20261121t060911_ab12cd main --sample 20

        lakehouse diff silver.users "2026-11-20 18:00" --exit-code --json

        lakehouse diff silver.users --env dev
    """
    settings = settings_of(config, overrides, env)
    spec = discover(settings.packages).table(table)
    catalog = open_catalog(settings)
    if isinstance(catalog, EnvironmentCatalog) and since is None and until is None:
        plan, sides = plan_against_production(catalog, spec), ("production", catalog.environment)
    else:
        plan, sides = plan_diff(catalog, spec, since=since, until=until), ("from", "to")
    with Steps(console).step(f"diff {table}") as step:
        found = diff_table(lambda: lake_of(settings), plan, sample=sample)
        step.done = found.added + found.removed + found.changed
    if as_json:
        print(json.dumps(as_data(found), indent=2, ensure_ascii=False))
    else:
        _print(found, sides)
    if exit_code and not found.equal:
        raise typer.Exit(1)


def as_data(found: TableDiff) -> dict[str, Any]:
    """Give a difference as plain data."""
    data = asdict(found)
    for side in ("before", "after"):
        data[side]["at"] = data[side]["at"].isoformat()
    return {"table": data.pop("table"), "equal": found.equal, **data}


def _print(found: TableDiff, sides: tuple[str, str]) -> None:
    out = Console()
    out.print(_states(found, sides))
    out.print(Text(f"{found.method}: {found.reason}", style="dim"))
    out.print()
    if found.equal:
        out.print(Text("no row differs", style="green"))
        return
    out.print(Text(f"{found.added:,} added, {found.removed:,} removed, {found.changed:,} changed", style="bold"))
    if not found.key:
        out.print("it has no key: a changed row is one removed and one added")
    if found.shared_keys:
        shared = "1 key is" if found.shared_keys == 1 else f"{found.shared_keys:,} keys are"
        out.print(f"{shared} shared by several rows: of these a changed row is one removed and one added")
    if found.columns:
        out.print()
        out.print(_columns(found))
    for row in found.sample:
        out.print()
        for line in _lines(row):
            out.print(line, soft_wrap=True)


def _states(found: TableDiff, names: tuple[str, str]) -> Table:
    shown = Table("", *names, box=None, pad_edge=False, title=found.table, title_justify="left")
    sides = (found.before, found.after)
    shown.add_row("published by", *map(_publisher, sides))
    shown.add_row("committed", *(f"{one.at:%Y-%m-%d %H:%M:%S} UTC" for one in sides))
    shown.add_row("snapshot", *(str(one.snapshot_id) for one in sides))
    shown.add_row("rows", *(f"{one.rows:,}" for one in sides))
    return shown


def _publisher(state: TableState) -> str:
    return state.run_id or ("nobody" if state.batch_id is None else f"batch {state.batch_id}")


def _columns(found: TableDiff) -> Table:
    shown = Table("differs in", box=None, pad_edge=False)
    shown.add_column("rows", justify="right")
    for name, count in found.columns.items():
        shown.add_row(name, f"{count:,}")
    return shown


def _lines(row: DiffRow) -> Iterator[Text]:
    """Show a row: its key, and below it what was and what is; of an added or removed one what fits."""
    sign, style = _SIGNS[row.kind]
    key = ", ".join(f"{name} {_shown(text)}" for name, text in row.key.items())
    times = f"  ({row.rows:,} rows)" if row.rows > 1 else ""
    yield Text.assemble((sign, style), f" {key or row.kind}{times}")
    if row.kind is Kind.CHANGED:
        wide = max(len(cell.column) for cell in row.cells)
        for cell in row.cells:
            yield from _cell(cell, wide)
        return
    values = [cell.after if row.kind is Kind.ADDED else cell.before for cell in row.cells]
    text = ", ".join(f"{cell.column} {_shown(value)}" for cell, value in zip(row.cells, values, strict=True))
    indent = " " * 4
    shown = textwrap.wrap(
        text, _WIDTH, initial_indent=indent, subsequent_indent=indent, max_lines=_FULL, placeholder=" …"
    )
    yield from map(Text, shown)


def _cell(cell: Cell, wide: int) -> Iterator[Text]:
    start, was, now = f"    {cell.column:<{wide}}  ", _shown(cell.before), _shown(cell.after)
    if len(f"{start}{was} → {now}") <= _WIDTH:
        yield Text(f"{start}{was} → {now}")
        return
    yield Text(f"{start}{was}")
    yield Text(f"{' ' * (len(start) - 2)}→ {now}")


def _shown(text: str | None) -> str:
    """Give a value on one line; what would move the cursor or colour the terminal is written out."""
    if text is None:
        return "null"
    return "".join(one if one.isprintable() else one.encode("unicode_escape").decode() for one in text)
