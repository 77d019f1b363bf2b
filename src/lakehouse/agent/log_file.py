"""A log file that is read while others write to it: known by its inode and fingerprints, read by whole records."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass, field
from hashlib import blake2b
from io import BytesIO
from re import Pattern
from typing import NamedTuple

CHUNK_BYTES = 2 * 1024**2
"""Most that is read of a file at once; a line without an end in so many bytes is skipped, and told."""
_HEAD, _TAIL = 256, 64


class ReplacedError(Exception):
    """The bytes before the place are not those that were read: the file was cut, or is another one."""


class Place(NamedTuple):
    """How far into a file: so many bytes, the last ``length`` of which have a fingerprint."""

    offset: int
    length: int
    mark: str

    @staticmethod
    def behind(data: bytes, offset: int, length: int = _TAIL) -> Place:
        """Give the place at ``offset``, before which ``data`` stands."""
        tail = data[-length:]
        return Place(offset, len(tail), _mark(tail))

    def holds(self, descriptor: int) -> bool:
        """Say whether an open file has these bytes there."""
        return _mark(os.pread(descriptor, self.length, self.offset - self.length)) == self.mark


class LogRecord(NamedTuple):
    """A record as it stands in a file, line breaks included; ``start`` is the offset of its first byte."""

    file: LogFile
    start: int
    raw: bytes


@dataclass(frozen=True, kw_only=True)
class Splitting:
    """How bytes become records.

    Args:
        begins: What the first line of a record matches; the lines behind it belong to it. None: each line is one.
        most_bytes: Lines are put together up to here.
        wait_seconds: The last record of a file is whole when nothing was added to it for so long.
    """

    begins: Pattern[bytes] | None = None
    most_bytes: int = 1_000_000
    wait_seconds: float = 2.0

    def records(self, data: bytes, *, quiet: bool, ended: bool) -> list[bytes]:
        """Give the records that ``data`` begins with: all but one that more may be added to."""
        lines = BytesIO(data).readlines()
        if lines and not ended and not lines[-1].endswith(b"\n"):
            lines.pop()
        if self.begins is None:
            return lines
        groups: list[list[bytes]] = []
        size = 0
        for line in lines:
            if not groups or size + len(line) > self.most_bytes or self.begins.match(line):
                groups.append([])
                size = 0
            groups[-1].append(line)
            size += len(line)
        if not quiet and not ended:
            groups = groups[:-1]
        return [b"".join(lines) for lines in groups]


@dataclass(kw_only=True, eq=False)
class LogFile:
    """A file, what it is known by, and how far it was read and sent.

    Args:
        id: Drawn when it was first seen, and kept: with the offset it tells a record from all others.
        path: Where it was last seen.
        device: Of its file system, and ``inode`` in it.
        head: The place behind its first bytes.
        read: How far records were made of it.
        sent: How far these are known to be delivered.
    """

    id: str
    path: str
    device: int
    inode: int
    head: Place
    read: Place
    sent: Place
    descriptor: int = -1
    size: int = 0
    changed_at: float = field(default_factory=time.monotonic)
    rotated_at: float | None = None
    finished: bool = False
    skipping: bool = False
    unsent: int = 0

    @staticmethod
    def first_seen(path: str) -> LogFile | None:
        """Open a file that is not known yet; None where there is nothing in it."""
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        head = os.pread(descriptor, _HEAD, 0)
        if not head:
            os.close(descriptor)
            return None
        found = os.fstat(descriptor)
        # Two files may begin alike, and an inode is used again: the instant tells them apart.
        id_ = _mark(head + f"{found.st_dev} {found.st_ino} {time.time_ns()}".encode())
        start = Place.behind(b"", 0)
        return LogFile(
            id=id_, path=path, device=found.st_dev, inode=found.st_ino, head=Place.behind(head, len(head), _HEAD),
            read=start, sent=start, descriptor=descriptor, size=found.st_size,
        )  # fmt: skip

    @property
    def key(self) -> tuple[int, int]:
        """Device and inode."""
        return self.device, self.inode

    @property
    def done(self) -> bool:
        """Whether nothing more comes of it, and all that came is delivered."""
        return self.finished and self.unsent == 0

    def is_at(self, path: str) -> bool:
        """Say whether the file at a path begins with what was read of this one; open it if so."""
        try:
            descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        except OSError:
            return False
        if not (self.head.holds(descriptor) and self.read.holds(descriptor)):
            os.close(descriptor)
            return False
        self.close()
        found = os.fstat(descriptor)
        self.path, self.descriptor, self.size = path, descriptor, found.st_size
        self.device, self.inode = found.st_dev, found.st_ino
        return True

    def close(self) -> None:
        """Give the descriptor back."""
        if self.descriptor >= 0:
            os.close(self.descriptor)
        self.descriptor = -1

    def next_records(self, splitting: Splitting, *, ended: bool) -> list[LogRecord]:
        """Read on, as far as there are whole records.

        Raises:
            ReplacedError: It was cut since, or is another file.
        """
        if self.descriptor < 0:
            return []
        before, size = self.read.length, os.fstat(self.descriptor).st_size
        data = os.pread(self.descriptor, before + CHUNK_BYTES, self.read.offset - before)
        if _mark(data[:before]) != self.read.mark or not self.head.holds(self.descriptor):
            raise ReplacedError
        data, now = data[before:], time.monotonic()
        if size != self.size:
            self.size, self.changed_at = size, now
        start = self._skip(data) if self.skipping else 0
        quiet = now - self.changed_at >= splitting.wait_seconds
        full = len(data) == CHUNK_BYTES
        raws = splitting.records(data[start:], quiet=quiet and not full, ended=ended and not full)
        at, found = self.read.offset + start, []
        for raw in raws:
            found.append(LogRecord(self, at, raw))
            at += len(raw)
        if not found and full and not self.skipping:
            self.skipping, at = True, at + len(data)
        if at > self.read.offset:
            self.read = Place.behind(data[: at - self.read.offset], at)
        self.unsent += len(found)
        if self.unsent == 0:
            self.sent = self.read
        return found

    def _skip(self, data: bytes) -> int:
        end = data.find(b"\n") + 1
        self.skipping = end == 0
        return end or len(data)

    def delivered(self, records: int, place: Place) -> None:
        """Note that so many records, up to a place, were delivered."""
        self.unsent -= records
        self.sent = self.read if self.unsent == 0 else place


def _mark(data: bytes) -> str:
    return blake2b(data, digest_size=8).hexdigest()
