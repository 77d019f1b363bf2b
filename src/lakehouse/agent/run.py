"""The agent: reads log files as they grow, sends their records, and notes how far they arrived."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Event

from lakehouse.agent.batch import Batch, Batches
from lakehouse.agent.checkpoint import Checkpoint
from lakehouse.agent.delivery import Delivery
from lakehouse.agent.encode import Encoder
from lakehouse.agent.streams import Stream
from lakehouse.agent.tail import Tail
from lakehouse.errors import SourceError

_POLL_SECONDS, _CHECKPOINT_SECONDS, _MOST_TOLD = 0.2, 1.0, 1_000


@dataclass(frozen=True, kw_only=True)
class Progress:
    """What an agent has done since it was started.

    Args:
        records: Delivered, of ``bytes``.
        refused: Records that were refused and sent again.
        too_long: Records that the service takes in no request, and that were left out.
        files: That are read at present.
        behind: Bytes that are there and are not delivered yet.
        waiting_for: Why nothing goes on at present; empty: it does.
        told: What else a person should know, each said once.
    """

    seconds: float
    records: int
    bytes: int
    refused: int
    too_long: int
    files: int
    behind: int
    waiting_for: str
    told: tuple[str, ...]


@dataclass(kw_only=True)
class Agent:
    """Reads with ``tail``, sends to ``stream``.

    A record is sent at least once: what had arrived when the agent died, and was not in its checkpoint yet, is sent
    again under the same id. At most ``in_flight`` requests and one piece of a file are held in memory, and nothing on
    disk but the checkpoint: when the stream takes no more, files are not read on.

    Args:
        once: End when all that is there has arrived; a line without an end is left for the next time.
        linger_seconds: How long a request waits for more records.
        drain_seconds: How long what is on its way may take when the agent is to end; schedulers kill after 30.
        say_seconds: How often ``on_progress`` is called.
    """

    tail: Tail
    stream: Stream
    checkpoint: Checkpoint
    encoder: Encoder = field(default_factory=Encoder)
    in_flight: int = 4
    once: bool = False
    linger_seconds: float = 0.5
    say_seconds: float = 10.0
    drain_seconds: float = 25.0
    on_progress: Callable[[Progress], None] = lambda _: None
    stopping: Event = field(default_factory=Event)
    _ready: deque[Batch] = field(default_factory=deque)
    _begun: float = field(default_factory=time.monotonic)
    _said: float = field(default_factory=time.monotonic)
    _noted: float = float("-inf")
    _too_long: int = 0

    def __post_init__(self) -> None:
        self._delivery = Delivery(stream=self.stream, in_flight=self.in_flight)
        self._batches = Batches(stream=self.stream, encoder=self.encoder, linger_seconds=self.linger_seconds)

    def run(self) -> Progress:
        """Work until ``stopping`` is set, or with ``once`` until all is sent.

        Raises:
            LakehouseError: The stream cannot be written to, the checkpoint neither, or when it was stopped what was on
                its way did not arrive in time. Nothing is lost: the next run goes on behind what is in the checkpoint.
        """
        self.checkpoint.take()
        try:
            self.tail.files = self.checkpoint.read()
            self._delivery.start()
            idle_since = time.monotonic()
            while not self.stopping.is_set():
                if self._turn():
                    idle_since = time.monotonic()
                elif self.once and time.monotonic() - idle_since >= self._once_seconds and not self._look(now=True):
                    break
            self._drain()
            return self._progress()
        finally:
            self._delivery.end()
            self.checkpoint.write(self.tail.files)
            for file in self.tail.files:
                file.close()
            self.checkpoint.release()

    @property
    def _once_seconds(self) -> float:
        return self.tail.splitting.wait_seconds + _POLL_SECONDS if self.tail.splitting.begins else 0.0

    def _turn(self) -> bool:
        """Do what there is to do, or wait a moment; say whether there was anything."""
        self._note()
        self._look()
        arrived = self._delivery.collect()
        while self._ready and not self._delivery.full:
            self._delivery.submit(self._ready.popleft())
        if self._ready:
            self._delivery.collect(_POLL_SECONDS)
            return True
        records = self.tail.read()
        self._ready += self._batches.add(records)
        if self._batches.due or (self.once and not records and not self._batches.empty):
            self._ready.append(self._batches.flush())
        if not records and not self._ready:
            self._delivery.collect(_POLL_SECONDS) if not self._delivery.idle else self.stopping.wait(_POLL_SECONDS)
        return bool(records or arrived or self._ready or not self._batches.empty or not self._delivery.idle)

    def _look(self, *, now: bool = False) -> bool:
        """Look for files, and note what they are called before anything is sent under their ids."""
        if found := self.tail.scan(now=now):
            self.checkpoint.write(self.tail.files)
        return found

    def _drain(self) -> None:
        """Send what was read, and wait for it."""
        begun = time.monotonic()
        if not self._batches.empty:
            self._ready.append(self._batches.flush())
        while self._ready or not self._delivery.idle:
            while self._ready and not self._delivery.full:
                self._delivery.submit(self._ready.popleft())
            self._delivery.collect(_POLL_SECONDS)
            self._note()
            if time.monotonic() - begun > self.drain_seconds:
                raise SourceError(
                    f"what was on its way to {self.stream.name} has not arrived in {self.drain_seconds:.0f} s "
                    f"({self._delivery.waiting_for or 'no answer'}): the next run sends it again"
                )

    def _note(self) -> None:
        """Write the checkpoint and say how it goes, each as often as it should be."""
        now = time.monotonic()
        if now - self._noted >= _CHECKPOINT_SECONDS:
            self._noted = now
            self.checkpoint.write(self.tail.files)
        if now - self._said >= self.say_seconds:
            self._said = now
            self.on_progress(self._progress())

    def _progress(self) -> Progress:
        sent, told = self._delivery, self.tail.told
        self.tail.told = []
        for one in self._batches.too_long:
            told.append(f"{one.file.path}: the record at byte {one.start:,} is too long and was left out")
        self._too_long += len(self._batches.too_long)
        self._batches.too_long.clear()
        return Progress(
            seconds=round(time.monotonic() - self._begun, 1), records=sent.delivered, bytes=sent.delivered_bytes,
            refused=sent.refused, too_long=self._too_long, files=len(self.tail.files), behind=self.tail.behind(),
            waiting_for=sent.waiting_for, told=tuple(told[:_MOST_TOLD]),
        )  # fmt: skip
