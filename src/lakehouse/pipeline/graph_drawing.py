"""The graph of a lake as data that can be drawn: each table once, and how far from the sources it stands; Mermaid."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lakehouse.contract.build import BuildSpec
from lakehouse.pipeline.graph import FilledBy, Graph, reads_of

_SHAPES = {
    FilledBy.BUILD: '["{}"]',
    FilledBy.STREAM: '(["{}"])',
    FilledBy.SOURCE: '(["{}"])',
    FilledBy.EXTERNAL: '[/"{}"/]',
    FilledBy.NOTHING: '["{} (nothing fills it)"]',
}


@dataclass(frozen=True, kw_only=True)
class Node:
    """A table in a drawing.

    Attributes:
        table: Its name.
        filled_by: What brings rows into it.
        columns: How many it has.
        reads: Tables that its build reads, also those outside of the drawing.
        depth: Edges on the longest way to it from a source in the drawing.
        build: Name of the function that makes it.
        source: ``module:line`` of that function.
    """

    table: str
    filled_by: FilledBy
    columns: int
    reads: tuple[str, ...] = ()
    depth: int = 0
    build: str | None = None
    source: str | None = None

    @property
    def namespace(self) -> str:
        """The layer or database of the table."""
        return self.table.split(".")[0]


@dataclass(frozen=True, kw_only=True)
class Drawing:
    """What is drawn: tables, each after those that it is built from, and an edge from each of these."""

    nodes: tuple[Node, ...]

    @property
    def edges(self) -> tuple[tuple[str, str], ...]:
        """Pairs of a table and one that is built from it, both in the drawing."""
        shown = {node.table for node in self.nodes}
        return tuple((read, node.table) for node in self.nodes for read in node.reads if read in shown)


def drawing_of(graph: Graph, tables: Iterable[str]) -> Drawing:
    """Prepare some tables of a graph, and the edges between them, to be drawn."""
    shown, makers = set(tables), graph.makers
    # Tables without a build first, in the order of their declaration; then the order in which they are built.
    names = [name for name in (*(name for name in graph.tables if name not in makers), *makers) if name in shown]
    nodes: dict[str, Node] = {}
    for name in names:
        build = makers.get(name)
        reads = tuple(reads_of(build)) if build else ()
        nodes[name] = Node(
            table=name,
            filled_by=graph.filled_by(name),
            columns=len(graph.tables[name].columns),
            reads=reads,
            depth=max((nodes[read].depth + 1 for read in reads if read in nodes), default=0),
            build=build.function.__name__ if build else None,
            source=_source(build) if build else None,
        )
    return Drawing(nodes=tuple(nodes.values()))


def as_data(drawing: Drawing) -> dict[str, Any]:
    """Give a drawing as plain data. No path of a machine is in it, so that two machines give the same."""
    return {
        "nodes": [
            {
                "table": node.table,
                "kind": node.filled_by.value,
                "build": node.build,
                "source": node.source,
                "columns": node.columns,
            }
            for node in drawing.nodes
        ],
        "edges": [{"from": read, "to": made} for read, made in drawing.edges],
    }


def mermaid(drawing: Drawing) -> str:
    """Draw as a Mermaid flow chart, a frame around each namespace, as GitHub and most wikis show it."""
    lines = ["flowchart LR"]
    for namespace in dict.fromkeys(node.namespace for node in drawing.nodes):
        inside = [node for node in drawing.nodes if node.namespace == namespace]
        lines.append(f'  subgraph ns_{namespace}["{namespace}"]')
        lines += [f"    {_identifier(node.table)}{_SHAPES[node.filled_by].format(node.table)}" for node in inside]
        lines.append("  end")
    lines += [f"  {_identifier(read)} --> {_identifier(made)}" for read, made in drawing.edges]
    return "\n".join(lines) + "\n"


def _identifier(table: str) -> str:
    # No word of Mermaid (end, default, style) begins with t_, and doubled underscores keep a.b_c and a_b.c apart.
    return f"t_{table.replace('_', '__').replace('.', '_')}"


def _source(build: BuildSpec) -> str:
    module = build.function.__module__
    return f"{module}:{Path(build.sql.file).name if build.sql else build.source.rsplit(':', 1)[1]}"
