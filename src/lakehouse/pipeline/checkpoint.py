"""What a streaming query's checkpoint says: its identity, and which offsets each batch reads.

Spark writes a batch's offsets before the batch runs, and runs the same offsets again after a crash. Read as files,
through PyIceberg's file systems: they know local folders and object stores alike, and need no JVM.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from pathlib import PurePosixPath

import pyarrow.fs as pa_fs
from pyiceberg.io.pyarrow import PyArrowFileIO

from lakehouse.catalog.offsets import Offsets
from lakehouse.errors import StreamError

_PINNED = "lakehouse-tables.json"


@dataclass(frozen=True)
class Checkpoint:
    """The checkpoint of a query with one Kafka source, at a folder or an object-store prefix."""

    location: str
    properties: Mapping[str, str] = field(default_factory=dict, repr=False)

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

    def position(self) -> Position | None:
        """Give where the query goes on; None when nothing was started here yet.

        Cost: two listings of at most some hundred small files.

        Raises:
            StreamError: A part of it is missing.
        """
        planned, done = self._newest("offsets"), self._newest("commits")
        if planned is None:
            return None
        begin = self.end_offsets(planned) if done == planned else self.start_offsets(planned)
        return Position(begin=begin, end=self.end_offsets(planned))

    def tables(self) -> dict[str, str]:
        """Give the tables that the query fills, with their UUIDs, as they were pinned; empty for a new checkpoint."""
        text = self._read(_PINNED)
        return {} if text is None else dict(json.loads(text))

    def pin(self, tables: Mapping[str, str]) -> None:
        """Keep the UUIDs of the tables that the query fills."""
        self._fs.create_dir(self._path, recursive=True)
        # Written beside and moved: a file that a death cut off could not be read by any later start.
        unfinished = f"{self._path}/{_PINNED}.new"
        with self._fs.open_output_stream(unfinished) as stream:
            stream.write(json.dumps(dict(tables), sort_keys=True).encode())
        self._fs.move(unfinished, f"{self._path}/{_PINNED}")

    def exists(self) -> bool:
        """Tell whether anything is there, also what no query can go on with."""
        return bool(self._fs.get_file_info(self._path).type != pa_fs.FileType.NotFound)

    def set_aside(self) -> str:
        """Move all of it to a place beside, so that the query starts anew; gives that place."""
        aside = f"{self._path}-until-{datetime.now(UTC):%Y%m%dT%H%M%S}"
        place = self.location.rstrip("/") + aside.removeprefix(self._path)
        if isinstance(self._fs, pa_fs.LocalFileSystem):
            # In one step; an object store has none, there a death leaves a part, and the next --recover sets it aside.
            self._fs.move(self._path, aside)
            return place
        for file in self._fs.get_file_info(pa_fs.FileSelector(self._path, recursive=True)):
            if file.is_file:
                moved = aside + file.path.removeprefix(self._path)
                self._fs.create_dir(str(PurePosixPath(moved).parent), recursive=True)
                self._fs.copy_file(file.path, moved)
        self._fs.delete_dir(self._path)
        return place

    @cached_property
    def _fs(self) -> pa_fs.FileSystem:
        scheme, host, _ = PyArrowFileIO.parse_location(self.location)
        return PyArrowFileIO(dict(self.properties)).fs_by_scheme(scheme, host)

    @cached_property
    def _path(self) -> str:
        return PyArrowFileIO.parse_location(self.location.rstrip("/"))[2]

    def _newest(self, folder: str) -> int | None:
        selector = pa_fs.FileSelector(f"{self._path}/{folder}", allow_not_found=True)
        numbers = [int(file.base_name) for file in self._fs.get_file_info(selector) if file.base_name.isdigit()]
        return max(numbers, default=None)

    def _read(self, name: str) -> str | None:
        try:
            with self._fs.open_input_stream(f"{self._path}/{name}") as stream:
                return str(stream.read().decode("utf-8", errors="replace"))
        except FileNotFoundError:
            return None


@dataclass(frozen=True, kw_only=True)
class Position:
    """Where a query goes on: it reads ``[begin, end)`` first, which a crash cut off; the two are equal as a rule."""

    begin: Offsets
    end: Offsets


def _last_line(text: str) -> Offsets:
    # "v1", then for a batch a line of its metadata, then one line of JSON for the single source.
    last = text.strip().splitlines()[-1]
    found: Offsets = json.loads(last[last.index("{") :])
    return found
