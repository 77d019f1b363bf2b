"""Rounds of kills on one stream, each round with a run to the end and a count."""

from __future__ import annotations

import random
import signal
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from benchmarks.chaos.check import Verdict, check
from benchmarks.chaos.killer import kill_at, left_behind
from benchmarks.chaos.moments import RANDOM, moments_of
from benchmarks.chaos.place import Place
from benchmarks.chaos.producer import Numbers


class ChaosError(Exception):
    """A stream did not do what it promises; the message has what it said."""


@dataclass(kw_only=True)
class Campaign:
    """One stream that is killed again and again, and what came of it.

    Args:
        place: The stream.
        sent: What writes its topic.
        rng: Seeded; all choices come from it.
        say: Told of each kill.
    """

    place: Place
    sent: Numbers
    rng: random.Random
    say: Callable[[str], None] = lambda _: None
    kills: Counter[str] = field(default_factory=Counter)
    left: Counter[str] = field(default_factory=Counter)
    tried: Counter[str] = field(default_factory=Counter)
    ended_before: int = 0
    starts: int = 0
    span: float = 15.0
    verdicts: list[Verdict] = field(default_factory=list)

    def round(self, kills: int, *, deep: bool = False) -> Verdict:
        """Kill the stream so many times, let it run to its end, and count.

        Raises:
            ChaosError: A run failed by itself, or ``lakehouse verify`` found something.
        """
        wanted = self.kills.total() + kills
        while self.kills.total() < wanted:
            self._kill(self._next_moment())
        self._run_to_the_end()
        verdict = check(self.place, self.sent)
        self.verdicts.append(verdict)
        code, said = self.place.verify(*(("--deep",) if deep else ()))
        if code:
            raise ChaosError(f"verify ended with {code}:\n{said}")
        self.say(f"{verdict.records:,} records: {'each once' if verdict.is_whole else verdict}")
        return verdict

    def _next_moment(self) -> str:
        """Choose among the moments that were tried the least; three of ten kills are at a random instant."""
        names = [*moments_of(self.place)]
        self.rng.shuffle(names)
        if self.rng.random() < 0.3:
            return RANDOM
        # By tries and not by hits: a moment that is over too soon to be seen would be tried for ever.
        return min(names, key=lambda name: self.tried[name])

    def _kill(self, moment: str) -> None:
        self.sent.send(self.rng.randint(2, 4) * self.place.batch)
        self.tried[moment] += 1
        run = kill_at(self.place, moment, self.rng, span=self.span)
        self.starts += 1
        code, said = run.wait()
        if code == 0:
            self.ended_before += 1
            self.say(f"ended before: {moment}")
            return
        if code != -signal.SIGKILL:
            raise ChaosError(f"the stream ended with {code}:\n{said}")
        left = left_behind(self.place)
        self.kills[moment] += 1
        self.left[left] += 1
        self.say(f"killed when {moment}: {left}")

    def _run_to_the_end(self) -> None:
        self.sent.send(self.place.batch)
        began = time.monotonic()
        code, said = self.place.stream()
        self.starts += 1
        if code:
            raise ChaosError(f"the stream ended with {code}:\n{said}")
        self.span = time.monotonic() - began
