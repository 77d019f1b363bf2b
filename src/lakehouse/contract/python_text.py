"""Python as a formatter leaves it: string literals, docstrings, comments, and code that is broken over lines."""

from __future__ import annotations

import textwrap
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

LIMIT = 120
"""Columns of a line."""


@dataclass(frozen=True)
class Text:
    """A string literal that may be cut into several where it is longer than a line."""

    text: str


@dataclass(frozen=True)
class Group:
    """Code in brackets: what stands before the parts with the opening one, the parts, and the closing one."""

    opening: str
    parts: tuple[Code, ...]
    closing: str


Code = str | Text | Group


def laid_out(code: Code, *, before: str = "", after: str = "", indent: int = 0) -> list[str]:
    """Write code as lines: one if it fits, else the parts of the outermost brackets on one, else a line for each."""
    start = " " * indent
    whole = f"{start}{before}{flat(code)}{after}"
    if wide(whole) <= LIMIT or isinstance(code, str):
        return [whole]
    if isinstance(code, Text):
        pieces = [f"{start}{literal(piece)}" for piece in _pieces(code.text, LIMIT - indent - 1)]
        return [*pieces[:-1], f"{pieces[-1]}{after}"]
    inner = f"{start}    {', '.join(map(flat, code.parts))}"
    if wide(inner) <= LIMIT:
        lines = [inner]
    elif len(code.parts) == 1 and isinstance(code.parts[0], Text):
        # A text that is cut and stands alone has no comma behind it.
        lines = laid_out(code.parts[0], indent=indent + 4)
    else:
        lines = [line for part in code.parts for line in laid_out(part, after=",", indent=indent + 4)]
    return [f"{start}{before}{code.opening}", *lines, f"{start}{code.closing}{after}"]


def flat(code: Code) -> str:
    """Write code on one line."""
    if isinstance(code, Text):
        return literal(code.text)
    return code if isinstance(code, str) else f"{code.opening}{', '.join(map(flat, code.parts))}{code.closing}"


def wide(text: str) -> int:
    """Count the columns that a text takes, as formatters do: two for each Chinese, Japanese or Korean character."""
    marks = ("Mn", "Me", "Cf")
    return sum(
        2 if unicodedata.east_asian_width(one) in "WF" else 0 if unicodedata.category(one) in marks else 1
        for one in text
    )


def literal(text: str) -> str:
    """Write a text as a string literal, in the quotes that need fewer escapes."""
    quote = "'" if text.count('"') > text.count("'") else '"'
    return quote + "".join(_escaped(one, quote) for one in text) + quote


def strings(texts: Sequence[str], *, before: str = "") -> Group:
    """Write a tuple of strings."""
    only = texts[0] if len(texts) == 1 else None
    parts: tuple[Code, ...] = (f"{literal(only)},",) if only is not None else tuple(map(literal, texts))
    return Group(f"{before}(", parts, ")")


def from_import(module: str, names: Sequence[str]) -> list[str]:
    """Write the import of some names of a module."""
    line = f"from {module} import {', '.join(names)}"
    if not names or wide(line) <= LIMIT:
        return [line] if names else []
    return [f"from {module} import (", *(f"    {one}," for one in names), ")"]


def docstring(text: str, *, indent: int) -> list[str]:
    """Write a text as the lines of a docstring, wrapped; its white space is that of a comment: single spaces."""
    start = " " * indent
    shown = "".join(_escaped(one, "") for one in " ".join(text.split())).replace('"""', r"\"\"\"")
    # A formatter sets a space before the closing quotes where the text ends with one; that is not of the text.
    shown += " " if shown.endswith('"') else ""
    if indent + wide(shown) + 6 <= LIMIT:
        return [f'{start}"""{shown}"""']
    wrapped = textwrap.wrap(f'"""{shown}', LIMIT - indent, break_long_words=False, break_on_hyphens=False)
    return [*(start + line for line in wrapped), f'{start}"""']


def comment(text: str, *, indent: int = 4) -> list[str]:
    """Write a text as lines of a comment."""
    shown = "".join(_escaped(one, "") for one in text)
    start = f"{' ' * indent}# "
    further = f"{start}  " if text.startswith("- ") else start
    return textwrap.wrap(shown, LIMIT, initial_indent=start, subsequent_indent=further, break_on_hyphens=False)


def _pieces(text: str, room: int) -> list[str]:
    """Cut a text behind spaces, or anywhere where there is none, so that each literal fits."""
    found, rest = [], text
    while wide(literal(rest)) > room:
        end = room - 2
        while wide(literal(rest[:end])) > room:
            end -= 1
        end = rest.rfind(" ", 1, end) + 1 or end
        found.append(rest[:end])
        rest = rest[end:]
    return [*found, rest]


def _escaped(one: str, quote: str) -> str:
    if one in ("\\", quote):
        return f"\\{one}"
    return one if one.isprintable() else repr(one)[1:-1]
