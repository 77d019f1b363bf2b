"""Where a setting points to when it names a place on this machine."""

from __future__ import annotations

import re
from pathlib import Path

_SQLITE = "sqlite:///"
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+:")


def local_path(value: str) -> str:
    """Make a path without scheme, or the file of an SQLite address, absolute; leave any other address as it is.

    Spark, PyIceberg and DuckDB have working directories of their own, so a relative path would mean different files.
    """
    if value.startswith(_SQLITE):
        return _SQLITE + str(Path(value.removeprefix(_SQLITE)).absolute())
    return value if _SCHEME.match(value) else str(Path(value).absolute())


def make_folder_of(uri: str) -> None:
    """Make the folder of an SQLite file: SQLite makes the file, not the folders above it."""
    if uri.startswith(_SQLITE):
        Path(local_path(uri).removeprefix(_SQLITE)).parent.mkdir(parents=True, exist_ok=True)
