"""Wheels of libraries for the target's Python, by pip; nothing is built and nothing of them is run."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from lakehouse.errors import ConfigError
from lakehouse.packaging.target import Target

# Amazon Linux 2023 has the C library 2.34; what was built for an older one runs there too.
_PLATFORMS = ("manylinux_2_34", "manylinux_2_31", "manylinux_2_28", "manylinux_2_26", "manylinux_2_17", "manylinux2014")
_PATIENCE_SECONDS = 900


def download(pins: Sequence[str], target: Target, folder: Path) -> tuple[Path, ...]:
    """Get the wheel of each pin. Cost: about 80 MB the first time; pip keeps them in its cache.

    Raises:
        ConfigError: pip is not there, or has no wheel for that Python.
    """
    platforms = [word for one in _PLATFORMS for word in ("--platform", f"{one}_x86_64")]
    command = [
        sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps",
        "--only-binary=:all:", *platforms, "--python-version", target.python, "--implementation", "cp",
        "--dest", str(folder), *pins,
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=_PATIENCE_SECONDS)
    if done.returncode:
        raise ConfigError(_explain(done.stderr, target))
    return tuple(sorted(folder.glob("*.whl")))


def _explain(said: str, target: Target) -> str:
    if "No module named pip" in said:
        return "wheels are downloaded by pip, which this Python does not have: python -m ensurepip"
    errors = [line.removeprefix("ERROR: ") for line in said.splitlines() if line.startswith("ERROR: ")]
    listed = "".join(f"\n  - {line}" for line in errors or said.splitlines()[-3:])
    todo = "Check the network and pip's index; what has no wheel cannot be shipped"
    return f"the wheels for {target.name} (Python {target.python}, Linux, x86_64) could not be had:{listed}\n{todo}"
