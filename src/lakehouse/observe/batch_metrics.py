"""The figures of a stream's batch, and where they are shown: a line on a terminal, JSON lines, Prometheus."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

from rich.console import Console

from lakehouse.errors import ConfigError, MissingExtraError


@dataclass(frozen=True, kw_only=True)
class BatchMetrics:
    """One micro-batch.

    Args:
        table: The bronze table of the stream.
        batch_id: Its number in the checkpoint.
        at: When it ended.
        records: Offsets that it took: records, where each offset is one.
        input_rate: Records that came per second since the batch before.
        rate: Records that were done per second.
        seconds: From its trigger to its end.
        write_seconds: Of these, decoding, writing and committing.
        files: Data files of the commit.
        bytes: Their size.
        small_files: Of these, how many are less than an eighth of what the table aims at.
        dead_letters: Records that could not be decoded.
        late: Records behind the watermark, dead letters or not; None where no table of the stream has an event time.
        lag: Records that Kafka has and the table has not, by topic and partition.
    """

    table: str
    batch_id: int
    at: datetime
    records: int
    input_rate: float
    rate: float
    seconds: float
    write_seconds: float
    files: int = 0
    bytes: int = 0
    small_files: int = 0
    dead_letters: int = 0
    late: int | None = None
    lag: Mapping[str, int] = field(default_factory=dict)

    @property
    def behind(self) -> int:
        """Lag of all partitions."""
        return sum(self.lag.values())


class MetricsSink(Protocol):
    """Where the figures of batches go."""

    def show(self, batch: BatchMetrics) -> None:
        """Take the figures of one batch."""


_HEAD = (("batch", 6), ("records", 9), ("rows/s", 8), ("in/s", 8), ("behind", 9), ("write", 7), ("dead", 6))


@dataclass
class TerminalLines:
    """A line per batch, at most 80 columns wide, with a heading now and then; of late records where they are judged."""

    console: Console
    _shown: int = 0

    def show(self, batch: BatchMetrics) -> None:
        """Print a line."""
        if self._shown % 20 == 0:
            names = (*_HEAD, *([("late", 6)] if batch.late is not None else []), ("files", 9))
            head = " ".join(f"{name:>{width}}" for name, width in names)
            self.console.print(head, style="bold", highlight=False)
        self._shown += 1
        late = f"{batch.late:>6,} " if batch.late is not None else ""
        files = f"{batch.files}×{_size(batch.bytes // batch.files)}" if batch.files else "–"
        self.console.print(
            f"{batch.batch_id:>6} {batch.records:>9,} {batch.rate:>8,.0f} {batch.input_rate:>8,.0f} {batch.behind:>9,} "
            f"{batch.write_seconds:>6.1f}s {batch.dead_letters:>6,} {late}{files:>9}",
            highlight=False,
        )


@dataclass(frozen=True)
class JsonLines:
    """A line of JSON per batch, appended to a file."""

    file: Path

    def show(self, batch: BatchMetrics) -> None:
        """Append a line."""
        line = json.dumps(asdict(batch) | {"at": batch.at.isoformat(), "behind": batch.behind})
        with self.file.open("a", encoding="utf-8") as lines:
            lines.write(line + "\n")


class Prometheus:
    """Gauges and counters at ``http://HOST:PORT/metrics`` for Prometheus to fetch."""

    def __init__(self, port: int, *, host: str = "0.0.0.0") -> None:
        """Begin to listen.

        Raises:
            MissingExtraError: ``prometheus-client`` is not installed.
            ConfigError: The port is taken.
        """
        try:
            import prometheus_client
        except ImportError as error:
            raise MissingExtraError(extra="metrics", needed_for="metrics for Prometheus") from error
        self._registry = prometheus_client.CollectorRegistry()
        self._made: dict[str, Any] = {}
        self._client = prometheus_client
        try:
            self._server, _ = prometheus_client.start_http_server(port, addr=host, registry=self._registry)
        except OSError as error:
            raise ConfigError(f"--metrics-port {port}: {error.strerror}; choose another port") from error
        self.port = int(self._server.server_port)

    def show(self, batch: BatchMetrics) -> None:
        """Add one batch."""
        for name, text in _COUNTERS.items():
            if (count := getattr(batch, name)) is not None:
                self._of("Counter", name, text).labels(batch.table).inc(count)
        for name, text in _GAUGES.items():
            self._of("Gauge", name, text).labels(batch.table).set(getattr(batch, name))
        for place, lag in batch.lag.items():
            self._of("Gauge", "lag", "Records that Kafka has and the table has not", "place").labels(
                batch.table, place
            ).set(lag)
        self._of("Counter", "batches", "Batches").labels(batch.table).inc()

    def close(self) -> None:
        """Stop listening."""
        self._server.shutdown()
        self._server.server_close()

    def _of(self, kind: str, name: str, text: str, *labels: str) -> Any:
        if name not in self._made:
            make = getattr(self._client, kind)
            self._made[name] = make(f"lakehouse_stream_{name}", text, ["table", *labels], registry=self._registry)
        return self._made[name]


_COUNTERS = {
    "records": "Records that were read",
    "dead_letters": "Records that could not be decoded",
    "late": "Records behind the watermark of their table",
    "files": "Data files that were written",
    "small_files": "Data files of less than an eighth of what the table aims at",
    "bytes": "Bytes of data files",
}
_GAUGES = {
    "rate": "Records done per second in the last batch",
    "input_rate": "Records that came per second before the last batch",
    "seconds": "Seconds of the last batch",
    "write_seconds": "Seconds of decoding, writing and committing in the last batch",
    "batch_id": "Number of the last batch",
}


def _size(count: int) -> str:
    for unit, size in (("G", 2**30), ("M", 2**20), ("k", 2**10)):
        if count >= size:
            return f"{count / size:.0f}{unit}"
    return f"{count}B"
