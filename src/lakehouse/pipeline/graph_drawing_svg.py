"""The graph of a lake as an SVG that needs nothing else: for pages and repositories, light and dark."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from markupsafe import Markup

from lakehouse.pipeline.graph import FilledBy
from lakehouse.pipeline.graph_drawing import Drawing, Node
from lakehouse.pipeline.graph_drawing_layout import BOX, Layout, Stop, layout_of

_MARGIN = 12.0
_BETWEEN = 64.0
# Wide enough for whichever fixed-width font is there; the widest of them takes 0.61 of its size.
_LETTER, _SMALL_LETTER = 8.2, 6.4
_COLOURS = {"bronze": "#b87333", "silver": "#8d99a6", "gold": "#d4a017"}
_MORE_COLOURS = ("#3d8bd4", "#2fa084", "#a56cc9", "#d4608a", "#7a9e2f")
# The edges' grey and the boxes' own ground can be read on white and on black, where a viewer knows no colour scheme.
_STYLE = """
.lakehouse-graph { --ground: #ffffff; --line: #768390; --ink: #1f2328; --soft: #59636e; --alarm: #cf222e }
@media (prefers-color-scheme: dark) {
  .lakehouse-graph { --ground: #1c2128; --ink: #e6edf3; --soft: #9da7b1; --alarm: #ff7b72 }
}
.lakehouse-graph text { font: 12px ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace }
.lakehouse-graph .name { font-size: 13px; font-weight: 600; fill: var(--ink) }
.lakehouse-graph .fact { font-size: 10px; fill: var(--soft) }
.lakehouse-graph .box { fill: var(--ground); stroke: var(--line) }
.lakehouse-graph .external .box { stroke-dasharray: 5 3 }
.lakehouse-graph .nothing .box { stroke: var(--alarm); stroke-dasharray: 5 3 }
.lakehouse-graph .edge { fill: none; stroke: var(--line); stroke-width: 1.5 }
.lakehouse-graph .tip { fill: var(--line) }
"""


@dataclass(frozen=True, kw_only=True)
class _Page:
    """Where columns begin and end."""

    layout: Layout
    lefts: tuple[float, ...]
    widths: tuple[float, ...]

    def left(self, stop: Stop) -> float:
        return self.lefts[stop.depth]

    def right(self, stop: Stop) -> float:
        return self.lefts[stop.depth] + self.widths[stop.depth]

    def y(self, stop: Stop) -> float:
        return round(self.layout.middles[stop] + _MARGIN, 1)


def svg(drawing: Drawing) -> str:
    """Draw as an SVG: a column for each step away from the sources, a box per table, and curves from left to right.

    The stripe of a box is its namespace; what is filled from outside of the lake is dashed.
    """
    page = _page(drawing)
    width = round(max((left + wide for left, wide in zip(page.lefts, page.widths, strict=True)), default=0.0) + _MARGIN)
    height = round(page.layout.height + 2 * _MARGIN)
    said = f"Graph of {len(drawing.nodes)} tables and {len(drawing.edges)} edges between them"
    head = Markup(
        '<svg xmlns="http://www.w3.org/2000/svg" class="lakehouse-graph" width="{0}" height="{1}" '
        'viewBox="0 0 {0} {1}" role="img" aria-label="{2}">\n<style>{3}</style>\n'
    ).format(width, height, said, Markup(_STYLE))
    marker = Markup(
        '<defs><marker id="lakehouse-graph-tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" markerHeight="8" '
        'markerUnits="userSpaceOnUse" orient="auto"><path class="tip" d="M0 0L8 4L0 8z"/></marker></defs>\n'
    )
    # Edges first: where one touches a box, the box is above it.
    return head + marker + Markup("").join([*_edges(page), *_boxes(page, drawing)]) + Markup("</svg>\n")


def _page(drawing: Drawing) -> _Page:
    layout = layout_of(drawing)
    widths = [0.0] * len(layout.columns)
    for node in drawing.nodes:
        widths[node.depth] = max(widths[node.depth], _width(node))
    lefts = [_MARGIN + sum(widths[:at]) + at * _BETWEEN for at in range(len(widths))]
    return _Page(layout=layout, lefts=tuple(lefts), widths=tuple(widths))


def _width(node: Node) -> float:
    return round(max(len(node.table) * _LETTER, len(_fact(node)) * _SMALL_LETTER) + 32)


def _fact(node: Node) -> str:
    kind = "nothing fills it" if node.filled_by is FilledBy.NOTHING else node.filled_by.value
    return f"{kind} · {node.columns} column{'' if node.columns == 1 else 's'}"


def _edges(page: _Page) -> Iterator[Markup]:
    for source, target in page.layout.links:
        x, y, to_x, to_y = page.right(source), page.y(source), page.left(target), page.y(target)
        bend = (to_x - x) / 2
        path = f"M{x:g} {y:g}C{x + bend:g} {y:g} {to_x - bend:g} {to_y:g} {to_x:g} {to_y:g}"
        if target.passing:
            yield Markup('<path class="edge" d="{}H{}"/>\n').format(path, f"{page.right(target):g}")
        else:
            yield Markup('<path class="edge" marker-end="url(#lakehouse-graph-tip)" d="{}"/>\n').format(path)


def _boxes(page: _Page, drawing: Drawing) -> Iterator[Markup]:
    colours, others = dict(_COLOURS), 0
    for node in drawing.nodes:
        if node.namespace not in colours:
            colours[node.namespace] = _MORE_COLOURS[others % len(_MORE_COLOURS)]
            others += 1
        stop = Stop(node.table, node.depth)
        x, top = page.left(stop), page.y(stop) - BOX / 2
        yield Markup(
            '<g class="{kind}" transform="translate({x} {y})"><title>{told}</title>'
            '<rect class="box" width="{width}" height="{height}" rx="7"/>'
            '<rect x="6" y="8" width="4" height="{stripe}" rx="2" fill="{colour}"/>'
            '<text class="name" x="18" y="20">{name}</text><text class="fact" x="18" y="36">{fact}</text></g>\n'
        ).format(
            kind=node.filled_by.value,
            x=f"{x:g}",
            y=f"{top:g}",
            told=f"{node.table}: {node.source or _fact(node)}",
            width=f"{page.widths[node.depth]:g}",
            height=f"{BOX:g}",
            stripe=f"{BOX - 16:g}",
            colour=colours[node.namespace],
            name=node.table,
            fact=_fact(node),
        )
