"""How far each log file was delivered, in one small file that is replaced as a whole."""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lakehouse.agent.log_file import LogFile, Place
from lakehouse.errors import SourceError

_VERSION = 1


@dataclass(kw_only=True)
class Checkpoint:
    """The file that an agent goes on from. One agent at a time may have it; it grows with the files that are read."""

    path: Path
    _lock: int = field(default=-1, repr=False)
    _written: bytes = field(default=b"", repr=False)

    def take(self) -> None:
        """Keep others from it until the process ends.

        Raises:
            SourceError: Another agent has it, or its folder cannot be written to.
        """
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._lock = os.open(f"{self.path}.lock", os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise SourceError(
                f"another agent is at work with {self.path}; stop it, or give this one a --checkpoint of its own"
            ) from None
        except OSError as error:
            raise self._refused("written", error) from error

    def release(self) -> None:
        """Let others have it."""
        if self._lock >= 0:
            os.close(self._lock)
        self._lock = -1

    def read(self) -> list[LogFile]:
        """Give the files as they were left, not opened yet; none where there is no checkpoint.

        Raises:
            SourceError: It is damaged.
        """
        try:
            found = json.loads(self.path.read_bytes())
            return [_file(one) for one in found["files"]]
        except FileNotFoundError:
            return []
        except OSError as error:
            raise self._refused("read", error) from error
        except (ValueError, KeyError, TypeError) as error:
            raise SourceError(
                f"{self.path} is no checkpoint of an agent: {error!r}. Without it everything is sent again, under "
                "other ids; move it away to have that"
            ) from error

    def write(self, files: Iterable[LogFile]) -> None:
        """Replace it, if anything is new: after a crash there is the old one or the new one.

        Raises:
            SourceError: It cannot be written.
        """
        data = json.dumps({"version": _VERSION, "files": [_plain(one) for one in files]}, indent=1).encode()
        if data == self._written:
            return
        beside = f"{self.path}.new"
        try:
            descriptor = os.open(beside, os.O_CREAT | os.O_WRONLY | os.O_TRUNC | os.O_CLOEXEC, 0o600)
            with os.fdopen(descriptor, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(descriptor)
            Path(beside).replace(self.path)
            folder = os.open(self.path.parent, os.O_RDONLY | os.O_CLOEXEC)
            try:
                os.fsync(folder)
            finally:
                os.close(folder)
        except OSError as error:
            raise self._refused("written", error) from error
        self._written = data

    def _refused(self, what: str, error: OSError) -> SourceError:
        return SourceError(f"the checkpoint {self.path} cannot be {what}: {error.strerror or error}")


def _plain(file: LogFile) -> dict[str, Any]:
    return {
        "id": file.id, "path": file.path, "device": file.device, "inode": file.inode, "head": list(file.head),
        "sent": list(file.sent),
    }  # fmt: skip


def _file(plain: dict[str, Any]) -> LogFile:
    head, sent = Place(*plain["head"]), Place(*plain["sent"])
    return LogFile(
        id=plain["id"], path=plain["path"], device=plain["device"], inode=plain["inode"], head=head, read=sent,
        sent=sent,
    )  # fmt: skip
