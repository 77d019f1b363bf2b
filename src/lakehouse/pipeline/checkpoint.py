"""What a streaming query's checkpoint says: its identity, and which offsets each batch reads.

Spark writes a batch's offsets before the batch runs, and runs the same offsets again after a crash. Read as files,
through PyIceberg's FileIO: it knows local folders and object stores alike, and needs no JVM.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from pyiceberg.io import FileIO, load_file_io

from lakehouse.catalog.batch_stamp import Offsets
from lakehouse.errors import StreamError


@dataclass(frozen=True)
class Checkpoint:
    """The checkpoint of a query with one Kafka source, at a folder or an object-store prefix."""

    location: str
    properties: Mapping[str, str] = field(default_factory=dict, repr=False)

    @cached_property
    def _io(self) -> FileIO:
        return load_file_io(dict(self.properties), self.location)

    def query_id(self) -> str | None:
        """Give the query's id, which stays the same over restarts; None when nothing was started here yet."""
        text = self._read("metadata")
        return None if text is None else str(json.loads(text)["id"])

    def end_offsets(self, batch_id: int) -> Offsets:
        """Give the offsets at which a batch ends, exclusive.

        Raises:
            StreamError: The batch is not in the checkpoint.
        """
        text = self._read(f"offsets/{batch_id}")
        if text is None:
            raise StreamError(
                f"checkpoint {self.location} has no offsets for batch {batch_id}; it was changed or damaged"
            )
        return _last_line(text)

    def start_offsets(self, batch_id: int) -> Offsets:
        """Give the offsets at which a batch begins: where the one before ended, or where the query began."""
        return self.end_offsets(batch_id - 1) if batch_id > 0 else self.initial_offsets() or {}

    def initial_offsets(self) -> Offsets | None:
        """Give the offsets at which the query's first batch began; None when none was planned yet."""
        text = self._read("sources/0/0")
        return None if text is None else _last_line(text)

    def _read(self, name: str) -> str | None:
        file = self._io.new_input(f"{self.location.rstrip('/')}/{name}")
        if not file.exists():
            return None
        with file.open() as stream:
            return stream.read().decode("utf-8", errors="replace")


def _last_line(text: str) -> Offsets:
    # "v1", then for a batch a line of its metadata, then one line of JSON for the single source.
    last = text.strip().splitlines()[-1]
    found: Offsets = json.loads(last[last.index("{") :])
    return found
