"""Numbered records into a topic: plainly, or in transactions of which some are aborted."""

from __future__ import annotations

import random
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from confluent_kafka import Producer

from benchmarks.chaos.beeps import message, sensor

_PER_TRANSACTION = 300
_ABORTED_PART = 0.3
_FLUSH_SECONDS = 60


@dataclass(kw_only=True)
class Numbers:
    """A producer that knows which numbers it has written, and which it has taken back."""

    servers: str
    topic: str
    rng: random.Random
    transactional: bool = False
    written: set[int] = field(default_factory=set)
    aborted: set[int] = field(default_factory=set)
    refused: list[str] = field(default_factory=list)
    _next: int = 0
    _producer: Any = None

    def send(self, count: int) -> None:
        """Write the next numbers and wait until the broker has them."""
        if not self.transactional:
            self.hand_over(count)
            self.flush()
            return
        for _ in range(max(1, count // _PER_TRANSACTION)):
            self._transaction(_PER_TRANSACTION)

    def hand_over(self, count: int) -> None:
        """Give the next numbers to the client, which sends them by and by, also over a death of the broker."""
        self.written |= set(self._produce(self._client(), self._numbers(count)))

    def flush(self) -> None:
        """Wait until the broker has all that the client was given."""
        left = self._client().flush(_FLUSH_SECONDS)
        if left or self.refused:
            raise RuntimeError(f"the broker has not taken {left} records: {self.refused[:3]}")

    def _transaction(self, count: int) -> None:
        client, numbers = self._client(), self._numbers(count)
        client.begin_transaction()
        self._produce(client, numbers)
        if self.rng.random() < _ABORTED_PART:
            # Flushed first, so that they are in the log, and only the marker behind them takes them back.
            client.flush(_FLUSH_SECONDS)
            client.abort_transaction(_FLUSH_SECONDS)
            self.aborted |= set(numbers)
        else:
            client.commit_transaction(_FLUSH_SECONDS)
            self.written |= set(numbers)

    def _numbers(self, count: int) -> range:
        numbers = range(self._next, self._next + count)
        self._next = numbers.stop
        return numbers

    def _produce(self, client: Any, numbers: Iterable[int]) -> Iterable[int]:
        for number in numbers:
            client.produce(self.topic, message(number), key=sensor(number).encode(), on_delivery=self._noted)
            client.poll(0)
        return numbers

    def _noted(self, error: object, _: object) -> None:
        if error is not None:
            self.refused.append(str(error))

    def _client(self) -> Any:
        if self._producer is None:
            # Idempotent: a retry over a death of the broker must not write a number twice, that would be our fault.
            settings: dict[str, Any] = {
                "bootstrap.servers": self.servers,
                "enable.idempotence": True,
                "linger.ms": 20,
                "log_level": 0,
            }
            if self.transactional:
                settings["transactional.id"] = f"{self.topic}-chaos"
            self._producer = Producer(settings)
            if self.transactional:
                self._producer.init_transactions(_FLUSH_SECONDS)
        return self._producer
