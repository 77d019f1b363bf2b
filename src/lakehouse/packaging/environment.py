"""A virtual environment as an archive, as venv-pack makes one, of wheels for another machine than this.

Unpacked anywhere, ``bin/python`` is the target's own Python with these libraries. PySpark is not among them: Spark adds
its own to the path.
"""

from __future__ import annotations

import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from lakehouse.packaging.archive import Entry, write_tar

_OF_DATA = {"purelib", "platlib"}


def write_environment(path: Path, wheels: Sequence[Path], *, python: str, interpreter: str) -> None:
    """Write the archive. Cost: 10 s for the 130 MB of libraries that reading Iceberg takes.

    Args:
        path: The ``.tar.gz``.
        wheels: What is in it.
        python: Version, such as ``3.11``.
        interpreter: Where that Python is at the target.
    """
    home, _, program = interpreter.rpartition("/")
    config = f"home = {home}\ninclude-system-site-packages = false\nversion = {python}\n"
    links = [Entry(name=f"bin/{name}", link_to=interpreter) for name in sorted({"python", "python3", program})]
    write_tar(path, [*links, Entry(name="pyvenv.cfg", data=config.encode()), *_Libraries(wheels, python)])


class _Libraries:
    """Files of wheels, in the order of their places."""

    def __init__(self, wheels: Sequence[Path], python: str) -> None:
        self.wheels, self.place = wheels, f"lib/python{python}/site-packages"

    def __iter__(self) -> Iterator[Entry]:
        for wheel in sorted(self.wheels):
            with zipfile.ZipFile(wheel) as archive:
                for told in sorted(archive.infolist(), key=lambda one: one.filename):
                    if place := self._place_of(told.filename):
                        executable = bool(told.external_attr >> 16 & 0o100)
                        yield Entry(name=place, data=archive.read(told), executable=executable)

    def _place_of(self, name: str) -> str:
        """Give where a file of a wheel goes; empty for folders, and for programs and headers, which no job asks for."""
        first, _, rest = name.partition("/")
        if name.endswith("/"):
            return ""
        if not first.endswith(".data"):
            return f"{self.place}/{name}"
        kind, _, inside = rest.partition("/")
        return f"{self.place}/{inside}" if kind in _OF_DATA else ""
