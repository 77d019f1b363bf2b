"""Walks through numbering plans, laid out as the lists of ``phone_tables``. Needed only to make them."""

from __future__ import annotations

import zlib
from collections import defaultdict
from collections.abc import Container, Sequence
from dataclasses import dataclass
from itertools import chain

from lakehouse.transforms.phone_plan import Action, Leaf, Outcome
from lakehouse.transforms.phone_tables import ACTION_NUMBERS, LONGEST

Row = list[Leaf | int]

_NO_CODE, _TOO_SHORT = Outcome(reason="unknown_calling_code"), Outcome(reason="too_short")
_NO_REGION = Outcome(reason="unknown_country")


@dataclass(frozen=True, kw_only=True)
class Walks:
    """Where walks begin and where they go on.

    Args:
        codes: Calling codes.
        regions: Regions, with their calling codes.
        valid: For each calling code, by length, where the walk of a national number begins: a node or a leaf.
        typed: The same for what was typed behind it.
        dialled: For each region, by length, where the walk of what is dialled there begins.
        nodes: Where each of ten digits leads.
    """

    codes: list[str]
    regions: dict[str, str]
    valid: list[Row]
    typed: list[Row]
    dialled: list[Row]
    nodes: list[Row]


def laid_out(walks: Walks) -> dict[str, object]:
    """Give the fields of ``PhoneTables`` but for version and source."""
    no_code: list[Row] = [[_NO_CODE] * (LONGEST + 2), [_TOO_SHORT] * (LONGEST + 2)]
    by_code = [*walks.valid, *no_code, *walks.typed, *no_code]
    no_region: list[Row] = [[_NO_REGION] * (LONGEST + 1)]
    begins = [*by_code, *walks.dialled, *no_region]
    lookup = _by_three_digits(walks.codes)
    homes = [walks.codes.index(code) for code in walks.regions.values()]
    leaves = {way for row in (*begins, *walks.nodes) for way in row if not isinstance(way, int)}
    outcomes = sorted(leaf for leaf in leaves if isinstance(leaf, Outcome))
    # Being the least of all it is the first.
    nothing = Action("abroad")
    actions = sorted({leaf for leaf in leaves if isinstance(leaf, Action)} | {nothing})

    first_node = len(lookup) + sum(map(len, begins))
    at, shared = overlapped(walks.nodes)
    first_home = first_node + len(shared)
    first_outcome = first_home + len(homes) + 1
    first_action = first_outcome + 10 * len(outcomes)
    places: dict[Leaf, int] = {leaf: first_outcome + 10 * place for place, leaf in enumerate(outcomes)}
    places |= {leaf: first_action + ACTION_NUMBERS * place for place, leaf in enumerate(actions)}
    ways = [first_node + at[way] if isinstance(way, int) else places[way] for way in chain(*begins, shared)]

    words = [*walks.codes, "", "", *(word or None for column in zip(*outcomes, strict=True) for word in column)]
    typed = len(lookup) + len(by_code) // 2 * (LONGEST + 2)
    bases = {"national": len(lookup), "typed": typed, "abroad": 0}
    ends = [[places[outcome]] * 10 for outcome in outcomes]
    for place, action in enumerate(actions):
        edit = [action.start + 1, action.stop - action.start, action.rest + 1]
        ends.append([*[places[action]] * 10, bases[action.then], len(words) + place, *edit])
    slots = _slots(list(walks.regions))
    return {
        "regions": list(walks.regions),
        "numbers": [*lookup, *ways, *homes, len(walks.codes), *chain(*ends), *(place for _, place in slots)],
        "words": [*words, *(action.insert for action in actions), *(name for name, _ in slots)],
        "codes": len(walks.codes),
        "slots": len(slots),
        "valid": len(lookup),
        "typed": typed,
        "dialled": len(lookup) + len(by_code) * (LONGEST + 2),
        "homes": first_home,
        "outcomes": first_outcome,
        "right": places[next(outcome for outcome in outcomes if not outcome.reason)],
        "unknown": places[_NO_CODE],
        "actions": first_action,
        "national": places[next(action for action in actions if action.then == "national")],
        "typed_on": places[next(action for action in actions if action.then == "typed")],
    }


def overlapped(rows: Sequence[Row]) -> tuple[list[int], Row]:
    """Lay out rows of ten, many of which begin in the end of another; give where each is, and all of them.

    Spark sends a list to each task a number at a time: it is to be short.
    """
    beginning: dict[tuple[Leaf | int, ...], list[int]] = defaultdict(list)
    for place in reversed(range(len(rows))):
        for common in range(10):
            beginning[tuple(rows[place][:common])].append(place)
    laid: Row = []
    at: dict[int, int] = {}
    while len(at) < len(rows):
        ends = (tuple(laid[len(laid) - common :]) for common in range(min(9, len(laid)), -1, -1))
        fitting = next(found for end in ends if (found := _unused(beginning.get(end, []), at)))
        row = fitting.pop()
        common = next(n for n in range(9, -1, -1) if laid[len(laid) - n :] == rows[row][:n])
        at[row] = len(laid) - common
        laid += rows[row][common:]
    return [at[place] for place in range(len(rows))], laid


def _unused(places: list[int], used: Container[int]) -> list[int]:
    while places and places[-1] in used:
        places.pop()
    return places


def _by_three_digits(codes: list[str]) -> list[int]:
    """Give the place of the calling code that three digits begin with; behind all of them, that of too few digits."""
    places = {code: place for place, code in enumerate(codes)}
    tried = [[f"{digits:03}"[:length] for length in (1, 2, 3)] for digits in range(1000)]
    return [*(next((places[one] for one in some if one in places), len(codes)) for some in tried), len(codes) + 1]


def _slots(regions: list[str]) -> list[tuple[str, int]]:
    """Give the regions with their places, spread out so that the CRC-32 of a name leads to it alone."""
    for size in range(len(regions), 100_000):
        found = {zlib.crc32(region.encode()) % size: (region, place) for place, region in enumerate(regions)}
        if len(found) == len(regions):
            return [found.get(slot, ("", len(regions))) for slot in range(size)]
    raise AssertionError("two regions have the same CRC-32")
