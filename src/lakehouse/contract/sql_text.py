"""What a SQL text tells before it is run: its inputs ``{orders}``, its instant ``:now``, and what it may not do."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise

from lakehouse.errors import ContractError

_TOKEN = re.compile(
    r"(?P<comment>--[^\n]*|/\*.*?\*/)|(?P<text>'(?:\\.|[^'\\])*'|\"(?:\\.|[^\"\\])*\")|(?P<field>\{\{|\}\}|\{[^{}]*\}|[{}])"
    r"|(?P<marker>(?<![:\w])(?<!\?):[A-Za-z_]\w*)|(?P<name>(?:[A-Za-z_]\w*|`[^`]+`)(?:\s*\.\s*(?:\w+|`[^`]+`))*)|(?P<other>\S)",
    re.DOTALL,
)
_FIELD = re.compile(r"\{\{|\}\}|\{[^{}]*\}|[{}]")
_BEGINS = {"select", "with", "from", "values", "table", "("}


@dataclass(frozen=True)
class _Token:
    kind: str
    text: str
    line: int

    @property
    def word(self) -> str:
        return self.text.lower()


def check_sql(text: str, *, file: str, inputs: Sequence[str], instant: str | None) -> None:
    """Hold the text of a build against its inputs.

    Raises:
        ContractError: It names an input that there is none of, or a table; it does not read one of its inputs; or it is
            no query. The place is told.
    """
    named = dict(_fields(text, file=file))
    for name, line in named.items():
        if name not in inputs:
            near = difflib.get_close_matches(name, inputs, n=1)
            hint = f"did you mean {{{near[0]}}}?" if near else f"its inputs are {', '.join(inputs)}"
            raise ContractError(f"{file}:{line}: {{{name}}} is no input; {hint}")
    unused = [name for name in inputs if name not in named]
    if unused:
        shown = ", ".join(f"{{{name}}}" for name in unused)
        raise ContractError(f"{file}: {shown} is not in the text; read it, or take it out of inputs")
    tokens = list(_tokens(text))
    _check_query(tokens, file=file)
    _check_reads(tokens, file=file)
    _check_instant(tokens, file=file, instant=instant)


def with_instant(text: str, name: str, instant: datetime) -> str:
    """Put an instant where its marker stands, as a literal.

    Iceberg's extensions of Spark 4.1 hand the text on without the values of its markers.
    """
    literal = f"TIMESTAMP '{instant.isoformat(sep=' ')}'"
    here = f":{name}"
    return _TOKEN.sub(lambda found: literal if found.lastgroup == "marker" and found[0] == here else found[0], text)


def _fields(text: str, *, file: str) -> Iterator[tuple[str, int]]:
    """Give what stands in braces, with the line; braces count in texts and comments too, as in ``str.format``."""
    for found in _FIELD.finditer(text):
        line = text.count("\n", 0, found.start()) + 1
        if found[0] in ("{", "}"):
            raise ContractError(f"{file}:{line}: a single {found[0]}; write {found[0] * 2} where it stands for itself")
        if found[0] not in ("{{", "}}"):
            yield found[0][1:-1], line


def _tokens(text: str) -> Iterator[_Token]:
    for found in _TOKEN.finditer(text):
        kind = found.lastgroup or ""
        if kind not in ("comment", "text"):
            yield _Token(kind, found[0], text.count("\n", 0, found.start()) + 1)


def _check_query(tokens: Sequence[_Token], *, file: str) -> None:
    if not tokens or tokens[0].word not in _BEGINS:
        raise ContractError(f"{file}: it is no query; begin with SELECT or WITH")
    for before, one in pairwise(tokens):
        if one.word in {"into", "overwrite"} and before.word in {"insert", "merge"}:
            raise ContractError(f"{file}:{before.line}: {before.text} writes; a build gives the rows of a query")
        if before.text == ";":
            raise ContractError(f"{file}:{one.line}: a second statement; a build is one query")


def _check_reads(tokens: Sequence[_Token], *, file: str) -> None:
    """Refuse tables that are read by name: a run would not pin them, and the graph would not know them."""
    # Of each open bracket, whether a query is in it: FROM in extract(day FROM x) is none of a query.
    queries = [True]
    for at, one in enumerate(tokens):
        after = tokens[at + 1] if at + 1 < len(tokens) else _Token("", "", one.line)
        before = tokens[at - 1].word if at else ""
        if one.text == "(":
            queries.append(after.word in _BEGINS)
        elif one.text == ")" and len(queries) > 1:
            queries.pop()
        reads = one.word == "join" or (one.word == "from" and queries[-1] and before != "distinct")
        if reads and after.kind == "name" and "." in after.text:
            name = after.text.replace("`", "")
            raise ContractError(
                f"{file}:{after.line}: it reads {name} by its name; make it an input, and read that as "
                f"{{{name.rsplit('.', 1)[1]}}}"
            )


def _check_instant(tokens: Sequence[_Token], *, file: str, instant: str | None) -> None:
    markers = {one.text[1:]: one.line for one in tokens if one.kind == "marker"}
    for name, line in markers.items():
        if name != instant:
            todo = f"it has :{instant}" if instant else f'the instant of the run is said with instant="{name}"'
            raise ContractError(f"{file}:{line}: :{name} is given by nobody; {todo}")
    if instant and instant not in markers:
        raise ContractError(f"{file}: :{instant} is not in the text; use it, or take instant={instant!r} away")
