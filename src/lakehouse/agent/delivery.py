"""Batches on their way: several at a time, asked again until each record has arrived, told in the order they came."""

from __future__ import annotations

import random
from collections import deque
from dataclasses import dataclass, field
from queue import SimpleQueue
from threading import Condition, Event, Thread
from typing import Any

from lakehouse.agent.batch import Batch
from lakehouse.agent.streams import Stream
from lakehouse.catalog.aws_errors import aws_error
from lakehouse.errors import SourceError

_FIRST, _LONGEST = 0.1, 10.0
_EXPIRED = (
    "ExpiredToken",
    "ExpiredTokenException",
    "RequestExpired",
    "CredentialRetrievalError",
    "TokenRetrievalError",
)
_NEVER = (
    "ResourceNotFoundException", "AccessDeniedException", "UnrecognizedClientException", "InvalidSignatureException",
    "ValidationException", "InvalidArgumentException", "MissingAuthenticationTokenException", "KMSDisabledException",
    "KMSAccessDeniedException", "KMSNotFoundException", "KMSInvalidStateException", "KMSOptInRequired",
    "NoCredentialsError", "NoRegionError", "PartialCredentialsError", "ProfileNotFound", "InvalidEndpointURLError",
    "InvalidRegionError", "ParamValidationError", "InvalidKMSResourceException",
)  # fmt: skip
"""What asking again does not mend."""


@dataclass(kw_only=True)
class Delivery:
    """Sends batches, by so many threads.

    Args:
        stream: Where they go.
        in_flight: Most batches that are on their way; no more are taken until the oldest has arrived.
    """

    stream: Stream
    in_flight: int = 4
    delivered: int = 0
    delivered_bytes: int = 0
    refused: int = 0
    waiting_for: str = ""
    _way: deque[tuple[Batch, Event]] = field(default_factory=deque)
    _todo: SimpleQueue[tuple[Batch, Event]] = field(default_factory=SimpleQueue)
    _error: BaseException | None = None
    _ended: Event = field(default_factory=Event)
    _moved: Condition = field(default_factory=Condition)

    def start(self) -> None:
        """Ask whether the stream is there, and start the threads.

        Raises:
            LakehouseError: It is not there, or may not be written to.
        """
        try:
            self.stream.check()
        except Exception as error:
            # To ask for it is a right of its own, which who sends needs not have; and what is busy now is not gone.
            if _code(error) != "AccessDeniedException" and _code(error) in _NEVER:
                raise explained(error, self.stream) from error
            if not _code(error):
                raise
        for _ in range(self.in_flight):
            # Not to be waited for when the process ends: what has not arrived is sent by the next one.
            Thread(target=self._work, daemon=True).start()

    def end(self) -> None:
        """Send nothing again any more."""
        self._ended.set()

    @property
    def full(self) -> bool:
        """Whether as many batches are on their way as may be."""
        return len(self._way) >= self.in_flight

    @property
    def idle(self) -> bool:
        """Whether nothing is on its way."""
        return not self._way

    def submit(self, batch: Batch) -> None:
        """Send a batch, some time."""
        there = Event()
        self._way.append((batch, there))
        self._todo.put((batch, there))

    def collect(self, seconds: float = 0) -> int:
        """Note what has arrived, the oldest first, after waiting for the oldest for so long; give how many batches.

        Raises:
            LakehouseError: The stream cannot be written to, and asking again does not help.
        """
        if self._way and seconds:
            with self._moved:
                self._moved.wait_for(lambda: self._error or self._way[0][1].is_set(), timeout=seconds)
        if self._error:
            raise explained(self._error, self.stream) from self._error
        count = 0
        while self._way and self._way[0][1].is_set():
            batch, _ = self._way.popleft()
            batch.delivered()
            self.delivered += len(batch.entries)
            self.delivered_bytes += batch.size
            count += 1
        return count

    def _work(self) -> None:
        while self._error is None:
            batch, there = self._todo.get()
            try:
                if self._send(batch.entries):
                    there.set()
            except BaseException as error:  # the main thread raises it
                self._error = error
            with self._moved:
                self._moved.notify_all()

    def _send(self, entries: list[Any]) -> bool:
        """Send until each entry has arrived, only those again that were refused; say whether all did."""
        pause = _FIRST
        while entries and not self._ended.is_set():
            left, why = self._try(entries)
            self.waiting_for = why
            if left:
                self.refused += len(left)
                pause = _FIRST if len(left) < len(entries) else min(pause * 2, _LONGEST)
                self._ended.wait(pause * random.uniform(0.5, 1.0))
            entries = left
        return not entries

    def _try(self, entries: list[Any]) -> tuple[list[Any], str]:
        try:
            return self.stream.put(entries)
        except Exception as error:
            code = _code(error)
            if not code or code in _NEVER:
                raise
            if code in _EXPIRED:
                self.stream.renew()
            known = aws_error(error)
            return entries, known.kind if known else f"{code}: {error}"


def _code(error: Exception) -> str:
    """Give what AWS or its client calls an error; nothing for one of neither."""
    if not type(error).__module__.startswith(("botocore", "boto3")):
        return ""
    response = getattr(error, "response", None) or {}
    return str(response.get("Error", {}).get("Code") or type(error).__name__)


def explained(error: BaseException, stream: Stream) -> BaseException:
    """Give what a person is told of an error."""
    if not isinstance(error, Exception) or not _code(error):
        return error
    if _code(error) == "ResourceNotFoundException":
        region = stream.client.meta.region_name
        return SourceError(
            f"{stream.name} is not there, in {region}: make it (aws {stream.service} help), or check its name and "
            "--region. Nothing is lost: the next run goes on behind what was delivered"
        )
    return aws_error(error) or SourceError(f"{stream.name} refused it: {error}")
