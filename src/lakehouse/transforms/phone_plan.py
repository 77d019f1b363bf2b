"""The numbering plans of ``phonenumbers``, as graphs: a digit leads from node to node until all is decided.

Needed only to make the tables of ``phone_metadata``. What is decided is what ``phonenumbers.parse`` and the functions
that ask for validity, region and type decide, for every number of a length: nothing is sampled.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from lakehouse.transforms.phone_automata import Abroad, AbroadPrefix, Cut, Cutter, Descriptions, Edit, Places, Prefix

if TYPE_CHECKING:
    from phonenumbers.phonemetadata import PhoneMetadata, PhoneNumberDesc

_SPECIAL = ("premium_rate", "toll_free", "shared_cost", "voip", "personal_number", "pager", "uan", "voicemail")
_KINDS = ("general_desc", *_SPECIAL, "fixed_line", "mobile")
S = TypeVar("S", bound=Hashable)


class Outcome(NamedTuple):
    """What a whole number is: of a region and a type, or the reason why it is none."""

    region: str = ""
    type: str = ""
    reason: str = ""


class Action(NamedTuple):
    """How the digits change (see ``Edit``), and what they are ``then``.

    That is a national number, ``typed`` behind a calling code, or ``abroad``: a calling code, and what is behind it.
    """

    then: str
    insert: str = ""
    start: int = 0
    stop: int = 0
    rest: int = 0


Leaf = Outcome | Action


class Graph:
    """Nodes of ten ways each; two that lead to the same are one."""

    def __init__(self) -> None:
        self.nodes: list[tuple[Leaf | int, ...]] = []
        self._numbers: dict[tuple[Leaf | int, ...], int] = {}

    def grow(self, start: S, after: Callable[[S, int, int], S], leaf: Callable[[S, int], Leaf | None]) -> Leaf | int:
        """Give the node where a walk begins.

        Args:
            start: What is known before the first digit.
            after: Gives what is known after a digit at a place.
            leaf: Gives what is decided at a place, nothing where it is not yet; it has to know behind the last digit.
        """
        known: dict[tuple[S, int], Leaf | int] = {}

        def reach(state: S, place: int) -> Leaf | int:
            key = state, place
            if key not in known:
                end = leaf(state, place)
                known[key] = self._node(tuple(ways(state, place))) if end is None else end
            return known[key]

        def ways(state: S, place: int) -> Iterator[Leaf | int]:
            return (reach(after(state, digit, place), place + 1) for digit in range(10))

        return reach(start, 0)

    def _node(self, ways: tuple[Leaf | int, ...]) -> Leaf | int:
        first = ways[0]
        if not isinstance(first, int) and all(way == first for way in ways):
            return first
        number = self._numbers.setdefault(ways, len(self.nodes))
        if number == len(self.nodes):
            self.nodes.append(ways)
        return number


class CallingCode:
    """The regions that share a calling code."""

    def __init__(self, regions: dict[str, PhoneMetadata]) -> None:
        self._regions = regions
        self._main = next(iter(regions.values()))
        patterns = [(f"{region} {kind}", found) for region, plan in regions.items() for kind, found in _patterns(plan)]
        leads = [(f"{region} leads", plan.leading_digits) for region, plan in regions.items() if plan.leading_digits]
        self._descriptions = Descriptions(patterns, prefixes=leads)
        self._cutter = _cutter(self._main)

    def valid(self, graph: Graph, length: int) -> Leaf | int:
        """Tell what the national numbers of a length are."""
        after = self._descriptions.after

        def leaf(places: Places, place: int) -> Leaf | None:
            return self._outcome(places, length) if place == length or not places else None

        return graph.grow(self._descriptions.start, lambda places, digit, _: after(places, digit), leaf)

    def typed(self, graph: Graph, length: int) -> Leaf | int:
        """Tell what is meant by digits typed behind the calling code: the national prefix may be among them."""

        def after(state: tuple[Places, Cut], digit: int, place: int) -> tuple[Places, Cut]:
            return self._descriptions.after(state[0], digit), self._cutter.after(state[1], digit, place, length)

        def leaf(state: tuple[Places, Cut], place: int) -> Leaf | None:
            if place < length:
                return None
            edit = _long_enough(self._cutter.edit(state[1]), self._main, length)
            return self._outcome(state[0], length) if edit == Edit() else _action("national", edit)

        return graph.grow((self._descriptions.start, self._cutter.start(length)), after, leaf)

    def _outcome(self, places: Places, length: int) -> Outcome:
        fitting = self._descriptions.fitting(places)
        for region, plan in self._regions.items():
            type_ = _type(plan, region, fitting, length)
            if len(self._regions) == 1 or (f"{region} leads" in fitting if plan.leading_digits else type_):
                if type_:
                    return Outcome("" if region == "001" else region, type_)
                break
        return Outcome(reason=length_reason(self._main, length) or "not_assigned")


class _Dialled(NamedTuple):
    """Digits read in three ways: as a call abroad, as what is behind the region's own calling code, as national."""

    abroad: Abroad
    own: int
    behind: Cut
    national: Cut


class Region:
    """A region that people dial from."""

    def __init__(self, plan: PhoneMetadata) -> None:
        self._plan, self._code = plan, str(plan.country_code)
        self._abroad, self._cutter = AbroadPrefix(plan.international_prefix), _cutter(plan)

    def dialled(self, graph: Graph, length: int) -> Leaf | int:
        """Tell what is meant by the digits that a person in this region dials."""
        code, behind = self._code, max(length - len(self._code), 0)

        def after(state: _Dialled, digit: int, place: int) -> _Dialled:
            abroad = self._abroad.after(state.abroad, digit, place, length)
            own, cut = state.own, state.behind
            if own >= 0 and place < len(code):
                own = place + 1 if code[place] == str(digit) else -1
            elif own >= 0:
                cut = self._cutter.after(cut, digit, place - len(code), behind)
            return _Dialled(abroad, own, cut, self._cutter.after(state.national, digit, place, length))

        def leaf(state: _Dialled, place: int) -> Leaf | None:
            if state.abroad.means and state.abroad.trail.best:
                return Action("abroad", rest=state.abroad.trail.best.rest)
            return self._meant(state, length) if place == length else None

        start = _Dialled(self._abroad.start(length), 0, self._cutter.start(behind), self._cutter.start(length))
        return graph.grow(start, after, leaf)

    def _meant(self, state: _Dialled, length: int) -> Action:
        if state.own == len(self._code):
            mended = not self._cutter.fits_whole(state.national) and self._cutter.fits(state.behind)
            if mended or length_reason(self._plan, length) == "too_long":
                return _action("typed", self._cutter.edit(state.behind), behind=len(self._code))
        return _action("national", _long_enough(self._cutter.edit(state.national), self._plan, length))


def length_reason(plan: PhoneMetadata, length: int) -> str:
    """Tell what is wrong with the length of a national number; empty when numbers may be so long."""
    general = _general(plan)
    if length in general.possible_length_local_only:
        return "local_only"
    if length in general.possible_length:
        return ""
    if length < general.possible_length[0]:
        return "too_short"
    return "too_long" if length > general.possible_length[-1] else "wrong_length"


def _long_enough(edit: Edit, plan: PhoneMetadata, length: int) -> Edit:
    """Give the edit, or none where what is left is no whole number: then it was no prefix."""
    return Edit() if length_reason(plan, edit.length(length)) in ("too_short", "local_only", "wrong_length") else edit


def _action(then: str, edit: Edit, *, behind: int = 0) -> Action:
    """Give an edit of the digits ``behind`` so many others as one of all of them."""
    start, stop = (edit.start + behind, edit.stop + behind) if edit.stop > edit.start else (0, 0)
    return Action(then, edit.insert, start, stop, edit.rest + behind)


def _cutter(plan: PhoneMetadata) -> Cutter:
    prefix = Prefix(plan.national_prefix_for_parsing, plan.national_prefix_transform_rule)
    return Cutter(prefix, Descriptions([("general", str(_general(plan).national_number_pattern))]))


def _general(plan: PhoneMetadata) -> PhoneNumberDesc:
    if plan.general_desc is None:
        raise ValueError(f"the plan of {plan.id} describes no numbers")
    return plan.general_desc


def _patterns(plan: PhoneMetadata) -> Iterator[tuple[str, str]]:
    for kind in _KINDS:
        description = getattr(plan, kind)
        if description is not None and description.national_number_pattern:
            yield kind, description.national_number_pattern


def _type(plan: PhoneMetadata, region: str, fitting: frozenset[str], length: int) -> str:
    """Give the type of a national number of a region; empty when it is none."""

    def fits(kind: str) -> bool:
        possible = f"{region} {kind}" in fitting and getattr(plan, kind).possible_length
        return possible is not False and (not possible or length in possible)

    if not fits("general_desc"):
        return ""
    special = next((kind for kind in _SPECIAL if fits(kind)), "")
    if special:
        return special
    same = plan.same_mobile_and_fixed_line_pattern
    if fits("fixed_line"):
        return "fixed_line_or_mobile" if same or fits("mobile") else "fixed_line"
    return "mobile" if not same and fits("mobile") else ""
