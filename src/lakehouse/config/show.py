"""The settings as rows for people: key, value and origin; secrets are masked."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from lakehouse.config.layers import Loaded
from lakehouse.config.secrets import mask


def rows_of(loaded: Loaded) -> list[tuple[str, str, str]]:
    """Give each setting with its value as TOML writes it, and where it came from."""
    found = []
    for path, value in _leaves(loaded.settings.model_dump(mode="json"), ()):
        origin = loaded.origins.get(path, "default")
        key = ".".join(f'"{part}"' if "." in part else part for part in path)
        shown = mask(path[-1], value)
        found.append((key, "" if shown is None else json.dumps(shown, ensure_ascii=False), origin))
    return found


def _leaves(value: Any, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Any]]:
    if isinstance(value, dict) and value:
        for key, inner in value.items():
            yield from _leaves(inner, (*path, key))
    else:
        yield path, value
