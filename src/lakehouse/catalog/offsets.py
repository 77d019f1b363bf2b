"""Arithmetic of Kafka offsets: what of a batch a table holds already, what is new, and what would be missing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

# topic → partition → offset; partitions are text, as in the JSON that Spark writes.
Offsets = Mapping[str, Mapping[str, int]]
# … → [first, next): the first offset, and the one after the last.
Ranges = Mapping[str, Mapping[str, tuple[int, int]]]


@dataclass(frozen=True, kw_only=True, order=True)
class Span:
    """Offsets ``[first, next)`` of one partition."""

    topic: str
    partition: str
    first: int
    next: int

    @property
    def size(self) -> int:
        """How many offsets."""
        return self.next - self.first

    def __str__(self) -> str:
        """Say it for a person: ``users-0 [5, 9)``."""
        return f"{self.topic}-{self.partition} [{self.first}, {self.next})"


@dataclass(frozen=True, kw_only=True)
class Remainder:
    """What of a batch is new to a table (``fresh``), and what lies between the table and the batch (``gaps``)."""

    fresh: Ranges
    gaps: tuple[Span, ...]
    whole: bool

    @property
    def is_empty(self) -> bool:
        """Whether the table holds all of the batch."""
        return not any(True for _ in spans_of(self.fresh))


def remainder(start: Offsets, end: Offsets, held: Ranges) -> Remainder:
    """Take from a batch ``[start, end)`` what a table holds.

    A partition that is not in ``start`` came to the topic later and begins at 0; one that the table does not know has
    nothing in it. Offsets before the first that a table holds are never taken: the table begins there.
    """
    fresh: dict[str, dict[str, tuple[int, int]]] = {}
    gaps: list[Span] = []
    whole = True
    for topic, parts in end.items():
        for partition, stop in parts.items():
            begin = start.get(topic, {}).get(partition, 0)
            next_ = held.get(topic, {}).get(partition, (begin, begin))[1]
            if begin > next_:
                gaps.append(Span(topic=topic, partition=partition, first=next_, next=begin))
            first = max(begin, next_)
            whole = whole and first == begin
            fresh.setdefault(topic, {})[partition] = (first, max(first, stop))
    return Remainder(fresh=fresh, gaps=tuple(gaps), whole=whole)


def spans_of(ranges: Ranges) -> Iterator[Span]:
    """Give the spans of ranges that are not empty, in order."""
    for topic, parts in sorted(ranges.items()):
        for partition, (first, next_) in sorted(parts.items(), key=lambda one: int(one[0])):
            if next_ > first:
                yield Span(topic=topic, partition=partition, first=first, next=next_)


def extended(held: Ranges, fresh: Ranges) -> dict[str, dict[str, tuple[int, int]]]:
    """Give what a table holds after a batch: from where it began to where the batch ends."""
    found = {topic: dict(parts) for topic, parts in held.items()}
    for topic, parts in fresh.items():
        for partition, (first, next_) in parts.items():
            begin = held.get(topic, {}).get(partition, (first, first))[0]
            found.setdefault(topic, {})[partition] = (begin, next_)
    return found
