"""Log files that match a pattern, as they come, grow, are renamed or cut, and go."""

from __future__ import annotations

import stat
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from glob import iglob
from pathlib import Path

from lakehouse.agent.log_file import LogFile, LogRecord, ReplacedError, Splitting

_PACKED = (".gz", ".bz2", ".xz", ".zst", ".zip", ".lz4")
_SCAN_SECONDS, _IDLE_SECONDS = 1.0, 60.0
_MOST_TOLD = 10_000


@dataclass(kw_only=True)
class Tail:
    """Reads the files of some patterns.

    Args:
        patterns: Of paths, such as ``/var/log/shop/*.log``; ``**`` is any folder.
        splitting: How lines become records.
        files: What is known of before.
        rotated_seconds: A file that was renamed, or whose name is gone, is read for so long after it was last added to.
        told: What was lost or left out, in words, until someone takes it.
    """

    patterns: Sequence[str]
    splitting: Splitting = field(default_factory=Splitting)
    files: list[LogFile] = field(default_factory=list)
    rotated_seconds: float = 5.0
    told: list[str] = field(default_factory=list)
    _scanned: float = float("-inf")
    _next: int = 0
    _said: set[str] = field(default_factory=set)

    def scan(self, *, now: bool = False) -> bool:
        """Look at the folders, once a second at most unless ``now``; say whether there is more to look at."""
        if not now and time.monotonic() - self._scanned < _SCAN_SECONDS:
            return False
        self._scanned, fresh = time.monotonic(), False
        there, known = dict(self._there()), {one.key: one for one in self.files}
        for key, (path, size) in there.items():
            if key in known:
                self._seen(known[key], path, size)
            else:
                fresh |= self._begin(path)
        for file in [one for one in self.files if one.key not in there]:
            self._gone(file)
        for file in [one for one in self.files if one.done]:
            file.close()
            self.files.remove(file)
        # What was cut has begun anew: that is found by the next look.
        return fresh or self._scanned == float("-inf")

    def read(self) -> list[LogRecord]:
        """Give the next records of one file, in turn; none when all are read as far as they are whole."""
        left = len(self.files)
        while left:
            file = self.files[self._next % len(self.files)]
            try:
                records = self._records(file)
            except ReplacedError:
                self._cut(file)
                continue  # with what the copy has, if there is one
            self._next, left = self._next + 1, left - 1
            if records:
                return records
        return []

    def behind(self) -> int:
        """Give the bytes that are there and not known to be delivered."""
        return sum(max(0, one.size - one.sent.offset) for one in self.files)

    def _there(self) -> Iterator[tuple[tuple[int, int], tuple[str, int]]]:
        for pattern in self.patterns:
            for path in sorted(iglob(pattern, recursive=True)):  # noqa: PTH207 (Path has no absolute patterns)
                if path.endswith(_PACKED):
                    continue
                try:
                    found = Path(path).stat()
                except OSError:
                    continue  # renamed in between
                if stat.S_ISREG(found.st_mode):
                    yield (found.st_dev, found.st_ino), (path, found.st_size)

    def _begin(self, path: str) -> bool:
        try:
            file = LogFile.first_seen(path)
        except FileNotFoundError:
            return False
        except OSError as error:
            self._tell(f"{path} cannot be read: {error.strerror}")
            return False
        if file is not None:
            self.files.append(file)
        return file is not None

    def _seen(self, file: LogFile, path: str, size: int) -> None:
        file.path, file.rotated_at = path, None
        if file.descriptor >= 0:
            if file.size == file.read.offset and time.monotonic() - file.changed_at > _IDLE_SECONDS:
                file.close()
        elif file.size == size == file.read.offset:
            return  # closed as nothing came, and nothing has come since
        elif not file.is_at(path):
            self._cut(file)

    def _gone(self, file: LogFile) -> None:
        """A name is no longer there: the file is read to its end, under the name that it has now."""
        if file.finished:
            return
        if file.rotated_at is None:
            file.rotated_at = time.monotonic()
        if file.descriptor < 0 and not self._found(file):
            self._lose(file)

    def _records(self, file: LogFile) -> list[LogRecord]:
        if file.finished:
            return []
        now, last = time.monotonic(), max(file.changed_at, file.rotated_at or 0)
        ended = file.rotated_at is not None and now - last > self.rotated_seconds
        records, before = list[LogRecord](), -1
        while not records and file.read.offset > before:
            before = file.read.offset
            skipping, records = file.skipping, file.next_records(self.splitting, ended=ended)
            if file.skipping and not skipping:
                self._tell(f"{file.path}: the line at byte {before:,} is too long and was left out")
        file.finished = ended and not records and file.read.offset >= file.size
        return records

    def _cut(self, file: LogFile) -> None:
        """A file was emptied, as copytruncate does: what was not read yet is in the copy; the rest is a new file."""
        path, file.path = file.path, ""
        file.close()
        if self._found(file, beside=path):
            file.rotated_at = time.monotonic()
        else:
            file.path = path
            self._lose(file)
        self._scanned = float("-inf")

    def _found(self, file: LogFile, *, beside: str = "") -> bool:
        """Look in the folder for what a file has become: renamed, or copied before it was cut."""
        place = Path(beside or file.path)
        known = {one.key for one in self.files if one is not file}
        try:
            others = sorted(place.parent.iterdir())
        except OSError:
            return False
        for other in others:
            alike = other.name.startswith(place.name) if beside else True
            try:
                found = other.stat()
            except OSError:
                continue
            key = (found.st_dev, found.st_ino)
            right = alike and key not in known and key != file.key if beside else key == file.key
            if right and stat.S_ISREG(found.st_mode) and found.st_size >= file.read.offset and file.is_at(str(other)):
                return True
        return False

    def _lose(self, file: LogFile) -> None:
        file.finished = True
        self._tell(
            f"{file.path} is no longer what was read, and no file beside it is: what stood behind byte "
            f"{file.read.offset:,}, if anything, is lost"
        )
        # Its inode may be that of another file from now on.
        file.device = file.inode = -1

    def _tell(self, what: str) -> None:
        if what not in self._said and len(self._said) < _MOST_TOLD:
            self._said.add(what)
            self.told.append(what)
