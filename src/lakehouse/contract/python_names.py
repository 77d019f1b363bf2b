"""What can be called how in Python: columns as attributes of a class, classes after tables and structs."""

from __future__ import annotations

import builtins
import keyword
import re
import unicodedata
from collections.abc import Iterable, Iterator
from itertools import chain, count
from typing import Protocol

from lakehouse.contract.schema import Schema

_LIKE_DIGITS = ("I", "O")
"""Names that linters refuse: in many typefaces they look like 1 and 0."""


def why_unnamed(name: str, *, lower: bool = True) -> str:
    """Say why a column cannot be an attribute of a contract; empty where it can."""
    if lower and name != name.lower():
        return "names of a contract are lower case"
    if not name.isidentifier() or unicodedata.normalize("NFKC", name) != name:
        return "it is no name of Python"
    if keyword.iskeyword(name):
        return "it is a word of Python"
    if name.startswith("__"):
        return "Python keeps names with __ to itself"
    if name in dir(type(Schema)) or name in dir(Protocol):
        return "each schema has something of that name"
    return ""


def nameable(name: str, others: Iterable[str]) -> str:
    """Give a name that a column can be renamed to, and that no other has."""
    taken = set(others)
    plain = re.sub(r"\W+", "_", unicodedata.normalize("NFKC", name).lower()).strip("_") or "column"
    start = f"column_{plain}" if plain[0].isdigit() else plain
    tries = chain([start, f"{start}_"], _numbered(f"{start}_", ""))
    return next(one for one in tries if one not in taken and not why_unnamed(one))


def class_name(path: Iterable[str], taken: Iterable[str]) -> str:
    """Give a class its name after the last of some words, after more of them where others have it, or a number."""
    words, used = [_capitals(word) for word in path], {*taken, *_LIKE_DIGITS, *dir(builtins)}
    after = ("".join(words[start:]) for start in range(len(words) - 1, -1, -1))
    tries = chain(after, _numbered(f"{words[-1]}Row", ""))
    return next(one for one in tries if one not in used and one.isidentifier() and not keyword.iskeyword(one))


def _capitals(name: str) -> str:
    plain = re.sub(r"\W+", "_", unicodedata.normalize("NFKC", name))
    found = "".join(part[:1].upper() + part[1:] for part in plain.split("_"))
    return f"Field{found}" if not found or found[0].isdigit() else found


def _numbered(start: str, between: str) -> Iterator[str]:
    return chain([start], (f"{start}{between}{number}" for number in count(2)))
