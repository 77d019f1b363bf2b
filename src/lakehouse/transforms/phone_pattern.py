"""The regular expressions that numbering plans are written in, taken a digit at a time.

They know digits, classes, groups, alternatives, ``?``, ``{n,m}`` and ``$``. Needed only to make the tables of
``phone_metadata``: what a table holds must be true of every number there is, so no sample of numbers will do.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import NamedTuple

ANY = (1 << 10) - 1
_TOKEN = re.compile(r"\\d|\[[0-9-]+\]|\(\?:|[()|$0-9]|\?|\{\d+(?:,\d+)?\}")

Emit = Callable[[list["Step"]], None]


class Step(NamedTuple):
    """An instruction: ``digit`` with those it takes, ``fork`` with two ways, ``save`` a place, ``end`` or ``match``."""

    kind: str
    first: int = 0
    second: int = 0


class Thread(NamedTuple):
    """A way through a pattern: where it is, and where its groups began and ended."""

    at: int
    saved: tuple[int, ...]


def compiled(pattern: str, *, prefix: bool = False) -> tuple[Step, ...]:
    """Give the instructions of a pattern; of a ``prefix`` any digits may follow.

    Raises:
        ValueError: It holds what no plan has held so far.
    """
    tokens = _TOKEN.findall(pattern)
    if "".join(tokens) != pattern:
        raise ValueError(f"the pattern {pattern!r} is written in a way that is not known here: extend phone_pattern")
    steps: list[Step] = []
    emit, rest, _ = _alternatives(tokens, 0, 0)
    if rest != len(tokens):
        raise ValueError(f"the pattern {pattern!r} has a group that is not opened or not closed")
    emit(steps)
    if prefix:
        steps += [
            Step("fork", len(steps) + 1, len(steps) + 3),
            Step("digit", ANY),
            Step("fork", len(steps), len(steps)),
        ]
    return (*steps, Step("match"))


def group_count(pattern: str) -> int:
    """Give how many groups a pattern captures."""
    return len(re.findall(r"\((?!\?)", pattern))


def follow(steps: tuple[Step, ...], thread: Thread, place: int, *, last: bool) -> Iterator[Thread]:
    """Give the threads that wait for a digit or have matched, as Perl would try them."""
    seen: set[int] = set()
    todo = [thread]
    while todo:
        one = todo.pop()
        if one.at in seen:
            continue
        seen.add(one.at)
        step = steps[one.at]
        if step.kind == "fork":
            todo += [Thread(step.second, one.saved), Thread(step.first, one.saved)]
        elif step.kind == "save":
            saved = (*one.saved[: step.first], place, *one.saved[step.first + 1 :])
            todo.append(Thread(one.at + 1, saved))
        elif step.kind != "end":
            yield one
        elif last:
            todo.append(Thread(one.at + 1, one.saved))


def _alternatives(tokens: list[str], at: int, groups: int) -> tuple[Emit, int, int]:
    branches: list[list[Emit]] = [[]]
    while at < len(tokens) and tokens[at] != ")":
        token, at = tokens[at], at + 1
        if token == "|":
            branches.append([])
            continue
        if token[0] == "(":
            number = groups if token == "(" else None
            inner, at, groups = _alternatives(tokens, at, groups + (number is not None))
            part, at = (inner if number is None else _captured(inner, number)), at + 1
        else:
            part = _single(Step("end") if token == "$" else Step("digit", _digits(token)))
        if at < len(tokens) and tokens[at][0] in "?{":
            low, _, high = ("0,1" if tokens[at] == "?" else tokens[at][1:-1]).partition(",")
            part, at = _repeated(part, int(low), int(high or low)), at + 1
        branches[-1].append(part)
    return _one_of(branches), at, groups


def _digits(token: str) -> int:
    if token == r"\d":
        return ANY
    return sum(1 << digit for digit in range(10) if re.fullmatch(token, str(digit)))


def _single(step: Step) -> Emit:
    return lambda steps: steps.append(step)


def _captured(inner: Emit, number: int) -> Emit:
    def emit(steps: list[Step]) -> None:
        steps.append(Step("save", 2 * number))
        inner(steps)
        steps.append(Step("save", 2 * number + 1))

    return emit


def _repeated(part: Emit, low: int, high: int) -> Emit:
    def emit(steps: list[Step]) -> None:
        for _ in range(low):
            part(steps)
        forks = []
        for _ in range(high - low):
            forks.append(len(steps))
            steps.append(Step("fork"))
            part(steps)
        for fork in forks:
            steps[fork] = Step("fork", fork + 1, len(steps))

    return emit


def _one_of(branches: list[list[Emit]]) -> Emit:
    def emit(steps: list[Step]) -> None:
        ends = []
        for number, branch in enumerate(branches):
            fork = len(steps)
            if number < len(branches) - 1:
                steps.append(Step("fork"))
            for part in branch:
                part(steps)
            if number < len(branches) - 1:
                ends.append(len(steps))
                steps.append(Step("fork"))
                steps[fork] = Step("fork", fork + 1, len(steps))
        for end in ends:
            steps[end] = Step("fork", len(steps), len(steps))

    return emit
