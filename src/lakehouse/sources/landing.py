"""Landing zones: what an application or Firehose puts down moves on as it is taken, and is never lost or taken twice.

``landing`` is written by others, ``processing`` holds what is being taken, ``processed`` what a table holds. A file
moves by copy, comparison of checksums and deletion, in this order; so after a crash it is in one zone or in two.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import pyarrow.fs as pa_fs
from pyspark.sql import SparkSession

from lakehouse.catalog.file_ledger import Held
from lakehouse.contract.columns import ColumnSpec
from lakehouse.errors import SourceError
from lakehouse.sources.file_listing import Folder
from lakehouse.sources.files import FileFormat, FileSource
from lakehouse.sources.protocol import LeftOut, Piece, SourceBatch

LANDING, PROCESSING, PROCESSED = "landing", "processing", "processed"
_MANIFEST = "_manifest"
_CHUNK = 8 * 1024**2
_UNDER_WAY = ".part"


@dataclass(kw_only=True)
class LandingZone:
    """The zones of one kind of records, under one root.

    Prefixes below ``landing``, such as Firehose's ``YYYY/MM/DD/HH``, are kept. Its error prefix belongs beside
    ``landing``, not below: what is there is not read. A file that is delivered twice is taken once; records that
    Firehose delivers twice, in two files, are two rows. Let it put a line break behind each record: without them only
    small files are read.

    Args:
        root: Folder, or an address such as ``s3://bucket/orders``.
        format: Of the files; None: by their suffix.
        options: Of the files, as of ``FileSource``.
        settle_seconds: As of ``Folder``.
        properties: Of the catalog, where its object store needs an address or keys.
    """

    root: str
    format: FileFormat | None = FileFormat.JSON_LINES
    options: Mapping[str, str] = field(default_factory=dict)
    settle_seconds: float = 2.0
    properties: Mapping[str, str] = field(default_factory=dict, repr=False)
    left_out: list[LeftOut] = field(default_factory=list)

    @property
    def name(self) -> str:
        """The root."""
        return self.root

    def batches(self, spark: SparkSession, payload: ColumnSpec, held: Held) -> Iterator[SourceBatch]:
        """Move what has landed on, give it, and move it on once more after each commit.

        Cost: each file is read and written twice, and read once more each time to compare.

        Raises:
            SourceError: A copy is not what was copied.
        """
        self.left_out = []
        taken = held.newest()
        there, _ = self._zone(PROCESSING).files() if self._exists(PROCESSING) else ([], [])
        self._finish([one for one in there if one.source in taken and taken[one.source].version == one.version])
        landed, waiting = self._zone(LANDING, settle_seconds=self.settle_seconds).files()
        for piece in landed:
            self._begin(piece)
        if not self._exists(PROCESSING):
            self.left_out += waiting
            return
        source = FileSource(folder=self._zone(PROCESSING), format=self.format, options=self.options)
        for batch in source.batches(spark, payload, held):
            yield batch
            # Whoever asks for the next one has committed this one.
            self._finish(batch.pieces)
        self.left_out += [*waiting, *source.left_out]

    def _zone(self, zone: str, *, settle_seconds: float = 0) -> Folder:
        location = f"{self.root.rstrip('/')}/{zone}"
        return Folder(location=location, settle_seconds=settle_seconds, properties=self.properties)

    @cached_property
    def _fs(self) -> pa_fs.FileSystem:
        return self._zone(LANDING).filesystem

    def _path(self, *parts: str) -> str:
        zone = self._zone(parts[0])
        return "/".join([zone.path_of(zone.place), *parts[1:]])

    def _exists(self, *parts: str) -> bool:
        found: pa_fs.FileInfo = self._fs.get_file_info(self._path(*parts))
        return bool(found.type != pa_fs.FileType.NotFound)

    def _below(self, piece: Piece, zone: str) -> str:
        return self._zone(zone).path_of(piece.source).removeprefix(self._path(zone)).lstrip("/")

    def _begin(self, piece: Piece) -> None:
        """Move a file from landing to processing; one that was processed before is taken away or told."""
        name = self._below(piece, LANDING)
        if self._exists(PROCESSED, name):
            if self._checksum(LANDING, name) == self._checksum(PROCESSED, name):
                self._fs.delete_file(self._path(LANDING, name))
            else:
                why = "another file of that name was processed; give it a name of its own"
                self.left_out.append(LeftOut(source=piece.source, why=why))
            return
        checksum = self._checksum(LANDING, name)
        self._write(_MANIFEST, f"{name}.json", json.dumps({"sha256": checksum, "bytes": piece.size}).encode())
        self._move(name, LANDING, PROCESSING, checksum)

    def _finish(self, pieces: Sequence[Piece]) -> None:
        """Move files from processing to processed."""
        for piece in pieces:
            name = self._below(piece, PROCESSING)
            with self._fs.open_input_stream(self._path(_MANIFEST, f"{name}.json"), compression=None) as file:
                manifest = json.loads(file.read())
            self._move(name, PROCESSING, PROCESSED, manifest["sha256"])

    def _move(self, name: str, start: str, end: str, checksum: str) -> None:
        if not self._exists(end, name) or self._checksum(end, name) != checksum:
            with self._fs.open_input_stream(self._path(start, name), compression=None) as file:
                self._write(end, name, *iter(lambda: file.read(_CHUNK), b""))
            if (found := self._checksum(end, name)) != checksum:
                raise SourceError(
                    f"{self._path(end, name)} has the checksum {found}, and not {checksum} as in {start}: it was "
                    "changed while it was moved. It is still there; look at it, and start again"
                )
        self._fs.delete_file(self._path(start, name))

    def _write(self, zone: str, name: str, *parts: bytes) -> None:
        path = self._path(zone, name)
        self._fs.create_dir(path.rpartition("/")[0], recursive=True)
        # A name that nobody takes until all of it is there.
        with self._fs.open_output_stream(f"{path}{_UNDER_WAY}", compression=None) as file:
            for part in parts:
                file.write(part)
        self._fs.move(f"{path}{_UNDER_WAY}", path)

    def _checksum(self, zone: str, name: str) -> str:
        found = hashlib.sha256()
        with self._fs.open_input_stream(self._path(zone, name), compression=None) as file:
            while part := file.read(_CHUNK):
                found.update(part)
        return found.hexdigest()
