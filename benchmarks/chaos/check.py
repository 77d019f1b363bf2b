"""Count: each number once, none that was taken back, and the newest of each key. Reads the tables without Spark."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from benchmarks.chaos.beeps import ALARM, is_bad, number_in, sensor
from benchmarks.chaos.place import MERGED, Place
from benchmarks.chaos.producer import Numbers
from lakehouse.catalog.connect import open_catalog
from lakehouse.catalog.iceberg import load_table


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What is wrong, by number; ``merged`` has the keys whose row is not the newest."""

    records: int
    doubled: tuple[int, ...]
    lost: tuple[int, ...]
    taken_back: tuple[int, ...]
    misplaced: tuple[int, ...]
    merged: tuple[str, ...]

    @property
    def is_whole(self) -> bool:
        """Whether nothing is wrong."""
        return not (self.doubled or self.lost or self.taken_back or self.misplaced or self.merged)


def check(place: Place, sent: Numbers) -> Verdict:
    """Hold the tables against what was sent.

    Cost: all rows of the bronze tables, in memory.
    """
    held: Counter[int] = Counter()
    misplaced = set()
    for table in place.bronze:
        for number, dead in _numbers(place, table):
            held[number] += 1
            if dead != is_bad(number):
                misplaced.add(number)
    return Verdict(
        records=len(sent.written),
        doubled=tuple(sorted(number for number, count in held.items() if count > 1)),
        lost=tuple(sorted(sent.written - held.keys())),
        taken_back=tuple(sorted(held.keys() - sent.written)),
        misplaced=tuple(sorted(misplaced)),
        merged=tuple(_not_newest(place, sent)) if place.routed else (),
    )


def _numbers(place: Place, table: str) -> Iterator[tuple[int, bool]]:
    rows = load_table(open_catalog(place.settings()), table).scan().to_arrow()
    for dead, record in zip(rows["dead_letter"].to_pylist(), rows["record"].to_pylist(), strict=True):
        if dead is not None and dead["reason"] is not None:
            yield number_in(dead["value"]), True
        else:
            yield record["number"], False


def _not_newest(place: Place, sent: Numbers) -> Iterator[str]:
    wanted: Counter[str] = Counter()
    for number in sent.written:
        if not is_bad(number) and sensor(number) != ALARM:
            wanted[sensor(number)] = max(wanted[sensor(number)], number)
    rows = load_table(open_catalog(place.settings()), MERGED).scan().to_arrow().to_pylist()
    found = Counter({row["sensor"]: row["number"] for row in rows})
    if len(rows) != len(found):
        yield "a key has several rows"
    yield from sorted(key for key in wanted.keys() | found.keys() if wanted[key] != found[key])
