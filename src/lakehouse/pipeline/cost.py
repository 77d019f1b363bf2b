"""What a build costs by its strategy, so that it is built whole where that is cheaper than following change."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Work:
    """What a strategy does, in bytes: of its inputs it reads some and makes rows of some, of its table it looks through
    some for rows to replace and writes some; and whether it takes further jobs and commits."""

    read: int
    made: float
    looked_through: int = 0
    written: float = 0.0
    more_jobs: bool = False


@dataclass(frozen=True, kw_only=True)
class Costs:
    """Weights of work, where to read a byte costs 1. Measured by benchmarks/builds.py; see docs/performance.md.

    Args:
        make: To make rows of a byte of input: to flatten, to join, to aggregate.
        look_through: To find rows by their key in a byte of the table: few of its columns are read.
        write: To sort and write a byte.
        more_jobs: For the jobs and the commits that a change in part takes and a whole build does not.
    """

    make: float = 2.0
    look_through: float = 0.3
    write: float = 4.0
    more_jobs: float = 48 * 1024 * 1024

    def of(self, work: Work) -> float:
        """Give the cost of work, in bytes read."""
        by_byte = (
            work.read + self.make * work.made + self.look_through * work.looked_through + self.write * work.written
        )
        return by_byte + (self.more_jobs if work.more_jobs else 0.0)


COSTS = Costs()
FOLLOW_ALWAYS = Costs(make=1.0, look_through=0.0, write=0.0, more_jobs=0.0)
"""Weights by which a table is built whole only where a change cannot be followed, or is nearly all of its input."""
