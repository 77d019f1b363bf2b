"""The settings as rows for people: key, value and origin; secrets are masked."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from lakehouse.config.explain import dotted
from lakehouse.config.layers import Loaded


def rows_of(loaded: Loaded) -> list[tuple[str, str, str]]:
    """Give each setting with its value as TOML writes it, and where it came from."""
    found = []
    # The dump is masked already.
    for path, value in _leaves(loaded.settings.model_dump(mode="json"), ()):
        shown = "" if value is None else json.dumps(value, ensure_ascii=False)
        found.append((dotted(path), shown, loaded.origins.get(path, "default")))
    return found


def _leaves(value: Any, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Any]]:
    if isinstance(value, dict) and value:
        for key, inner in value.items():
            yield from _leaves(inner, (*path, key))
    else:
        yield path, value
