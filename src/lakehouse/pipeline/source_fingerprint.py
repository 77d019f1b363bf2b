"""All source that a build may reach, as one fingerprint: while it stays, what was found of the build still holds."""

from __future__ import annotations

import hashlib
import re
import sys
import sysconfig
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec, resolve_name
from pathlib import Path
from pkgutil import get_data

from lakehouse.contract.build import BuildSpec

_IMPORT = re.compile(r"^[ \t]*(?:from[ \t]+([.\w]+)[ \t]+import[ \t]+(\([^)]*\)|.*)|import[ \t]+(.*))", re.MULTILINE)
_INSTALLED = tuple({sysconfig.get_path("purelib"), sysconfig.get_path("platlib")})


def source_fingerprint(build: BuildSpec, engine: str) -> str:
    """Hash a build, the modules of its function and its tables, all that these import at any distance, and its engine.

    Of what is installed the version counts. What is imported by a name that is made at run time is not seen. Cost: each
    file is read once in a process.

    Returns:
        Twelve digits; nothing where source is in no file, as in a notebook.
    """
    tables = (build.output, *dict(build.inputs).values())
    first = {build.function.__module__, *(schema.__module__ for schema in tables)}
    found, ahead = dict[str, str](), list(first)
    while ahead:
        name = ahead.pop()
        if name in found:
            continue
        module = _module(name)
        if module is None and name in first:
            return ""
        found[name] = module.digest if module else ""
        ahead += module.imports if module else ()
    text = f"{engine} {sys.version_info[:2]} {build.code} {sorted(found.items())}"
    return hashlib.sha256(text.encode()).hexdigest()[:12]


@dataclass(frozen=True, kw_only=True)
class _Module:
    digest: str
    imports: tuple[str, ...] = ()


@lru_cache(maxsize=10_000)
def _module(name: str) -> _Module | None:
    """Give the digest of a module and what it imports; None where it is no module, or one without a file."""
    file = _file(name)
    if file is None or not file.endswith(".py"):
        return None
    if file.startswith(_INSTALLED):
        return _Module(digest=_version(name.partition(".")[0]))
    is_package = Path(file).name == "__init__.py"
    package = name if is_package else name.rpartition(".")[0]
    # A wheel that a cluster was given is a zip, and what is in it has no path of its own.
    source = Path(file).read_bytes() if Path(file).is_file() else get_data(package or name, Path(file).name)
    if source is None:
        return None
    imports = tuple(_imports(source.decode(errors="replace"), package))
    return _Module(digest=hashlib.sha256(source).hexdigest(), imports=imports)


def _file(name: str) -> str | None:
    loaded = sys.modules.get(name)
    if loaded is not None:
        return getattr(loaded, "__file__", None)
    try:
        found = find_spec(name)
    except (ImportError, ValueError):
        return None
    return found.origin if found else None


def _imports(source: str, package: str) -> Iterator[str]:
    """Give the modules that some source imports, wherever it does; among them are names that are no module."""
    for base, names, plain in _IMPORT.findall(source):
        if plain:
            yield from (one for part in plain.split(",") if (one := part.split()[0]) and _is_followed(one))
            continue
        try:
            module = resolve_name(base, package)
        except ImportError:
            continue
        if _is_followed(module):
            yield module
            # Only in a package can a name be a module.
            if module not in sys.modules or hasattr(sys.modules[module], "__path__"):
                yield from (f"{module}.{one}" for one in re.findall(r"\w+", names))


def _is_followed(name: str) -> bool:
    return name.partition(".")[0] not in sys.stdlib_module_names


@lru_cache(maxsize=1_000)
def _version(distribution: str) -> str:
    try:
        return version(distribution)
    except PackageNotFoundError:
        return getattr(sys.modules.get(distribution), "__version__", "")
