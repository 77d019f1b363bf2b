"""Layers of settings: conf/base.toml < the given files < ``--set`` < the environment. Each value knows its origin."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from lakehouse.config.explain import Origins, explain, is_text, key_path
from lakehouse.config.settings import Settings
from lakehouse.errors import ConfigError

_ENVIRONMENT = "LAKEHOUSE__"


@dataclass(frozen=True)
class Loaded:
    """Settings, and the origin of each value that is not a default: path of keys → file, ``--set`` or variable."""

    settings: Settings
    origins: Origins


def load(files: Sequence[Path], *, overrides: Sequence[str] = (), environ: Mapping[str, str]) -> Loaded:
    """Read and merge the layers.

    ``base.toml`` beside the first file, or ``conf/base.toml`` when no file is given, is the lowest layer if it exists.
    Values of ``--set a.b=c`` and of ``LAKEHOUSE__A__B=c`` are TOML where they can be read as such, else text. A key
    with dots is quoted: ``--set 'streams."bronze.users_raw".topic=people'``. The name of a variable has no place for
    it, so the whole section is its value, as TOML or JSON, and is merged with the layers below:
    ``LAKEHOUSE__STREAMS='{"bronze.users_raw" = {topic = "people"}}'``. Where ``environment = "dev"`` is said, the
    section ``[environments.dev]`` lies over the files.

    Raises:
        ConfigError: A file is missing or no TOML, a key is unknown, or a value is of the wrong kind; all are listed.
    """
    below, above = [(str(path), _read(path)) for path in layer_files(files)], _given(overrides, environ)
    merged, origins = _merged([*below, *above])
    if of_environment := _of_environment(merged):
        merged, origins = _merged([*below, of_environment, *above])
    try:
        return Loaded(Settings.model_validate(merged), origins)
    except ValidationError as error:
        raise ConfigError(explain(error, origins)) from None


_Layer = tuple[str, dict[str, Any]]


def _merged(layers: Sequence[_Layer]) -> tuple[dict[str, Any], Origins]:
    merged: dict[str, Any] = {}
    origins: Origins = {}
    for name, layer in layers:
        _merge(merged, layer, origins, origin=name, path=())
    return merged, origins


def _of_environment(merged: Mapping[str, Any]) -> _Layer | None:
    """Give what the files say of the environment that is chosen."""
    name, all_of_them = merged.get("environment"), merged.get("environments")
    found = all_of_them.get(name) if isinstance(all_of_them, dict) else None
    return (f"[environments.{name}]", found) if isinstance(found, dict) else None


def layer_files(files: Sequence[Path]) -> list[Path]:
    """Give the files that are read when some are named: ``base.toml`` first, where it is there."""
    base = (files[0].parent if files else Path("conf")) / "base.toml"
    return [base, *files] if base.exists() and base not in files else list(files)


def _given(overrides: Sequence[str], environ: Mapping[str, str]) -> list[_Layer]:
    layers = [(f"--set {text.partition('=')[0]}", _parse_override(text)) for text in overrides]
    for name in sorted(environ):
        if name.startswith(_ENVIRONMENT):
            keys = name.removeprefix(_ENVIRONMENT).lower().split("__")
            layers.append((f"environment {name}", _nest(keys, _value(environ[name], keys))))
    return layers


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"configuration file {path} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"configuration file {path} is no TOML: byte {error.start} is not UTF-8") from error
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"configuration file {path} is no TOML: {error}") from error


def _parse_override(text: str) -> dict[str, Any]:
    key, equals, value = text.partition("=")
    keys = key_path(key) if equals else ()
    if not keys:
        raise ConfigError(f"--set {key}: write a.b=value, such as --set quality.minimum_score=0.95")
    return _nest(keys, _value(value, keys))


def _value(text: str, keys: Sequence[str]) -> Any:
    try:
        found = tomllib.loads(f"value = {text}")
    except tomllib.TOMLDecodeError:
        found = {}
    # 123456789012 is a number in TOML, but an account id is text and keeps its digits.
    if len(found) == 1 and (isinstance(found["value"], str) or not is_text(keys)):
        return found["value"]
    try:
        return json.loads(text) if text.startswith(("{", "[")) else text
    except json.JSONDecodeError:
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
