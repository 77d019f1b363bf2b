"""A wheel of what is imported here: the library itself, and the packages of a lake.

It is made of the files that Python finds, not by the build of a project: so what is shipped is what was tried, it needs
no tools and no network, and the same files make the same bytes.
"""

from __future__ import annotations

import base64
import hashlib
import importlib.util
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.metadata import Distribution, distribution, packages_distributions
from pathlib import Path

from lakehouse.errors import ConfigError
from lakehouse.packaging.archive import write_zip

_WHEEL = "Wheel-Version: 1.0\nGenerator: lakehouse\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
_NOT_SHIPPED = {"__pycache__", ".ipynb_checkpoints"}
_COMPILED = (".so", ".pyd", ".dylib")


@dataclass(frozen=True, kw_only=True)
class Wheel:
    """A package of pure Python: its name and version, its files, and what its distribution says of it."""

    name: str
    version: str
    files: Mapping[str, Path]
    metadata: Mapping[str, str]

    @property
    def file_name(self) -> str:
        """Name of its file, as pip wants it."""
        return f"{_escaped(self.name)}-{_escaped(self.version)}-py3-none-any.whl"

    def write(self, folder: Path) -> Path:
        """Write it into a folder."""
        info = f"{_escaped(self.name)}-{_escaped(self.version)}.dist-info"
        found = {name: path.read_bytes() for name, path in self.files.items()}
        found |= {f"{info}/{name}": text.encode() for name, text in self.metadata.items()}
        lines = [f"{name},sha256={_digest(found[name])},{len(found[name])}\n" for name in sorted(found)]
        found[f"{info}/RECORD"] = "".join([*lines, f"{info}/RECORD,,\n"]).encode()
        path = folder / self.file_name
        write_zip(path, found)
        return path


def wheel_of(package: str) -> Wheel:
    """Give the wheel of a package that can be imported, and of all that stands beside it under its first name.

    Raises:
        ConfigError: It cannot be found, or has compiled modules, which are of this machine.
    """
    top = package.partition(".")[0]
    files = dict(_files(top))
    compiled = [name for name in files if name.endswith(_COMPILED)]
    if compiled:
        raise ConfigError(
            f"the package {top!r} has compiled modules ({compiled[0]}), which are of this machine. Put "
            "them into a distribution of their own: what is required is downloaded for the target"
        )
    found = _distribution(top)
    name, version = (found.metadata["Name"], found.version) if found else (top, "0")
    said = {file: found.read_text(file) if found else None for file in ("METADATA", "entry_points.txt")}
    default = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
    metadata = {"METADATA": default, **_there(said), "WHEEL": _WHEEL}
    return Wheel(name=name, version=version, files=files, metadata=metadata)


def requires(wheel: Wheel) -> tuple[str, ...]:
    """Give what its metadata says that it needs, as it stands there."""
    return tuple(re.findall(r"^Requires-Dist: (.*)$", wheel.metadata["METADATA"], re.MULTILINE))


def _there(said: Mapping[str, str | None]) -> dict[str, str]:
    return {name: text for name, text in said.items() if text}


def _files(top: str) -> Iterator[tuple[str, Path]]:
    found = importlib.util.find_spec(top)
    if found is None:
        raise ConfigError(
            f"packages names {top!r}, which cannot be imported here: install it, or put its folder on PYTHONPATH"
        )
    if not found.submodule_search_locations:
        yield f"{top}.py", Path(str(found.origin))
    for folder in map(Path, found.submodule_search_locations or ()):
        for path in folder.rglob("*"):
            inside = path.relative_to(folder)
            if path.is_file() and not _NOT_SHIPPED & set(inside.parts) and path.suffix != ".pyc":
                yield f"{top}/{inside.as_posix()}", path


def _distribution(top: str) -> Distribution | None:
    names = _distributions().get(top)
    return distribution(names[0]) if names else None


@cache
def _distributions() -> Mapping[str, list[str]]:
    # Reads what belongs to each of all that are installed, half a second.
    return packages_distributions()


def _escaped(text: str) -> str:
    return re.sub(r"[^\w.]+", "_", text)


def _digest(data: bytes) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
