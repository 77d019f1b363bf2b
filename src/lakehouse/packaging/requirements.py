"""The libraries that a package needs at its target, in the versions that are installed here."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from typing import TYPE_CHECKING

from lakehouse.errors import ConfigError, MissingExtraError
from lakehouse.packaging.target import Target

if TYPE_CHECKING:
    from packaging.requirements import Requirement


def pinned(needed: Iterable[str], target: Target) -> tuple[str, ...]:
    """Give all that some requirements come to, pinned to what is installed here: what was tried is what is shipped.

    Markers are those of the target, so it may have another Python. What its own Python has is left out.

    Args:
        needed: Requirements as a distribution's metadata has them, such as ``pyiceberg[glue]>=0.12``.
        target: Where they will be.

    Raises:
        ConfigError: One of them is not installed here.
        MissingExtraError: The library that reads requirements is not installed.
    """
    requirement = _reader()
    found: dict[str, Distribution] = {}
    seen: set[tuple[str, frozenset[str]]] = set()
    left = [(requirement(one), frozenset({""})) for one in needed]
    while left:
        one, extras = left.pop()
        name = _normal(one.name)
        wanted = frozenset(one.extras) | {""}
        if name in target.has_python or (name, wanted) in seen or not _applies(one, extras, target):
            continue
        seen.add((name, wanted))
        found[name] = _installed(one)
        left += [(requirement(text), wanted) for text in found[name].requires or ()]
    return tuple(f"{name}=={found[name].version}" for name in sorted(found))


def _reader() -> type[Requirement]:
    try:
        from packaging.requirements import Requirement
    except ImportError as error:
        raise MissingExtraError(extra="package", needed_for="lakehouse package") from error
    return Requirement


def _applies(one: Requirement, extras: Iterable[str], target: Target) -> bool:
    here = _environment(target)
    return one.marker is None or any(one.marker.evaluate({**here, "extra": extra}) for extra in extras)


def _environment(target: Target) -> Mapping[str, str]:
    """Give what markers ask for, of the target."""
    return {
        "implementation_name": "cpython",
        "implementation_version": f"{target.python}.0",
        "os_name": "posix",
        "platform_machine": "x86_64",
        "platform_python_implementation": "CPython",
        "platform_system": "Linux",
        "python_full_version": f"{target.python}.0",
        "python_version": target.python,
        "sys_platform": "linux",
    }


def _installed(one: Requirement) -> Distribution:
    try:
        return distribution(one.name)
    except PackageNotFoundError:
        raise ConfigError(
            f"{one.name} is needed at the target and is not installed here, so its version is not known: "
            f"pip install '{one}'"
        ) from None


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
