"""What a check has found, and how one is asked that may not answer."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import TypeVar

from lakehouse.catalog.aws_errors import aws_error
from lakehouse.config.secrets import mask
from lakehouse.errors import LakehouseError

T = TypeVar("T")

ANSWER_SECONDS = 10.0
"""How long anything outside of this process is waited for. Before a catalog answers, its client is loaded."""


class Level(Enum):
    """How it stands; only what is wrong keeps a lake from working."""

    OK = "ok"
    WARNING = "warning"
    WRONG = "wrong"
    NOT_TOLD = "not told"


@dataclass(frozen=True, kw_only=True)
class Finding:
    """A check and its outcome; ``expected`` and ``todo`` are empty where nothing has to be done."""

    check: str
    level: Level = Level.OK
    found: str
    expected: str = ""
    todo: str = ""


def within(ask: Callable[[], T], *, seconds: float = ANSWER_SECONDS) -> T:
    """Give an answer, or stop waiting for it: clients of catalogs try again for minutes. What is asked goes on.

    Raises:
        TimeoutError: There was none in time.
    """
    given: list[T] = []
    raised: list[BaseException] = []

    def run() -> None:
        try:
            given.append(ask())
        except BaseException as error:
            raised.append(error)

    # A daemon, so that the process can end although nobody answers.
    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join(seconds)
    if raised:
        raise raised[0]
    if not given:
        raise TimeoutError(f"no answer within {seconds:.0f} s")
    return given[0]


def refused(check: str, error: Exception, *, expected: str = "", todo: str = "") -> Finding:
    """Give the finding of a check that ended with an error. One of the library says itself what to do."""
    own = isinstance(error, LakehouseError) or aws_error(error) is not None
    return Finding(check=check, level=Level.WRONG, found=in_words(error), expected=expected, todo="" if own else todo)


def in_words(error: Exception) -> str:
    """Give what an error says, without stack traces of Java and passwords; what AWS refused comes with what to do."""
    if isinstance(error, LakehouseError | TimeoutError):
        return str(error)
    if (of_aws := aws_error(error)) is not None:
        return str(of_aws)
    first = next((line.strip() for line in str(error).splitlines() if line.strip()), "")
    return f"{type(error).__name__}: {mask('', first)}"[:300]
