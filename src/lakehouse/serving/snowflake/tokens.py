"""The words of a statement, with their places: enough of Snowflake's lexer for what is rendered here."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

_TOKEN = re.compile(
    r"""(?P<space>\s+)
      |(?P<text>'(?:[^'\\]|\\.|'')*')
      |(?P<quoted>"(?:[^"]|"")+")
      |(?P<stage>@[A-Za-z0-9_.$]+(?:/[\w=.-]+)*/)
      |(?P<word>[A-Za-z_][A-Za-z0-9_$]*)
      |(?P<number>\d+(?:\.\d+)?)
      |(?P<sign>::|=>|->|<=|>=|<>|!=|\|\||[()=,;.:+*<>/%-])""",
    re.VERBOSE | re.DOTALL,
)


@dataclass(frozen=True, kw_only=True)
class Token:
    """A word, a quoted name, a text, a number, a stage with its path, a sign; ``wrong`` is none of them."""

    kind: str
    text: str
    line: int


def tokens(sql: str) -> Sequence[Token]:
    """Give the tokens of a statement; what is none, such as a text without an end, is one letter of kind ``wrong``."""
    found, at, line = [], 0, 1
    while at < len(sql):
        match = _TOKEN.match(sql, at)
        kind, text = (match.lastgroup or "wrong", match[0]) if match else ("wrong", sql[at])
        if kind != "space":
            found.append(Token(kind=kind, text=text, line=line))
        line += text.count("\n")
        at += len(text)
    return found
