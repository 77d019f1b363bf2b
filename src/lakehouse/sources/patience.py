"""Asking again, less and less often, for what is not there yet; and saying so."""

from __future__ import annotations

import logging
import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

from lakehouse.errors import SourceError

log = logging.getLogger(__name__)

T = TypeVar("T")

_FIRST, _LONGEST = 0.2, 30.0


class BusyError(Exception):
    """Not now: no answer, or one that says to come again, in so many seconds where it says that."""

    def __init__(self, why: str, *, seconds: float | None = None) -> None:
        super().__init__(why)
        self.seconds = seconds


@dataclass(frozen=True, kw_only=True)
class Patience:
    """How long to wait in all, and how often to say so; seconds. ``setting`` is where that is said, for messages."""

    wait_seconds: float = 600.0
    setting: str = ""
    say_seconds: float = 60.0
    sleep: Callable[[float], None] = field(default=time.sleep, repr=False)
    clock: Callable[[], float] = field(default=time.monotonic, repr=False)

    def until_there(self, ask: Callable[[], T], *, what: str, todo: str = "") -> T:
        """Ask until there is an answer, with pauses that double up to 30 s.

        Raises:
            SourceError: There was none within ``wait_seconds``; its text is ``what``, the last reason and ``todo``.
        """
        begun, said, pause = self.clock(), None, _FIRST
        while True:
            try:
                return ask()
            except BusyError as error:
                waited = self.clock() - begun
                left = self.wait_seconds - waited
                if left <= 0:
                    raise SourceError(self._gave_up(what, error, waited, todo)) from None
                if said is None or self.clock() - said >= self.say_seconds:
                    log.warning("%s: %s; waiting, %.0f s of at most %.0f", what, error, waited, self.wait_seconds)
                    said = self.clock()
                # Not all at the same moment, and not past the end.
                self.sleep(min(max(pause * random.uniform(0.5, 1.0), min(error.seconds or 0, _LONGEST * 2)), left))
                pause = min(pause * 2, _LONGEST)

    def _gave_up(self, what: str, error: BusyError, waited: float, todo: str) -> str:
        todo = todo or "Nothing is lost: when it answers again, start once more, it goes on where it stopped."
        setting = f" ({self.setting})" if self.setting else ""
        return f"{what}: {error}, for {waited:.0f} s{setting}. {todo}"
