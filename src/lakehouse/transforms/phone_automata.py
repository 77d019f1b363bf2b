"""What a numbering plan decides, a digit at a time: which descriptions a number fits, and what is to be cut off it.

Needed only to make the tables of ``phone_metadata``.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from typing import NamedTuple

from lakehouse.transforms.phone_pattern import Step, Thread, compiled, follow, group_count

Places = frozenset[tuple[int, int]]
Threads = tuple[Thread, ...]


class Descriptions:
    """Patterns that are followed together, to tell which of them a whole number fits."""

    def __init__(self, patterns: Iterable[tuple[str, str]], *, prefixes: Iterable[tuple[str, str]] = ()) -> None:
        named = [(tag, compiled(pattern)) for tag, pattern in patterns]
        named += [(tag, compiled(pattern, prefix=True)) for tag, pattern in prefixes]
        self._tags, self._programs = [tag for tag, _ in named], [steps for _, steps in named]
        self.start: Places = frozenset(place for n in range(len(named)) for place in self._reached(n, 0))
        self.after = cache(self._after)

    def _after(self, places: Places, digit: int) -> Places:
        """Give where the patterns are behind one more digit."""
        taken = [(n, at + 1) for n, at in places if self._programs[n][at].first >> digit & 1]
        return frozenset(place for n, at in taken for place in self._reached(n, at))

    def fitting(self, places: Places) -> frozenset[str]:
        """Give the patterns that end here."""
        return frozenset(self._tags[n] for n, at in places if self._programs[n][at].kind == "match")

    def behind(self, digits: str) -> Places:
        """Give where the patterns are behind some digits."""
        places = self.start
        for digit in digits:
            places = self.after(places, int(digit))
        return places

    def _reached(self, number: int, at: int) -> list[tuple[int, int]]:
        threads = follow(self._programs[number], Thread(at, ()), 0, last=False)
        return [(number, thread.at) for thread in threads]


class Edit(NamedTuple):
    """What becomes of digits: ``insert``, then those from ``start`` to ``stop``, then those from ``rest`` on."""

    insert: str = ""
    start: int = 0
    stop: int = 0
    rest: int = 0

    def keeps(self, place: int) -> bool:
        """Tell whether the digit at a place stays."""
        return self.start <= place < self.stop or place >= self.rest

    def length(self, digits: int) -> int:
        """Give how many digits are left of so many."""
        return len(self.insert) + self.stop - self.start + max(digits - self.rest, 0)


class Trail(NamedTuple):
    """How far a prefix was followed; ``edit`` once no digit can change it any more."""

    threads: Threads
    best: Edit | None = None
    settled: bool = False


class Prefix:
    """A pattern at the beginning of digits, and what it is replaced by; Perl's choice among several ways to match."""

    def __init__(self, pattern: str | None, rule: str | None = None) -> None:
        self._steps: tuple[Step, ...] = compiled(pattern) if pattern else ()
        self._groups = group_count(pattern or "")
        self._insert, self._group = (rule[:-2], int(rule[-1]) - 1) if rule else ("", -1)
        self._outcome = cache(self._find)

    def start(self, length: int) -> Trail:
        """Begin at digits of a length."""
        if not self._steps or length == 0:
            return Trail((), None, settled=True)
        return self._settle(*self._closed([Thread(0, (-1,) * 2 * self._groups)], None, 0, length), 0, length)

    def after(self, trail: Trail, digit: int, place: int, length: int) -> Trail:
        """Go on by the digit at a place."""
        if trail.settled:
            return trail
        return self._settle(*self._next(trail.threads, trail.best, digit, place, length), place + 1, length)

    def _settle(self, threads: Threads, best: Edit | None, place: int, length: int) -> Trail:
        found = self._outcome(threads, best, place, length)
        return Trail((), found[0], settled=True) if len(found) == 1 else Trail(threads, best)

    def _next(
        self, threads: Threads, best: Edit | None, digit: int, place: int, length: int
    ) -> tuple[Threads, Edit | None]:
        taken = [Thread(one.at + 1, one.saved) for one in threads if self._steps[one.at].first >> digit & 1]
        return self._closed(taken, best, place + 1, length)

    def _closed(self, threads: list[Thread], best: Edit | None, place: int, length: int) -> tuple[Threads, Edit | None]:
        waiting: list[Thread] = []
        for thread in threads:
            for one in follow(self._steps, thread, place, last=place == length):
                if self._steps[one.at].kind == "match":
                    # What comes later in the list would be tried only if this way failed.
                    return tuple(dict.fromkeys(waiting)), self._edit(one.saved, place)
                waiting.append(one)
        return tuple(dict.fromkeys(waiting)), best

    def _edit(self, saved: tuple[int, ...], end: int) -> Edit:
        replaced = self._group >= 0 and saved[2 * (self._groups - 1)] >= 0
        if not replaced:
            return Edit(rest=end)
        start, stop = saved[2 * self._group], saved[2 * self._group + 1]
        return Edit(self._insert, rest=start) if stop == end else Edit(self._insert, start, stop, end)

    def _find(self, threads: Threads, best: Edit | None, place: int, length: int) -> tuple[Edit | None, ...]:
        """Give what can come out of it: one edit, or the first two of several."""
        if not threads or place == length:
            return (best,)
        found: dict[Edit | None, None] = {}
        for digit in range(10):
            found |= dict.fromkeys(self._outcome(*self._next(threads, best, digit, place, length), place + 1, length))
            if len(found) > 1:
                break
        return tuple(found)[:2]


class Cut(NamedTuple):
    """Digits with their prefix being cut off; which patterns they fit as they are, and which without it."""

    trail: Trail
    text: str
    whole: Places
    places: Places = frozenset()


class Cutter:
    """Cuts off a prefix, unless the digits fit a description with it and do not without."""

    def __init__(self, prefix: Prefix, general: Descriptions) -> None:
        self._prefix, self._general = prefix, general
        self.after = cache(self._after)

    def start(self, length: int) -> Cut:
        """Begin at digits of a length."""
        return self._settled(self._prefix.start(length), "", self._general.start)

    def edit(self, cut: Cut) -> Edit:
        """Give what becomes of the digits, once all were gone through."""
        edit = cut.trail.best
        keep = edit is None or (self._general.fitting(cut.whole) and not self._general.fitting(cut.places))
        return Edit() if keep or edit is None else edit

    def fits(self, cut: Cut) -> bool:
        """Tell whether what becomes of the digits fits the description."""
        return bool(self._general.fitting(cut.whole if self.edit(cut) == Edit() else cut.places))

    def fits_whole(self, cut: Cut) -> bool:
        """Tell whether the digits fit the description as they are."""
        return bool(self._general.fitting(cut.whole))

    def _after(self, cut: Cut, digit: int, place: int, length: int) -> Cut:
        whole = self._general.after(cut.whole, digit)
        if not cut.trail.settled:
            return self._settled(self._prefix.after(cut.trail, digit, place, length), f"{cut.text}{digit}", whole)
        edit = cut.trail.best
        kept = edit is not None and edit.keeps(place)
        return Cut(cut.trail, "", whole, self._general.after(cut.places, digit) if kept else cut.places)

    def _settled(self, trail: Trail, text: str, whole: Places) -> Cut:
        if not trail.settled or trail.best is None:
            return Cut(trail, "" if trail.settled else text, whole)
        edit = trail.best
        kept = "".join(digit for place, digit in enumerate(text) if edit.keeps(place))
        return Cut(trail, "", whole, self._general.behind(edit.insert + kept))


class Abroad(NamedTuple):
    """Digits being looked at for a prefix that calls another country; ``means`` it, or not, or is not known yet."""

    trail: Trail
    text: str
    means: bool | None = None


class AbroadPrefix:
    """The prefix of international calls; it is none where a zero follows, with which no calling code begins."""

    def __init__(self, pattern: str | None) -> None:
        self._prefix = Prefix(pattern)
        self.after = cache(self._after)

    def start(self, length: int) -> Abroad:
        """Begin at digits of a length."""
        return self._told(Abroad(self._prefix.start(length), ""), length)

    def _after(self, state: Abroad, digit: int, place: int, length: int) -> Abroad:
        """Go on by the digit at a place."""
        if state.means is not None:
            return state
        return self._told(Abroad(self._prefix.after(state.trail, digit, place, length), f"{state.text}{digit}"), length)

    def _told(self, state: Abroad, length: int) -> Abroad:
        if not state.trail.settled:
            return state
        end = state.trail.best.rest if state.trail.best else -1
        if end < 0:
            return Abroad(state.trail, "", means=False)
        if end == length or len(state.text) > end:
            return Abroad(state.trail, "", means=end == length or state.text[end] != "0")
        return state
