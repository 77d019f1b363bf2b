"""Properties as Snowflake tells them, held against those that are declared: it writes the same in ways of its own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from lakehouse.serving.snowflake.tokens import tokens

_SHOWN = 160
"""Characters of a value that a difference shows."""


def differences(of: str, declared: Mapping[str, str], found: Mapping[str, str]) -> Iterator[str]:
    """Say of each property that is told and is not as declared what it is; what is not told cannot be compared."""
    for name, wanted in declared.items():
        value = found.get(name)
        if value is not None and not _same(name, wanted, value):
            yield f"{of} {name}: declared {_short(wanted)}, found {_short(value)}"


def _same(name: str, wanted: str, found: str) -> bool:
    if name == "COMMENT":
        return wanted == found
    if name == "SIZE":
        return wanted == found.upper().replace("-", "")
    if found.strip('[]" ').lower() == wanted.lower():
        return True
    said, told = ([one.text for one in tokens(text.rstrip("; \n"))] for text in (wanted, found))
    # SHOW gives a query with what stands before it, and a number of credits as 10.00.
    if said == told or (name == "TEXT" and told[-len(said) :] == said):
        return True
    return _number(wanted) is not None and _number(wanted) == _number(found)


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def _short(text: str) -> str:
    flat = " ".join(text.split())
    return flat if len(flat) <= _SHOWN else flat[: _SHOWN - 1] + "…"
