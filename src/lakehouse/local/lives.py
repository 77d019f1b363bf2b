"""Lives of many things as one sequence of messages, in which they overlap; each place is found without the rest."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from functools import cached_property
from typing import Any, NamedTuple

from lakehouse.local.people import mix

_PARTS = 1_000_000
"""Rates of messages that stand beside the lives are counted in millionths: whole numbers, so that nothing drifts."""


class Place(NamedTuple):
    """A step in the life of a thing, both counted from 0."""

    thing: int
    step: int


@dataclass(frozen=True, kw_only=True)
class Lives:
    """Things, one beginning after the other, each with the steps of its shape; the shapes come round again and again.

    Args:
        shapes: Steps of the first things by name; thing n has those of ``shapes[n % len(shapes)]``.
        lag: How many other things begin between two steps of one.
    """

    shapes: tuple[tuple[str, ...], ...]
    lag: int

    def steps_of(self, thing: int) -> tuple[str, ...]:
        """Give the names of the steps of a thing."""
        return self.shapes[thing % len(self.shapes)]

    def at(self, number: int) -> Place:
        """Give what the message of a number tells."""
        round_, within = divmod(number, len(self._round))
        slot, step = self._round[within]
        return Place(round_ * len(self.shapes) + slot, step)

    def number_of(self, place: Place) -> int:
        """Give the number of the message that tells a step."""
        round_, slot = divmod(place.thing, len(self.shapes))
        return round_ * len(self._round) + self._numbers[slot, place.step]

    @cached_property
    def _round(self) -> tuple[tuple[int, int], ...]:
        places = ((slot, step) for slot, shape in enumerate(self.shapes) for step in range(len(shape)))
        return tuple(sorted(places, key=lambda place: (place[0] + self.lag * place[1], place)))

    @cached_property
    def _numbers(self) -> dict[tuple[int, int], int]:
        return {place: number for number, place in enumerate(self._round)}


def beside(index: int, rate: float) -> tuple[int, bool]:
    """Tell how many of the messages before ``index`` stand beside the lives, and whether it is one that does.

    They are spread evenly: of the first n messages ``rate`` × n, rounded down.
    """
    parts = round(rate * _PARTS)
    before = index * parts // _PARTS
    return before, (index + 1) * parts // _PARTS > before


def chosen(draw: int, dirt: object, names: Sequence[str]) -> str | None:
    """Choose a kind of dirt by a draw of 64 bits; None for as often as none of them comes."""
    left = draw / (1 << 64)
    for name in names:
        left -= getattr(dirt, name)
        if left < 0:
            return name
    return None


def check_rates(dirt: Any, *groups: Sequence[str]) -> None:
    """Make sure that rates are shares, and that those of one group leave room for each other.

    Raises:
        ValueError: A rate is negative, or those of a group add up to more than 1.
    """
    for field in fields(dirt):
        if getattr(dirt, field.name) < 0:
            raise ValueError(f"the rate of {field.name} is {getattr(dirt, field.name)}, it cannot be negative")
    for group in groups:
        total = sum(getattr(dirt, name) for name in group)
        if total > 1 + 1e-9:  # a sum of tenths may be a hair above
            raise ValueError(f"the rates of {', '.join(group)} add up to {total:.3f}, at most 1 is possible")


def identifier(letter: str, seed: int, number: int, salt: int) -> str:
    """Give a letter and twelve hexadecimal digits that no other number of the seed has but by a rare chance."""
    return f"{letter}{mix(seed, number, salt) >> 16:012x}"
