"""A stream of numbered records in a folder of its own, beside the broker of the suite."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from benchmarks.chaos.check import Verdict, check
from benchmarks.chaos.place import Place
from benchmarks.chaos.producer import Numbers

from lakehouse.local.broker import Broker


@dataclass(frozen=True)
class Chaos:
    """A stream and what writes its topic."""

    place: Place
    sent: Numbers

    def verdict(self) -> Verdict:
        """Count what is in the tables."""
        return check(self.place, self.sent)


def chaos(folder: Path, servers: str, topic: str, *, routed: bool = False, batch: int = 1000) -> Chaos:
    """Lay out a stream."""
    place = Place(folder=folder, servers=servers, topic=topic, routed=routed, batch=batch).lay_out()
    return Chaos(place, Numbers(servers=servers, topic=topic, rng=random.Random(7)))


def eventually(what: Callable[[], bool], *, seconds: float = 120) -> None:
    """Wait until something is so."""
    give_up = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < give_up, "it never got there"
        time.sleep(0.5)


@pytest.fixture
def plain(tmp_path: Path, kafka: Broker, unique: str) -> Chaos:
    """A stream into one table."""
    return chaos(tmp_path, kafka.bootstrap_servers, unique)
