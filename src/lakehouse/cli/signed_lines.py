"""Lines within 80 columns that begin with a sign: + new, ~ changed, - gone, ! wrong, ✓ right, … waiting."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator

from rich.text import Text

_WIDTH = 80
_STYLES = {"+": "green", "~": "yellow", "-": "yellow", "!": "bold red", "✓": "green", "…": "cyan"}


def head(sign: str, table: str, text: str = "") -> Text:
    """Give the line of a table."""
    return signed(sign, f"{table:<32}  {text}".rstrip())


def signed(sign: str, text: str) -> Text:
    """Give a line."""
    return Text.assemble((sign, _STYLES[sign]), f" {text}")


def wrapped(text: str, *, indent: int = 0, sign: str = "", style: str = "") -> Iterator[Text]:
    """Break a text into lines, of which all but the first stand further in. A word longer than a line is left whole."""
    start = " " * indent + (f"{sign} " if sign else "")
    for paragraph in text.splitlines():
        for line in textwrap.wrap(
            paragraph, _WIDTH, initial_indent=start, subsequent_indent=" " * (indent + 2),
            break_long_words=False, break_on_hyphens=False,
        ):  # fmt: skip
            yield Text(line, style=style or _STYLES.get(sign, ""))


def changed(statement: str) -> Iterator[Text]:
    """Show what a statement does to its table, without the name of it."""
    what = statement.split(" ", 3)[3]
    yield from wrapped(what, indent=4, sign={"ADD": "+", "DROP": "-"}.get(what.split(" ", 1)[0], "~"))
