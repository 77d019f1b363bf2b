"""When a stream takes its batches: what is there now, all at once, or on and on without making tiny files."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from lakehouse.observe.batch_metrics import BatchMetrics

LEAST_SECONDS, MOST_SECONDS = 10, 600
_FIRST_SECONDS = 60
_SMALL_SHARE = 8
_FAR = 2.0


class Mode(StrEnum):
    """How long a stream runs."""

    AVAILABLE_NOW = "available-now"
    CONTINUOUS = "continuous"
    ONCE = "once"


@dataclass
class Trigger:
    """A mode, and for a stream that runs on, the seconds between batches; None derives them from what comes.

    Derived, the interval is as long as it takes until the files of a commit are an eighth of what the table aims at
    (a file is then not worth a compaction), but at least 10 seconds and at most 10 minutes.
    """

    mode: Mode = Mode.AVAILABLE_NOW
    seconds: int | None = None
    now: int = field(init=False)

    def __post_init__(self) -> None:
        self.now = self.seconds or _FIRST_SECONDS

    def options(self) -> dict[str, Any]:
        """Give what ``DataStreamWriter.trigger`` takes."""
        if self.mode is Mode.AVAILABLE_NOW:
            return {"availableNow": True}
        return {"once": True} if self.mode is Mode.ONCE else {"processingTime": f"{self.now} seconds"}

    def changed_by(self, batch: BatchMetrics, aim_bytes: int) -> bool:
        """Learn from a batch; True when the interval should be another one by far."""
        if self.mode is not Mode.CONTINUOUS or self.seconds is not None:
            return False
        wanted = wanted_seconds(batch, aim_bytes)
        if wanted is None or 1 / _FAR < wanted / self.now < _FAR:
            return False
        self.now = wanted
        return True


def wanted_seconds(batch: BatchMetrics, aim_bytes: int) -> int | None:
    """Give the interval at which each file of a batch is an eighth of ``aim_bytes``; None when the batch tells nothing.

    With records that come at ``input_rate``, of the size and in as many files as in this batch.
    """
    if not batch.records or not batch.files or batch.input_rate <= 0 or batch.behind > batch.records:
        return None
    bytes_per_second = batch.input_rate * batch.bytes / batch.records
    seconds = batch.files * aim_bytes / _SMALL_SHARE / max(bytes_per_second, 1e-9)
    return int(min(max(seconds, LEAST_SECONDS), MOST_SECONDS))
