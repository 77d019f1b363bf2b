"""Records put together to requests, within what a service takes at once."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Any

from lakehouse.agent.encode import Encoder
from lakehouse.agent.log_file import LogFile, LogRecord, Place
from lakehouse.agent.streams import Stream


@dataclass(kw_only=True)
class Batch:
    """A request: its entries, and which records of which files, up to where, they are."""

    entries: list[Any] = field(default_factory=list)
    size: int = 0
    begun: float = field(default_factory=time.monotonic)
    records: dict[LogFile, int] = field(default_factory=dict)
    ends: dict[LogFile, LogRecord] = field(default_factory=dict)

    def delivered(self) -> None:
        """Note in its files that it arrived."""
        for file, last in self.ends.items():
            file.delivered(self.records[file], Place.behind(last.raw, last.start + len(last.raw)))


@dataclass(kw_only=True)
class Batches:
    """Makes batches of records. ``too_long`` are those that the service takes in no request: file and offset."""

    stream: Stream
    encoder: Encoder
    linger_seconds: float
    too_long: list[LogRecord] = field(default_factory=list)
    _open: Batch = field(default_factory=Batch)

    def add(self, records: list[LogRecord]) -> list[Batch]:
        """Take records, and give the batches that are full."""
        full, limits, key_of = [], self.stream.limits, self.encoder.key_of()
        for record in records:
            value = self.encoder.value(record)
            if value:
                entry, size = self.stream.entry(value, key_of(record, value))
                if size > limits.record_bytes:
                    self.too_long.append(record)
                else:
                    if self._open.size + size > limits.bytes or len(self._open.entries) == limits.records:
                        full.append(self.flush())
                    self._open.entries.append(entry)
                    self._open.size += size
            # What is not sent is done with as well, and counts for the place of its file.
            self._open.records[record.file] = self._open.records.get(record.file, 0) + 1
            self._open.ends[record.file] = record
        return full

    def flush(self) -> Batch:
        """Give what there is."""
        found, self._open = self._open, Batch()
        return found

    @property
    def due(self) -> bool:
        """Whether what there is has waited for long enough."""
        return bool(self._open.ends) and time.monotonic() - self._open.begun >= self.linger_seconds

    @property
    def empty(self) -> bool:
        """Whether there is nothing that waits."""
        return not self._open.ends
