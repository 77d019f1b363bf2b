"""Where a verb gives what it has made: a file, or standard output."""

from __future__ import annotations

from pathlib import Path

from lakehouse.cli.terminal import console
from lakehouse.errors import ConfigError


def give(text: str, out: Path | None, *, what: str) -> None:
    """Write ``text`` to a file and say so, or print it where there is none.

    Raises:
        ConfigError: The file cannot be written.
    """
    if out is None:
        print(text, end="")
        return
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        out.write_text(text, encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"--out {out} cannot be written: {error.strerror or error}") from error
    console.print(f"{what}  {out}", highlight=False, soft_wrap=True)
