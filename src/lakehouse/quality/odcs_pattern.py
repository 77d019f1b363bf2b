"""Regular expressions of a data contract (ECMA-262, anywhere in a text) and of ``Matches`` (Java's, the whole)."""

from __future__ import annotations

import re
from collections.abc import Sequence

_TOKEN = re.compile(r"\\.|\[(?:\\.|[^\]\\])*\]|.", re.DOTALL)
# Escapes that mean the same in both: \s does not (Java's is ASCII), nor do \b, \p and whatever only one of them has.
_SAME_ESCAPE = re.compile(r"\\(?:[dDwWtnrf]|[^A-Za-z0-9])")
# What Java reads as a class inside of a class, or as an intersection, and ECMA-262 as characters.
_NESTED = re.compile(r"(?<!\\)(?:\\\\)*(?:\[|&&)")


def pattern_from_odcs(pattern: object) -> str:
    """Give what ``Matches`` takes for a pattern of a contract.

    Raises:
        ValueError: It does not say that it is about the whole text, or Java would read it as something else.
    """
    if not isinstance(pattern, str):
        raise ValueError(f"pattern: text is expected, found {pattern!r}")
    tokens = _TOKEN.findall(pattern)
    if len(tokens) < 2 or (tokens[0], tokens[-1]) != ("^", "$"):
        raise ValueError(
            f"pattern {pattern!r} may be found anywhere in a text, and the rule matches whole texts; write ^(?:…)$"
        )
    inner = tokens[1:-1]
    if _has_choice(inner):
        raise ValueError(f"pattern {pattern!r}: ^ and $ belong to its outer choices alone; write ^(?:…|…)$")
    if any(token.startswith("[") and _NESTED.search(token[1:-1]) for token in inner):
        raise ValueError(f"pattern {pattern!r}: in [ ], Java reads [ and && as a set of its own; write \\[ and \\&")
    # Only what a choice needs is taken away: every other pattern comes back as it was written.
    group = inner[3:-1] if inner[:3] == ["(", "?", ":"] and _closes_at_end(inner) else []
    return "".join(group if _has_choice(group) else inner)


def pattern_to_odcs(pattern: str) -> str | None:
    """Give the pattern of a contract that means the same; none where ECMA-262 reads it in another way.

    The same for text: a full stop and a class count a character beyond the basic plane as two there, and as one here.
    """
    tokens = _TOKEN.findall(pattern)
    following = zip(tokens, [*tokens[1:], ""], [*tokens[2:], "", ""], strict=False)
    if not all(_is_same(*three) for three in following):
        return None
    for written in (f"^{pattern}$", f"^(?:{pattern})$"):
        try:
            if pattern_from_odcs(written) == pattern:
                return written
        except ValueError:
            continue
    return None


def _is_same(token: str, next_: str, after: str) -> bool:
    if token in {"^", "$"}:
        return False
    if token.startswith("\\"):
        return bool(_SAME_ESCAPE.fullmatch(token))
    if token.startswith("["):
        inner = token[1:-1]
        escapes = re.findall(r"\\.", inner, flags=re.DOTALL)
        return not _NESTED.search(inner) and all(map(_SAME_ESCAPE.fullmatch, escapes))
    if token == "(" and next_ == "?":
        return after in {":", "=", "!"}
    # Behind another quantifier, a plus sign takes all and gives nothing back: only Java knows that.
    return not (token in {"*", "+", "?", "}"} and next_ == "+")


def _has_choice(tokens: Sequence[str]) -> bool:
    depth = 0
    for token in tokens:
        depth += (token == "(") - (token == ")")
        if token == "|" and depth == 0:
            return True
    return False


def _closes_at_end(tokens: Sequence[str]) -> bool:
    """Tell whether the group that a pattern begins with ends where the pattern does."""
    depth = 0
    for at, token in enumerate(tokens):
        depth += (token == "(") - (token == ")")
        if depth == 0:
            return at == len(tokens) - 1
    return False
