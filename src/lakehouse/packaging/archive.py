"""Archives whose bytes are those of their files and nothing else: sorted, of one time, of nobody."""

from __future__ import annotations

import gzip
import tarfile
import zipfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

_WHEN = (1980, 1, 1, 0, 0, 0)
"""The earliest that a zip can say."""


@dataclass(frozen=True, kw_only=True)
class Entry:
    """A file of an archive, or a link to elsewhere."""

    name: str
    data: bytes = b""
    executable: bool = False
    link_to: str = ""

    @property
    def mode(self) -> int:
        """Its permissions: whoever packs it has no say in them."""
        return 0o755 if self.executable else 0o644


def write_zip(path: Path, files: Mapping[str, bytes], *, packed: bool = True) -> None:
    """Write a zip; ``packed=False`` where its files are archives already."""
    how = zipfile.ZIP_DEFLATED if packed else zipfile.ZIP_STORED
    with zipfile.ZipFile(path, "w") as archive:
        for name in sorted(files):
            told = zipfile.ZipInfo(name, _WHEN)
            told.compress_type, told.external_attr = how, 0o644 << 16
            archive.writestr(told, files[name])


def write_tar(path: Path, entries: Iterable[Entry]) -> None:
    """Write a ``.tar.gz``, in the order that the entries come in; one of them at a time is in memory."""
    # The name of the file and the time would be in the header of gzip; neither is of what is inside.
    with (
        path.open("wb") as raw,
        gzip.GzipFile("", "wb", 6, raw, mtime=0) as zipped,
        tarfile.open(fileobj=zipped, mode="w", format=tarfile.PAX_FORMAT) as archive,
    ):
        for entry in entries:
            told = tarfile.TarInfo(entry.name)
            told.mode, told.size, told.mtime = entry.mode, len(entry.data), 0
            if entry.link_to:
                told.type, told.linkname = tarfile.SYMTYPE, entry.link_to
            archive.addfile(told, BytesIO(entry.data))
