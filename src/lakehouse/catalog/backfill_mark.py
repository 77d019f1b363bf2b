"""How far a backfill has come, as the ledger entry of each of its publishes says it: there is no other state."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass


@dataclass(frozen=True, kw_only=True)
class BackfillMark:
    """One slice of a backfill was published.

    ``column``, ``by``, ``start`` and ``stop`` are what was asked for, by which a backfill that was cut off is known
    again; ``code`` and ``rules`` are the fingerprints that made its rows. ``done`` slices are published; the next one
    begins at ``until``. ``start`` and ``stop`` are empty where the range is open.
    """

    id: str
    column: str
    by: str
    start: str
    stop: str
    code: str
    rules: str
    done: int
    until: str
    complete: bool

    def to_json(self) -> str:
        """Give it as the summary of a snapshot keeps it."""
        return json.dumps(asdict(self), sort_keys=True)

    @staticmethod
    def from_json(text: str) -> BackfillMark:
        """Read what ``to_json`` gave."""
        return BackfillMark(**json.loads(text))

    def is_of(self, other: BackfillMark) -> bool:
        """Tell whether both are of one backfill: the same was asked for, of the same code and rules."""
        return list(self._asked()) == list(other._asked())

    def _asked(self) -> Iterator[str]:
        yield from (self.column, self.by, self.start, self.stop, self.code, self.rules)
