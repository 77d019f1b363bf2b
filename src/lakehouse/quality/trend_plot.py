"""How a table's score went from publish to publish, as an SVG that stands in a page."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

from markupsafe import Markup, escape

from lakehouse.quality.gate import costliest
from lakehouse.quality.report import percent
from lakehouse.quality.table_score import ScoredAt, TableScore

_RULES = 3
_MARKERS = (
    "m-4 0a4 4 0 1 0 8 0a4 4 0 1 0-8 0z",  # circle
    "m-3.5-3.5h7v7h-7z",  # square
    "m0-4.5l4.5 8h-9z",  # triangle
    "m0-5l4.5 5l-4.5 5l-4.5-5z",  # diamond
)
_FLOORS = (0.99, 0.98, 0.96, 0.92, 0.9, 0.8, 0.6, 0.4, 0.0)
_LEFT, _RIGHT, _TOP, _BOTTOM = 58.0, 18.0, 14.0, 46.0


@dataclass(frozen=True)
class _Line:
    """A score over time; None where it was not measured."""

    name: str
    values: tuple[float | None, ...]


@dataclass(frozen=True)
class _Frame:
    """Where an instant and a share lie in the picture."""

    width: float
    height: float
    instants: tuple[datetime, ...]
    floor: float

    @property
    def right(self) -> float:
        return self.width - _RIGHT

    @property
    def bottom(self) -> float:
        return self.height - _BOTTOM

    def x(self, instant: datetime) -> float:
        span = self.instants[-1] - self.instants[0]
        share = (instant - self.instants[0]) / span if span else 0.5
        # A margin, so that no marker stands on an axis.
        return round(_LEFT + 14 + share * (self.right - _LEFT - 28), 1)

    def y(self, value: float) -> float:
        return round(self.bottom - (value - self.floor) / (1 - self.floor) * (self.bottom - _TOP), 1)


def trend_plot(history: Sequence[ScoredAt], *, minimum: float | None = None) -> Markup:
    """Draw the score of a table and of the rules that cost it the most now, by the instant of each publish.

    There are two drawings, for wide and for narrow screens; the page's style shows one. Dashed lines upright mark where
    the rules changed: scores on both sides do not compare.

    Args:
        history: In any order. Publishes that nothing was assessed at have no point.
        minimum: What is demanded of the score, as a line.
    """
    kept = sorted((one for one in history if one.score.score is not None), key=lambda one: one.measured_at)
    if not kept:
        return Markup('<p class="soft">No publish with a score is kept, so there is no trend yet.</p>')
    lines = _lines(kept)
    note = "One publish is kept so far; a trend takes two." if len(kept) == 1 else ""
    drawn = Markup("").join(_svg(kept, lines, minimum, *size) for size in (("wide", 760, 290), ("thin", 340, 250)))
    return _legend(lines) + drawn + (Markup('<p class="soft small">{}</p>').format(note) if note else Markup(""))


def _lines(kept: Sequence[ScoredAt]) -> list[_Line]:
    names = [rule.name for rule in costliest(kept[-1].score)[:_RULES]]
    table = _Line("score of the table", tuple(one.score.score for one in kept))
    return [table, *(_Line(name, tuple(_score_of(one.score, name) for one in kept)) for name in names)]


def _score_of(score: TableScore, name: str) -> float | None:
    return next((rule.score for rule in score.rules if rule.name == name), None)


def _svg(
    kept: Sequence[ScoredAt], lines: Sequence[_Line], minimum: float | None, kind: str, width: float, height: float
) -> Markup:
    values = [value for line in lines for value in (*line.values, minimum) if value is not None]
    floor = next(floor for floor in _FLOORS if floor <= min(values))
    frame = _Frame(width, height, tuple(one.measured_at for one in kept), floor)
    said = f"Score from {kept[0].measured_at:%Y-%m-%d} to {kept[-1].measured_at:%Y-%m-%d}: " + ", ".join(
        f"{line.name} {percent(line.values[-1])}" for line in lines
    )
    inside = [*_y_axis(frame), *_x_axis(frame), *_changes(frame, kept)]
    if minimum is not None:
        inside.append(_demanded(frame, minimum))
    # The table's own line last, above the others.
    inside += [part for at in reversed(range(len(lines))) for part in _draw(frame, lines[at], at)]
    head = Markup('<svg class="trend {}" viewBox="0 0 {} {}" role="img" aria-label="{}">').format(
        kind, width, height, said
    )
    return head + Markup("").join(inside) + Markup("</svg>")


def _y_axis(frame: _Frame) -> Iterator[Markup]:
    for step in range(5):
        value = frame.floor + step * (1 - frame.floor) / 4
        y = frame.y(value)
        yield Markup('<path class="grid" d="M{} {}H{}"/>').format(_LEFT, y, frame.right)
        yield _label(_LEFT - 8, y + 4, f"{value * 100:.5g} %", "end")


def _x_axis(frame: _Frame) -> Iterator[Markup]:
    first, last = frame.instants[0], frame.instants[-1]
    dates = "%-d %b %Y" if last - first >= timedelta(days=2) or first == last else "%-d %b %H:%M"
    # As many as there is room for, and none twice.
    parts = min(int((frame.right - _LEFT) // 150), len(frame.instants) - 1)
    for part in range(parts + 1):
        instant = first + (last - first) * (part / parts if parts else 0)
        anchor = "middle" if 0 < part < parts or not parts else "start" if part == 0 else "end"
        nudge = {"start": -14, "end": 14, "middle": 0}[anchor]
        yield Markup('<path class="axis" d="M{} {}v5"/>').format(frame.x(instant), frame.bottom)
        yield _label(frame.x(instant) + nudge, frame.bottom + 19, f"{instant:{dates}}", anchor)
    yield _label((_LEFT + frame.right) / 2, frame.height - 8, "instant of the publish (UTC)", "middle")


def _changes(frame: _Frame, kept: Sequence[ScoredAt]) -> Iterator[Markup]:
    for before, after in pairwise(kept):
        if before.score.rule_set != after.score.rule_set:
            x = round((frame.x(before.measured_at) + frame.x(after.measured_at)) / 2, 1)
            yield Markup('<path class="change" d="M{} {}V{}"/>').format(x, _TOP, frame.bottom)
            yield _label(x - 4, frame.bottom - 22, "rules changed", "end")


def _demanded(frame: _Frame, minimum: float) -> Markup:
    y = frame.y(minimum)
    label = _label(_LEFT + 4, y - 5, f"minimum {minimum * 100:.5g} %", "start")
    return Markup('<path class="demand" d="M{} {}H{}"/>').format(_LEFT, y, frame.right) + label


def _draw(frame: _Frame, line: _Line, at: int) -> Iterator[Markup]:
    path, pen = "", "M"
    for instant, value in zip(frame.instants, line.values, strict=True):
        path += "" if value is None else f"{pen}{frame.x(instant)} {frame.y(value)}"
        pen = "M" if value is None else "L"
    yield Markup('<path class="line s{}" d="{}"/>').format(at, path)
    for instant, value in zip(frame.instants, line.values, strict=True):
        if value is not None:
            told = f"{line.name}: {percent(value)}, {instant:%-d %b %Y %H:%M}"
            place = f"M{frame.x(instant)} {frame.y(value)}{_MARKERS[at]}"
            yield Markup('<path class="dot s{}" d="{}"><title>{}</title></path>').format(at, place, told)


def _label(x: float, y: float, text: str, anchor: str) -> Markup:
    return Markup('<text x="{}" y="{}" text-anchor="{}">{}</text>').format(x, y, anchor, text)


def _legend(lines: Sequence[_Line]) -> Markup:
    item = (
        '<li><svg class="swatch" viewBox="0 0 34 12" aria-hidden="true"><path class="line s{0}" d="M0 6H34"/>'
        '<path class="dot s{0}" d="M17 6{1}"/></svg> {2} <b>{3}</b></li>'
    )
    items = (
        Markup(item).format(at, _MARKERS[at], escape(line.name), percent(line.values[-1]))
        for at, line in enumerate(lines)
    )
    return Markup('<ul class="legend">{}</ul>').format(Markup("").join(items))
