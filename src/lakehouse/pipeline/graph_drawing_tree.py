"""The graph of a lake for a terminal: a tree from the sources to the leaves, each table on one line of it."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from rich.text import Text

from lakehouse.pipeline.graph import FilledBy
from lakehouse.pipeline.graph_drawing import Drawing, Node

_GAP = 3
_NARROWEST_NOTE = 30
_STYLES = {
    FilledBy.BUILD: "bold",
    FilledBy.STREAM: "bold cyan",
    FilledBy.SOURCE: "bold cyan",
    FilledBy.EXTERNAL: "bold cyan",
    FilledBy.NOTHING: "bold red",
}
_FILLED = {
    FilledBy.BUILD: "filled by a build",
    FilledBy.STREAM: "filled by a stream",
    FilledBy.SOURCE: "filled from a source",
    FilledBy.EXTERNAL: "filled from outside of the lake",
    FilledBy.NOTHING: "nothing fills it",
}


@dataclass(frozen=True, kw_only=True)
class _Line:
    """A table in the tree: what stands before its name, and before the names of its children."""

    node: Node
    guide: str
    indent: str
    children: Sequence[Node]

    @property
    def width(self) -> int:
        return len(self.guide) + len(self.node.table)

    @property
    def below(self) -> str:
        """What stands on the lines between its name and its first child."""
        return self.indent + ("│" if self.children else "")


def tree(drawing: Drawing, *, width: int) -> Text:
    """Draw as a tree, notes on its right or, where there is no room for them, under the names.

    A table that is built from several others stands once, under the one that is the farthest from the sources; its
    notes name the others, and theirs name it. The first note is where the build stands, or what else fills the table.

    Args:
        width: Columns of the terminal. Notes are broken to it; names are never cut.
    """
    parents = _parents(drawing)
    feeds: dict[str, list[str]] = {}
    for read, made in drawing.edges:
        feeds.setdefault(read, []).extend([made] if parents[made] != read else [])
    lines = list(_lines(drawing, parents))
    start = max((line.width for line in lines), default=0) + _GAP
    beside = width - start >= _NARROWEST_NOTE
    rows: list[Text] = []
    for line in lines:
        margin = start if beside else len(line.indent) + _GAP
        facts = _facts(line.node, parents.get(line.node.table), feeds.get(line.node.table, ()))
        room = max(width - margin, _NARROWEST_NOTE)
        notes = [note for fact in facts for note in textwrap.wrap(fact, room, subsequent_indent="  ")]
        beginning = " " * (start - line.width) + notes.pop(0) if beside else ""
        name = (line.node.table, _STYLES[line.node.filled_by])
        rows.append(Text.assemble((line.guide, "dim"), name, (beginning, "dim")))
        rows += [Text(f"{line.below:<{margin}}{note}", "dim") for note in notes]
    return Text("\n").join(rows)


def _parents(drawing: Drawing) -> dict[str, str]:
    """Give the table under which each stands; sources stand under none."""
    depths = {node.table: node.depth for node in drawing.nodes}
    parents: dict[str, str] = {}
    for read, made in drawing.edges:
        if made not in parents or depths[read] > depths[parents[made]]:
            parents[made] = read
    return parents


def _lines(drawing: Drawing, parents: Mapping[str, str]) -> Iterator[_Line]:
    children: dict[str | None, list[Node]] = {}
    for node in drawing.nodes:
        children.setdefault(parents.get(node.table), []).append(node)
    roots = children.get(None, [])
    waiting = [_Line(node=n, guide="", indent="", children=children.get(n.table, ())) for n in reversed(roots)]
    # A stack and no recursion: a chain of tables may be longer than Python calls.
    while waiting:
        line = waiting.pop()
        yield line
        for node in reversed(line.children):
            fork, rest = ("└─ ", "   ") if node is line.children[-1] else ("├─ ", "│  ")
            below = children.get(node.table, ())
            waiting.append(_Line(node=node, guide=line.indent + fork, indent=line.indent + rest, children=below))


def _facts(node: Node, parent: str | None, feeds: Sequence[str]) -> list[str]:
    """Say what fills a table, what it reads beside its parent, and what it feeds beside its children."""
    others = [read for read in node.reads if read != parent]
    facts = [node.source if node.source else _FILLED[node.filled_by]]
    facts += [f"{'also ' if parent else ''}reads {', '.join(others)}"] if others else []
    return facts + ([f"also feeds {', '.join(feeds)}"] if feeds else [])
