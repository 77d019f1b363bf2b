"""A grammar in the notation of Snowflake's reference pages, and what it makes of a statement.

``WORD`` and ``'text'`` stand for themselves; ``<rule>`` for a rule, ``<rule: label>`` for one whose words are kept;
``[ … ]`` may be left out; ``{ a | b }`` is one of them, the first that fits; ``{ … },`` is a list with commas. Nothing
is tried twice: the statements are rendered here, each has one way to be read.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache

from lakehouse.serving.snowflake.tokens import Token

_PIECE = re.compile(r"\s*(<[a-z0-9 ]+(?:: [a-z ]+)?>|'[^']*'|\|\||\},|[\[\]{}|]|::|->|[A-Za-z_][\w$]*|\d+|[^\s\w])")

Kept = Sequence[tuple[str, str]]
"""What was kept of a statement: label and words."""
Match = tuple[int, list[tuple[str, str]]] | None
"""The place behind what fits, and what was kept of it."""


@dataclass(frozen=True, kw_only=True)
class Node:
    """A piece of a grammar: one of ``word``, ``rule``, ``all``, ``maybe``, ``either``, ``list``."""

    kind: str
    text: str = ""
    label: str = ""
    inner: tuple[Node, ...] = ()


@cache
def parse(grammar: str) -> Node:
    """Read a grammar."""
    pieces = [match[1] for match in _PIECE.finditer(grammar)]
    node, rest = _choice(pieces)
    assert not rest, f"a grammar ends before {rest[:5]}"
    return node


def _choice(pieces: list[str]) -> tuple[Node, list[str]]:
    ways = []
    while True:
        way, pieces = _sequence(pieces)
        ways.append(way)
        if not pieces or pieces[0] != "|":
            return (ways[0] if len(ways) == 1 else Node(kind="either", inner=tuple(ways))), pieces
        pieces = pieces[1:]


def _sequence(pieces: list[str]) -> tuple[Node, list[str]]:
    found = []
    while pieces and pieces[0] not in {"|", "]", "}", "},"}:
        first, pieces = pieces[0], pieces[1:]
        if first in {"[", "{"}:
            inner, pieces = _choice(pieces)
            kind = {"]": "maybe", "},": "list"}.get(pieces[0], "all")
            found.append(Node(kind=kind, inner=(inner,)))
            pieces = pieces[1:]
        elif first.startswith("<") and first != "<":
            name, _, label = first[1:-1].partition(": ")
            found.append(Node(kind="rule", text=name, label=label))
        else:
            found.append(Node(kind="word", text=first))
    return Node(kind="all", inner=tuple(found)), pieces


@dataclass(kw_only=True)
class Reading:
    """A statement that is being read; ``furthest`` and ``expected`` tell where it could not go on.

    Args:
        tokens: Those of the statement.
        rules: Grammars by the name of their rule.
        terminals: By name what one token has to be.
    """

    tokens: Sequence[Token]
    rules: Mapping[str, str]
    terminals: Mapping[str, Callable[[Token], bool]]
    furthest: int = 0
    expected: list[str] = field(default_factory=list)

    def read(self, grammar: str) -> Kept | None:
        """Give what was kept of the statement; None: it is not of that grammar."""
        found = self._match(parse(grammar), 0)
        if found and found[0] < len(self.tokens):
            self._failed(found[0], "nothing more")
            return None
        return found and found[1]

    def problem(self) -> str:
        """Say where it could not go on."""
        wanted = " or ".join(dict.fromkeys(self.expected))
        if self.furthest >= len(self.tokens):
            return f"it ends where {wanted} is expected"
        token = self.tokens[self.furthest]
        return f"line {token.line}: {token.text[:60]} stands where {wanted} is expected"

    def _match(self, node: Node, at: int) -> Match:
        return {
            "word": self._word, "rule": self._rule, "all": self._all,
            "maybe": self._maybe, "either": self._either, "list": self._list,
        }[node.kind](node, at)  # fmt: skip

    def _word(self, node: Node, at: int) -> Match:
        if at < len(self.tokens) and self.tokens[at].text == node.text:
            return at + 1, []
        return self._failed(at, node.text)

    def _rule(self, node: Node, at: int) -> Match:
        if node.text == "query":
            return self._query(at)
        if node.text in self.rules:
            found = self._match(parse(self.rules[node.text]), at)
        elif at < len(self.tokens) and self.terminals[node.text](self.tokens[at]):
            found = at + 1, []
        else:
            return self._failed(at, f"<{node.text}>")
        if found and node.label:
            words = "".join(token.text for token in self.tokens[at : found[0]])
            return found[0], [*found[1], (node.label, words)]
        return found

    def _query(self, at: int) -> Match:
        """What somebody else wrote: up to the end of the statement, or of the parentheses that it stands in."""
        end, depth = at, 0
        while end < len(self.tokens) and self.tokens[end].text != ";":
            depth += {"(": 1, ")": -1}.get(self.tokens[end].text, 0)
            if depth < 0:
                break
            end += 1
        words = self.tokens[at:end]
        broken = any(token.kind == "wrong" for token in words)
        if broken or depth > 0 or not words or words[0].text.upper() not in {"SELECT", "WITH"}:
            return self._failed(at, "<query>")
        return end, []

    def _all(self, node: Node, at: int) -> Match:
        kept: list[tuple[str, str]] = []
        for inner in node.inner:
            found = self._match(inner, at)
            if found is None:
                return None
            at = found[0]
            kept += found[1]
        return at, kept

    def _maybe(self, node: Node, at: int) -> Match:
        return self._match(node.inner[0], at) or (at, [])

    def _either(self, node: Node, at: int) -> Match:
        return next((found for inner in node.inner if (found := self._match(inner, at))), None)

    def _list(self, node: Node, at: int) -> Match:
        kept: list[tuple[str, str]] = []
        while (found := self._match(node.inner[0], at)) is not None:
            at = found[0]
            kept += found[1]
            if at >= len(self.tokens) or self.tokens[at].text != ",":
                return at, kept
            at += 1
        return None

    def _failed(self, at: int, wanted: str) -> Match:
        if at > self.furthest:
            self.furthest, self.expected = at, []
        if at == self.furthest:
            self.expected.append(wanted)
        return None
