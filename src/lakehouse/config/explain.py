"""What is wrong with a configuration: where it stands, what was found, and the nearest key that exists."""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import UnionType
from typing import Any, get_args, get_origin

from pydantic import BaseModel, ValidationError

from lakehouse.config.secrets import is_secret_name, mask
from lakehouse.config.settings import Settings

Origins = dict[tuple[str, ...], str]


def explain(error: ValidationError, origins: Origins) -> str:
    """Give a message with one line for each mistake. It has no secret: texts are masked as when they are shown."""
    lines = []
    for problem in error.errors(include_url=False):
        path = tuple(str(part) for part in problem["loc"])
        where = _where(path, origins)
        if problem["type"] == "extra_forbidden":
            known = list(_fields(_declared(path[:-1])))
            near = difflib.get_close_matches(path[-1], known, n=1, cutoff=0.6)
            hint = f"did you mean {near[0]!r}?" if near else f"there is {', '.join(known)}"
            lines.append(f"{where}: unknown key {dotted(path)!r}; {hint}")
        else:
            lines.append(f"{where}: {dotted(path)}: {problem['msg']}{_found(path, problem['input'])}")
    return "the configuration cannot be used:\n" + "\n".join(f"  - {line}" for line in lines)


def dotted(path: Sequence[str]) -> str:
    """Write a path of keys as TOML does: a key with a dot in it is quoted."""
    return ".".join(f'"{part}"' if "." in part else part for part in path)


def key_path(key: str) -> tuple[str, ...]:
    """Split a dotted key with quoted parts as TOML does; empty when it is no key."""
    try:
        nested: Any = tomllib.loads(f"{key} = 0")
    except tomllib.TOMLDecodeError:
        return ()
    path: list[str] = []
    while isinstance(nested, dict):
        if len(nested) != 1:
            return ()
        ((part, nested),) = nested.items()
        path.append(part)
    return tuple(path)


def is_text(path: Sequence[str]) -> bool:
    """Tell whether a setting is declared as text."""
    declared = _declared(path)
    return declared is str or (get_origin(declared) is UnionType and str in get_args(declared))


def _declared(path: Sequence[str]) -> Any:
    declared: Any = Settings
    for part in path:
        # A dict has sections by the name of a table, such as streams.
        declared = get_args(declared)[-1] if get_origin(declared) is dict else _fields(declared).get(part)
    return declared


def _fields(declared: Any) -> Mapping[str, Any]:
    if isinstance(declared, type) and issubclass(declared, BaseModel):
        return {name: field.annotation for name, field in declared.model_fields.items()}
    return {}


def _where(path: tuple[str, ...], origins: Origins) -> str:
    """Give the origin of a value, else of the section that it should stand in; the line too, in a file."""
    known = next((path[:n] for n in range(len(path), 0, -1) if path[:n] in origins), None)
    if known is None:
        return "the defaults"
    line = _line_of(known, Path(origins[known])) if Path(origins[known]).is_file() else None
    return origins[known] if line is None else f"line {line} of {origins[known]}"


def _line_of(path: tuple[str, ...], file: Path) -> int | None:
    header: tuple[str, ...] = ()
    for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), start=1):
        text = line.split("#")[0].strip()
        if text.startswith("["):
            header = key_path(text.strip("[] "))
            if header == path:
                return number
        elif (*header, *key_path(text.partition("=")[0])) == path:
            return number
    return None


def _found(path: Sequence[str], value: object) -> str:
    whole_section = _fields(_declared(path)) or get_origin(_declared(path)) is dict
    if whole_section or isinstance(value, dict | list) or value is None or any(map(is_secret_name, path)):
        return ""
    return f"; found {mask(path[-1], value)!r}"
