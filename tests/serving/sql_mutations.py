"""Faults that are put into a statement, one at a time, by seeded operators: would anything tell of them?"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from random import Random

from lakehouse.serving.snowflake.statement import Statement
from lakehouse.serving.snowflake.tokens import Token, tokens

_TYPES = re.compile(r"(VARCHAR|NUMBER|TIMESTAMP_[LN]TZ|DATE|BOOLEAN|FLOAT|BINARY)")


@dataclass(frozen=True, kw_only=True)
class Mutant:
    """A broken statement, what it was, and by which operator it was broken."""

    operator: str
    original: Statement
    statement: Statement


def mutants(statement: Statement, *, each: int, seed: int) -> Iterator[Mutant]:
    """Break a statement in at most ``each`` ways by each operator; the same seed gives the same ways."""
    words = tokens(statement.sql)
    for operator, made in OPERATORS.items():
        texts = dict.fromkeys(joined(way) for way in made(words) if joined(way) != joined(words))
        chosen = Random(f"{seed} {operator} {statement.sql}").sample(sorted(texts), min(each, len(texts)))
        for sql in chosen:
            yield Mutant(operator=operator, original=statement, statement=replace(statement, sql=sql))


Ways = Iterator[Sequence[Token]]


def drop_option(words: Sequence[Token]) -> Ways:
    """Leave ``NAME = value`` out."""
    for start, end in _options(words):
        yield [*words[:start], *words[end:]]


def repeat_option(words: Sequence[Token]) -> Ways:
    """Say ``NAME = value`` twice."""
    for start, end in _options(words):
        yield [*words[:end], *words[start:end], *words[end:]]


def swap_options(words: Sequence[Token]) -> Ways:
    """Exchange two options that follow each other."""
    found = list(_options(words))
    for (a, b), (c, d) in pairwise(found):
        if b == c:
            yield [*words[:a], *words[c:d], *words[a:b], *words[d:]]


def wrong_enum(words: Sequence[Token]) -> Ways:
    """Another word than those that an option takes."""
    for at, word in enumerate(words):
        if at and words[at - 1].text == "=" and word.kind == "word" and "." not in (words[at + 1].text,):
            yield _with(words, at, f"{word.text}_X")


def wrong_number(words: Sequence[Token]) -> Ways:
    """A number that is too large for what it counts."""
    for at, word in enumerate(words):
        if at and words[at - 1].text == "=" and word.kind == "number":
            yield _with(words, at, "99999999999")


def unquote(words: Sequence[Token]) -> Ways:
    """A text or a name without its quotes."""
    for at, word in enumerate(words):
        if word.kind in {"text", "quoted"} and re.fullmatch(r"\w+", word.text[1:-1]):
            yield _with(words, at, word.text[1:-1])


def wrong_type(words: Sequence[Token]) -> Ways:
    """A type that Snowflake does not have, or misspelt."""
    for at, word in enumerate(words):
        if _TYPES.fullmatch(word.text) and word.kind == "word":
            yield _with(words, at, f"{word.text}_X")


def another_type(words: Sequence[Token]) -> Ways:
    """A type that Snowflake has, and that is not the one."""
    for at, word in enumerate(words):
        if _TYPES.fullmatch(word.text) and word.kind == "word" and words[at + 1].text != "(":
            yield _with(words, at, "FLOAT" if word.text != "FLOAT" else "DATE")


def misspell(words: Sequence[Token]) -> Ways:
    """Two letters of a keyword or an option exchanged."""
    for at, word in enumerate(words):
        text = word.text
        if word.kind == "word" and len(text) > 3 and text[1] != text[2]:
            yield _with(words, at, text[0] + text[2] + text[1] + text[3:])


def drop_sign(words: Sequence[Token]) -> Ways:
    """A comma, an equals sign, a parenthesis that is missing."""
    for at, word in enumerate(words):
        if word.text in {",", "=", "(", ")", "::"}:
            yield [*words[:at], *words[at + 1 :]]


def open_text(words: Sequence[Token]) -> Ways:
    """A text that has no end."""
    for at, word in enumerate(words):
        if word.kind == "text":
            yield _with(words, at, word.text[:-1])


def empty_text(words: Sequence[Token]) -> Ways:
    """A name, an address or an ARN that is empty; a comment may be."""
    for at, word in enumerate(words):
        comment = "COMMENT" in {before.text for before in words[max(at - 2, 0) : at]}
        if word.kind == "text" and len(word.text) > 2 and not comment:
            yield _with(words, at, "''")


OPERATORS: dict[str, Callable[[Sequence[Token]], Ways]] = {
    "drop an option": drop_option,
    "repeat an option": repeat_option,
    "swap two options": swap_options,
    "wrong enum": wrong_enum,
    "wrong number": wrong_number,
    "unquote": unquote,
    "wrong type": wrong_type,
    "another type": another_type,
    "misspell": misspell,
    "drop a sign": drop_sign,
    "text without end": open_text,
    "empty text": empty_text,
}


def _options(words: Sequence[Token]) -> Iterator[tuple[int, int]]:
    """Give the places of ``NAME = value``; a value is a word, a text, or all between parentheses."""
    for at in range(len(words) - 2):
        if words[at].kind == "word" and words[at + 1].text == "=":
            end = at + 3
            if words[at + 2].text == "(":
                depth = 1
                while depth and end < len(words):
                    depth += {"(": 1, ")": -1}.get(words[end].text, 0)
                    end += 1
            yield at, end


def _with(words: Sequence[Token], at: int, text: str) -> Sequence[Token]:
    return [*words[:at], replace(words[at], text=text), *words[at + 1 :]]


def joined(words: Sequence[Token]) -> str:
    """Give the text of tokens, on one line."""
    text = " ".join(word.text for word in words)
    # Signs that stand between names belong to them.
    return re.sub(r" ?(\.|::|:) ?", r"\1", text)
