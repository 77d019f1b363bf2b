"""Layers of settings: conf/base.toml < the given files < ``--set`` < the environment. Each value knows its origin."""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

from pydantic import BaseModel, ValidationError

from lakehouse.config.settings import Settings
from lakehouse.errors import ConfigError

_ENVIRONMENT = "LAKEHOUSE__"

Origins = dict[tuple[str, ...], str]


@dataclass(frozen=True)
class Loaded:
    """Settings, and the origin of each value that is not a default: path of keys → file, ``--set`` or variable."""

    settings: Settings
    origins: Origins


def load(files: Sequence[Path], *, overrides: Sequence[str] = (), environ: Mapping[str, str]) -> Loaded:
    """Read and merge the layers.

    ``base.toml`` beside the first file, else ``conf/base.toml``, is the lowest layer when it exists. Values of
    ``--set a.b=c`` and of ``LAKEHOUSE__A__B=c`` are TOML where they can be read as such, else text. A key with dots
    is quoted: ``--set 'streams."bronze.users_raw".topic=people'``.

    Raises:
        ConfigError: A file is missing or no TOML, a key is unknown, or a value is of the wrong kind; all are listed.
    """
    merged: dict[str, Any] = {}
    origins: Origins = {}
    for name, layer in _layers(files, overrides, environ):
        _merge(merged, layer, origins, origin=name, path=())
    try:
        return Loaded(Settings.model_validate(merged), origins)
    except ValidationError as error:
        raise ConfigError(_explain(error, origins)) from None


def _layers(
    files: Sequence[Path], overrides: Sequence[str], environ: Mapping[str, str]
) -> list[tuple[str, dict[str, Any]]]:
    base = (files[0].parent if files else Path("conf")) / "base.toml"
    paths = [base, *files] if base.exists() and base not in files else list(files)
    layers = [(str(path), _read(path)) for path in paths]
    layers += [(f"--set {text.partition('=')[0]}", _parse_override(text)) for text in overrides]
    for name in sorted(environ):
        if name.startswith(_ENVIRONMENT):
            keys = name.removeprefix(_ENVIRONMENT).lower().split("__")
            layers.append((f"environment {name}", _nest(keys, _value(environ[name]))))
    return layers


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"configuration file {path} cannot be read: {error.strerror}") from error
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"configuration file {path} is no TOML: {error}") from error


def _parse_override(text: str) -> dict[str, Any]:
    key, equals, value = text.partition("=")
    try:
        if not equals:
            raise ValueError
        # TOML itself knows how to split a dotted key with quoted parts.
        keys = _path(tomllib.loads(f"{key} = 0"))
    except ValueError:
        raise ConfigError(f"--set {key}: write a.b=value, such as --set quality.minimum_score=0.95") from None
    return _nest(keys, _value(value))


def _path(nested: Mapping[str, Any]) -> list[str]:
    ((key, inner),) = nested.items()
    return [key, *_path(inner)] if isinstance(inner, dict) else [key]


def _value(text: str) -> Any:
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text


def _nest(keys: Sequence[str], value: Any) -> dict[str, Any]:
    return {keys[0]: _nest(keys[1:], value) if len(keys) > 1 else value}


def _merge(
    below: dict[str, Any], above: Mapping[str, Any], origins: Origins, *, origin: str, path: tuple[str, ...]
) -> None:
    for key, value in above.items():
        here = (*path, key)
        if isinstance(value, dict):
            inner = below.setdefault(key, {})
            if not isinstance(inner, dict):
                inner = below[key] = {}
            origins.setdefault(here, origin)
            _merge(inner, value, origins, origin=origin, path=here)
        else:
            below[key] = value
            origins[here] = origin


def _explain(error: ValidationError, origins: Origins) -> str:
    lines = []
    for problem in error.errors(include_url=False, include_input=False):
        path = tuple(str(part) for part in problem["loc"])
        origin = next((origins[path[:n]] for n in range(len(path), 0, -1) if path[:n] in origins), "the defaults")
        if problem["type"] == "extra_forbidden":
            near = difflib.get_close_matches(path[-1], _known_keys(path[:-1]), n=1, cutoff=0.6)
            hint = f"; did you mean {near[0]!r}?" if near else f"; there is {', '.join(_known_keys(path[:-1]))}"
            lines.append(f"{origin}: unknown key {'.'.join(path)!r}{hint}")
        else:
            lines.append(f"{origin}: {'.'.join(path)}: {problem['msg']}")
    return "the configuration cannot be used:\n" + "\n".join(f"  - {line}" for line in lines)


def _known_keys(path: Sequence[str]) -> list[str]:
    model: Any = Settings
    for part in path:
        if isinstance(model, type) and issubclass(model, BaseModel):
            model = model.model_fields[part].annotation if part in model.model_fields else None
        else:
            model = get_args(model)[-1] if get_args(model) else None  # a table by name, such as streams
    return list(model.model_fields) if isinstance(model, type) and issubclass(model, BaseModel) else []
