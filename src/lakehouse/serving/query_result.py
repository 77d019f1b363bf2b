"""Rows of a query, printed for people or for machines."""

from __future__ import annotations

import csv
import json
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Literal, TextIO

from rich.console import Console
from rich.table import Table
from rich.text import Text

_WIDEST = 40  # characters of a cell


@dataclass(frozen=True, kw_only=True)
class QueryResult:
    """Column names and rows; ``more`` tells that a limit cut the rows off."""

    columns: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]
    more: bool = False


def print_result(result: QueryResult, out: TextIO, *, form: Literal["table", "csv", "json"]) -> None:
    """Print rows: as a table for people, as CSV with a header, or as a JSON list of objects."""
    if form == "csv":
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(result.columns)
        writer.writerows(result.rows)
    elif form == "json":
        rows = [dict(zip(result.columns, row, strict=True)) for row in result.rows]
        print(json.dumps(rows, indent=2, default=str, ensure_ascii=False), file=out)
    else:
        console = Console(file=out, width=None if out.isatty() else 80)
        console.print(_table(result))
        more = ", more were cut off: --limit" if result.more else ""
        console.print(f"[dim]{len(result.rows):,} row{'s' if len(result.rows) != 1 else ''}{more}[/]", highlight=False)


def _table(result: QueryResult) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    for position, name in enumerate(result.columns):
        is_number = all(isinstance(row[position], int | float | Decimal | None) for row in result.rows)
        table.add_column(
            name, justify="right" if is_number and result.rows else "left", overflow="ellipsis", no_wrap=True
        )
    for row in result.rows:
        table.add_row(*map(_cell, row))
    return table


def _cell(value: Any) -> Text:
    if value is None:
        return Text("NULL", style="dim")
    if isinstance(value, float):
        return Text(f"{value:,.4f}".rstrip("0").rstrip("."))
    text = f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value)
    return Text(text if len(text) <= _WIDEST else text[: _WIDEST - 1] + "…")
