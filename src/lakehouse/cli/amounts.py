"""Amounts in words, with their units."""

from __future__ import annotations


def count(number: int, noun: str) -> str:
    """Say how many there are of a thing."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def size(of: float) -> str:
    """Say a number of bytes, in thousands of them."""
    for unit in ("bytes", "kB", "MB", "GB"):
        if of < 1000:
            return f"{of:.0f} bytes" if unit == "bytes" else f"{of:.1f} {unit}"
        of /= 1000
    return f"{of:,.1f} TB"


def duration(seconds: float) -> str:
    """Say how long something takes."""
    if seconds < 100:
        return f"{seconds:.1f} s" if seconds < 10 else f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 6000 else f"{seconds / 3600:.1f} h"
