"""Secrets are references in the settings; the value is read in the job and never shown."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lakehouse.errors import ConfigError

_SCHEME = "secret://"
_KINDS = ("env", "file")
_SECRET_NAME = re.compile(r"password|secret|token|credential|(^|[._-])key$|access[._-]key|sasl\.jaas", re.IGNORECASE)
MASK = "***"


def is_secret_name(name: str) -> bool:
    """Tell whether the name of a setting says that its value is not for showing."""
    return _SECRET_NAME.search(name) is not None


def resolve_secret(value: str, *, environ: Mapping[str, str]) -> str:
    """Give the value behind ``secret://env/NAME`` or ``secret://file/path``; any other text is its own value.

    Raises:
        ConfigError: The reference is of another kind, or leads nowhere. The message never has the value.
    """
    if not value.startswith(_SCHEME):
        return value
    kind, _, where = value.removeprefix(_SCHEME).partition("/")
    if kind == "env" and where in environ:
        return environ[where]
    if kind == "file" and Path(f"/{where.lstrip('/')}").is_file():
        return Path(f"/{where.lstrip('/')}").read_text(encoding="utf-8").strip()
    if kind not in _KINDS:
        raise ConfigError(
            f"secret reference {value!r}: unknown kind {kind!r}; there is {_SCHEME}env/NAME and {_SCHEME}file/PATH"
        )
    what = f"environment variable {where} is not set" if kind == "env" else f"file /{where.lstrip('/')} does not exist"
    raise ConfigError(f"secret reference {value!r} leads nowhere: {what}")


def mask(name: str, value: Any) -> Any:
    """Give a value for showing: a secret in plain text becomes ``***``, a reference stays, it tells nothing."""
    if is_secret_name(name) and isinstance(value, str) and value and not value.startswith(_SCHEME):
        return MASK
    return re.sub(r"(://[^:/@]*):[^@/]+@", rf"\1:{MASK}@", value) if isinstance(value, str) else value
