"""Secrets are references in the settings; the value is read in the job and never shown."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lakehouse.errors import ConfigError

MASK = "***"

_SCHEME = "secret://"
_KINDS = ("env", "file")
_SECRET_NAME = re.compile(
    r"passw|passphrase|secret|token|credential|sasl\.jaas|authorization|user\.?info"
    r"|(^|[._-])key$|(access|account|api|private)[._-]?key",
    re.IGNORECASE,
)
# A password may itself have an @ or a slash, so all up to the last @ is masked.
_IN_ADDRESS = re.compile(r"(://[^:/@?\s]*):\S*@")
_ASSIGNED = re.compile(r"""([\w.-]+)=("[^"]*"|'[^']*'|[^&;,\s]+)""")


@dataclass(frozen=True, kw_only=True)
class Secret:
    """A reference, ``secret://env/NAME`` or ``secret://file/PATH``. It tells nothing itself, so it may be shown."""

    reference: str

    def resolve(self, environ: Mapping[str, str]) -> str:
        """Read the value; keep it out of logs and of anything that lives longer than the call it is for.

        Raises:
            ConfigError: The reference is of another kind, or leads nowhere. The message never has the value.
        """
        kind, _, where = self.reference.removeprefix(_SCHEME).partition("/")
        if kind == "env":
            if where in environ:
                return environ[where]
            raise self._nowhere(f"environment variable {where} is not set")
        if kind == "file":
            try:
                return Path(f"/{where.lstrip('/')}").read_text(encoding="utf-8").strip()
            except (OSError, UnicodeDecodeError) as error:
                reason = error.strerror if isinstance(error, OSError) else "it is no text"
                raise self._nowhere(f"file /{where.lstrip('/')} cannot be read: {reason}") from None
        known = " and ".join(f"{_SCHEME}{one}/…" for one in _KINDS)
        raise ConfigError(f"secret reference {self.reference!r}: unknown kind {kind!r}; there is {known}")

    def _nowhere(self, what: str) -> ConfigError:
        return ConfigError(f"secret reference {self.reference!r} leads nowhere: {what}")


def resolve_secret(value: str, *, environ: Mapping[str, str]) -> str:
    """Give the value behind a reference; any other text is its own value.

    Raises:
        ConfigError: The reference is of an unknown kind, or leads nowhere.
    """
    return Secret(reference=value).resolve(environ) if value.startswith(_SCHEME) else value


def is_secret_name(name: str) -> bool:
    """Tell whether the name of a setting says that its value is not for showing."""
    return _SECRET_NAME.search(name) is not None


def mask(name: str, value: Any) -> Any:
    """Give a value for showing.

    Under a secret's name all of it becomes ``***``; elsewhere the password of an address, and what is assigned to a
    secret's name inside the text. A reference stays.
    """
    if not isinstance(value, str) or not value or value.startswith(_SCHEME):
        return value
    if is_secret_name(name):
        return MASK
    return _ASSIGNED.sub(_mask_assigned, _IN_ADDRESS.sub(rf"\1:{MASK}@", value))


def _mask_assigned(found: re.Match[str]) -> str:
    return f"{found[1]}={MASK}" if is_secret_name(found[1]) else found[0]
