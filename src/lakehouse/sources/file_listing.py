"""Which files are there: in a folder of this machine or of an object store, whole ones, by their path."""

from __future__ import annotations

import fnmatch
import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import PurePosixPath

import pyarrow.fs as pa_fs
from pyiceberg.io.pyarrow import PyArrowFileIO

from lakehouse.config.paths import local_path
from lakehouse.errors import SourceError
from lakehouse.sources.protocol import LeftOut, Piece

_UNDER_WAY = (".tmp", ".temp", ".part", ".partial", ".crdownload", ".download", ".filepart", ".swp", "._copying_")
_SUCCESS = "_SUCCESS"
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]+)://([^/]*)(.*)")


@dataclass(frozen=True, kw_only=True)
class Folder:
    """A folder, or one file, and which of its files count.

    Hidden files (``.name``, ``_name``) and uploads that are under way (``.tmp``, ``.part``, ``._COPYING_`` …) never do.

    Args:
        location: Path, or an address such as ``s3://bucket/prefix``.
        pattern: Of the file's name, such as ``*.csv``.
        settle_seconds: A file that was changed so recently may still be written to; it is waited for once, and taken if
            it has not changed meanwhile.
        whole_folders: Take files only of folders that have a file ``_SUCCESS``.
        properties: Of the catalog, where its object store needs an address or keys.
    """

    location: str
    pattern: str = "*"
    settle_seconds: float = 2.0
    whole_folders: bool = False
    properties: Mapping[str, str] = field(default_factory=dict, repr=False)

    def demand_there(self) -> None:
        """Say at once that nothing is there, without a listing.

        Raises:
            SourceError: There is nothing at the location, or it may not be read.
        """
        with self._allowed():
            self._top()

    def files(self) -> tuple[list[Piece], list[LeftOut]]:
        """List the files that are whole, and those that are left for later. Cost: one listing, two where one is fresh.

        Raises:
            SourceError: There is nothing at the location, or it may not be read.
        """
        found = self._listed()
        late = self._fresh(found)
        if not late:
            return found, []
        time.sleep(self.settle_seconds)
        there = {one.source: one for one in self._listed()}
        changed = [one for one in late if there.get(one.source) != one]
        left = [LeftOut(source=one.source, why="it is still being written to") for one in changed]
        gone = {one.source for one in changed}
        return [one for one in found if one.source not in gone], left

    def open(self, piece: Piece) -> pa_fs.NativeFile:
        """Open a file to read it from its beginning, unpacked where its name says that it is packed."""
        return self.filesystem.open_input_stream(self.path_of(piece.source), compression="detect")

    def open_file(self, piece: Piece) -> pa_fs.NativeFile:
        """Open a file to read it anywhere."""
        return self.filesystem.open_input_file(self.path_of(piece.source))

    @cached_property
    def filesystem(self) -> pa_fs.FileSystem:
        """Where the files are, as Arrow sees it."""
        found = _SCHEME.match(self.location)
        if found is None or found[1] == "file":
            return pa_fs.LocalFileSystem()
        return PyArrowFileIO(dict(self.properties)).fs_by_scheme(found[1], found[2])

    @cached_property
    def place(self) -> str:
        """The location, absolute."""
        return local_path(self.location.removeprefix("file://"))

    def path_of(self, source: str) -> str:
        """Give the path inside of the file system of a file by its address."""
        found = _SCHEME.match(source)
        return f"{found[2]}{found[3]}" if found else source

    def _listed(self) -> list[Piece]:
        with self._allowed():
            root, top = self._top()
            infos = [top] if top.type == pa_fs.FileType.File else self.filesystem.get_file_info(_below(root))
        kept = [one for one in infos if one.type == pa_fs.FileType.File and self._counts(one.path, root)]
        if self.whole_folders:
            done = {str(PurePosixPath(one.path).parent) for one in infos if one.base_name == _SUCCESS}
            kept = [one for one in kept if str(PurePosixPath(one.path).parent) in done]
        return sorted((self._piece(one) for one in kept), key=lambda one: one.source)

    def _top(self) -> tuple[str, pa_fs.FileInfo]:
        """Give the path of the location in its file system, and what is there."""
        root = self.path_of(self.place).rstrip("/") or "/"
        top = self.filesystem.get_file_info(root)
        if top.type == pa_fs.FileType.NotFound:
            raise SourceError(f"there is nothing at {self.place}; name a folder or a file that exists")
        return root, top

    @contextmanager
    def _allowed(self) -> Iterator[None]:
        try:
            yield
        except PermissionError as error:
            raise SourceError(f"{self.place} may not be read by this user: {error.strerror or error}") from error

    def _counts(self, path: str, root: str) -> bool:
        # Of a hundred thousand files this is asked each time: as text it takes a tenth of what paths do.
        name = path.rpartition("/")[2]
        below = path[len(root) :] if path != root else f"/{name}"
        hidden = "/." in below or "/_" in below
        return not hidden and not name.lower().endswith(_UNDER_WAY) and self._called(name) is not None

    @cached_property
    def _called(self) -> Callable[[str], object | None]:
        return re.compile(fnmatch.translate(self.pattern)).match

    def _piece(self, info: pa_fs.FileInfo) -> Piece:
        size: int = info.size
        return Piece(source=f"{self._before}{info.path}", version=f"{info.mtime_ns}-{size}", size=size)

    @cached_property
    def _before(self) -> str:
        """What stands before a path of the file system in the address of a file."""
        scheme = _SCHEME.match(self.place)
        return f"{scheme[1]}://" if scheme else ""

    def _fresh(self, found: Sequence[Piece]) -> list[Piece]:
        since = (time.time() - self.settle_seconds) * 1e9
        return [one for one in found if int(one.version.split("-")[0]) > since] if self.settle_seconds else []


def _below(root: str) -> pa_fs.FileSelector:
    return pa_fs.FileSelector(root, recursive=True)


def spark_path(source: str) -> str:
    """Give a path for Spark, which takes some characters for patterns, and a path without scheme for the cluster's."""
    escaped = re.sub(r"([\\{}\[\]*?])", r"\\\1", source)
    return escaped if _SCHEME.match(source) else f"file:{escaped}"
