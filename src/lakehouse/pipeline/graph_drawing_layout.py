"""Where each table of a drawing stands: columns by depth, and in them an order in which few edges cross."""

from __future__ import annotations

from bisect import bisect_right, insort
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import fmean

from lakehouse.pipeline.graph_drawing import Drawing

BOX = 46.0
_PASS = 10.0
_GAP = 18.0
_SWEEPS = 12


@dataclass(frozen=True)
class Stop:
    """A table in its own column, or, in a column to the right of it, where its edges pass on to tables further on.

    All edges of a table pass a column at one place, so that they part as late as they can.
    """

    table: str
    depth: int
    passing: bool = False

    @property
    def height(self) -> float:
        """Pixels that it takes of its column."""
        return _PASS if self.passing else BOX


Links = Mapping[Stop, Sequence[Stop]]


@dataclass(frozen=True, kw_only=True)
class Layout:
    """The middle of each stop, in pixels from the top, and the links between stops of neighbouring columns."""

    columns: tuple[tuple[Stop, ...], ...]
    middles: Mapping[Stop, float]
    links: tuple[tuple[Stop, Stop], ...]

    @property
    def height(self) -> float:
        """Pixels from the top of the highest to the bottom of the lowest."""
        return max((y + stop.height / 2 for stop, y in self.middles.items()), default=0.0)


def layout_of(drawing: Drawing) -> Layout:
    """Lay a drawing out. The same drawing always gives the same layout.

    Cost: a few passes over the edges, each cut at every column that it passes.
    """
    links = _links(drawing)
    stops = dict.fromkeys([Stop(node.table, node.depth) for node in drawing.nodes])
    stops |= dict.fromkeys(stop for link in links for stop in link)
    columns: list[list[Stop]] = [[] for _ in range(max((stop.depth + 1 for stop in stops), default=0))]
    for stop in stops:
        columns[stop.depth].append(stop)
    left: dict[Stop, list[Stop]] = {}
    right: dict[Stop, list[Stop]] = {}
    for source, target in links:
        right.setdefault(source, []).append(target)
        left.setdefault(target, []).append(source)
    columns = _least_crossed(columns, left, right)
    middles = _middles(columns, left, right)
    return Layout(columns=tuple(map(tuple, columns)), middles=middles, links=tuple(links))


def _links(drawing: Drawing) -> list[tuple[Stop, Stop]]:
    depths = {node.table: node.depth for node in drawing.nodes}
    links: dict[tuple[Stop, Stop], None] = {}
    for read, made in drawing.edges:
        at = Stop(read, depths[read])
        for depth in range(depths[read] + 1, depths[made]):
            passed = Stop(read, depth, passing=True)
            links[at, passed] = None
            at = passed
        links[at, Stop(made, depths[made])] = None
    return list(links)


def _least_crossed(columns: list[list[Stop]], left: Links, right: Links) -> list[list[Stop]]:
    """Order each column by the places of the neighbours, from the left and from the right in turn; keep the best."""
    best, fewest = columns, _crossings(columns, right)
    for sweep in range(_SWEEPS):
        columns = [list(column) for column in columns]
        if sweep % 2 == 0:
            for at in range(1, len(columns)):
                columns[at] = _ordered(columns[at], left, columns[at - 1])
        else:
            for at in reversed(range(len(columns) - 1)):
                columns[at] = _ordered(columns[at], right, columns[at + 1])
        found = _crossings(columns, right)
        if found < fewest:
            best, fewest = columns, found
    return best


def _ordered(column: Sequence[Stop], neighbours: Links, beside: Sequence[Stop]) -> list[Stop]:
    # As shares of the column, so that a stop without neighbours keeps about its place among those that have some.
    theirs = {stop: place / len(beside) for place, stop in enumerate(beside)}
    own = {stop: place / len(column) for place, stop in enumerate(column)}
    return sorted(column, key=lambda stop: _mean(neighbours.get(stop, ()), theirs, own[stop]))


def _mean(neighbours: Sequence[Stop], places: Mapping[Stop, float], own: float) -> float:
    return fmean(places[stop] for stop in neighbours) if neighbours else own


def _crossings(columns: Sequence[Sequence[Stop]], right: Links) -> int:
    count = 0
    for column, beside in pairwise(columns):
        places = {stop: place for place, stop in enumerate(beside)}
        ends: list[int] = []
        for stop in column:
            targets = sorted(places[target] for target in right.get(stop, ()))
            count += sum(len(ends) - bisect_right(ends, target) for target in targets)
            for target in targets:
                insort(ends, target)
    return count


def _middles(columns: Sequence[Sequence[Stop]], left: Links, right: Links) -> dict[Stop, float]:
    """Move stops towards their neighbours' middles, as far as the others of the column leave room."""
    middles: dict[Stop, float] = {}
    for column in columns:
        middles.update(zip(column, _apart(column, [0.0] * len(column)), strict=True))
    for sweep in range(_SWEEPS):
        forth = sweep % 2 == 0
        for column in columns if forth else reversed(columns):
            wanted = [_mean((left if forth else right).get(stop, ()), middles, middles[stop]) for stop in column]
            middles.update(zip(column, _apart(column, wanted), strict=True))
    top = min((y - stop.height / 2 for stop, y in middles.items()), default=0.0)
    return {stop: round(y - top, 1) for stop, y in middles.items()}


def _apart(column: Sequence[Stop], wanted: Sequence[float]) -> list[float]:
    """Give places near the wanted ones, in order and with room between: halfway between pushed down and pushed up."""
    down, up = list(wanted), list(wanted)
    need = [(a.height + b.height) / 2 + _GAP for a, b in pairwise(column)]
    for at in range(1, len(column)):
        down[at] = max(down[at], down[at - 1] + need[at - 1])
        up[-at - 1] = min(up[-at - 1], up[-at] - need[-at])
    return [(low + high) / 2 for low, high in zip(down, up, strict=True)]
