"""The figures of batches on a terminal, as lines of JSON, and for Prometheus."""

from __future__ import annotations

import io
import json
import socket
import urllib.request
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from rich.console import Console

from lakehouse.errors import ConfigError
from lakehouse.observe.batch_metrics import BatchMetrics, JsonLines, Prometheus, TerminalLines

BATCH = BatchMetrics(
    table="bronze.users_raw", batch_id=7, at=datetime(2026, 5, 1, tzinfo=UTC), records=1_000_000, input_rate=900.0,
    rate=43_286.2, seconds=23.1, write_seconds=22.9, files=8, bytes=8 * 20 * 2**20, small_files=2, dead_letters=26,
    lag={"users-0": 5, "users-1": 0},
)  # fmt: skip


@pytest.fixture
def prometheus() -> Iterator[Prometheus]:
    made = Prometheus(0, host="127.0.0.1")
    yield made
    made.close()


def scraped(prometheus: Prometheus) -> dict[str, float]:
    with urllib.request.urlopen(f"http://127.0.0.1:{prometheus.port}/metrics", timeout=10) as answer:
        lines = answer.read().decode().splitlines()
    return {line.rpartition(" ")[0]: float(line.rpartition(" ")[2]) for line in lines if not line.startswith("#")}


def test_a_line_of_the_terminal_fits_into_80_columns_with_a_heading_every_20_lines() -> None:
    text = io.StringIO()
    lines = TerminalLines(Console(file=text, width=80))
    for number in range(21):
        lines.show(replace(BATCH, batch_id=number))
    shown = text.getvalue().splitlines()
    assert (len(shown), max(map(len, shown)) <= 80) == (23, True)
    assert [at for at, line in enumerate(shown) if "records" in line] == [0, 21]
    assert shown[1].split() == ["0", "1,000,000", "43,286", "900", "5", "22.9s", "26", "8×20M"]


def test_late_records_have_a_column_of_their_own_where_a_table_has_an_event_time() -> None:
    text = io.StringIO()
    lines = TerminalLines(Console(file=text, width=80))
    lines.show(replace(BATCH, late=123_456))
    head, line = text.getvalue().splitlines()
    assert (head.split()[-2:], line.split()[-2:]) == (["late", "files"], ["123,456", "8×20M"])
    assert max(len(head), len(line)) <= 80


def test_lines_of_json_have_all_figures_and_the_lag_of_all_partitions(tmp_path: Path) -> None:
    for number in (1, 2):
        JsonLines(tmp_path / "m.jsonl").show(replace(BATCH, batch_id=number))
    found = [json.loads(line) for line in (tmp_path / "m.jsonl").read_text().splitlines()]
    assert [(one["batch_id"], one["behind"], one["lag"]["users-0"], one["dead_letters"]) for one in found] == [
        (1, 5, 5, 26),
        (2, 5, 5, 26),
    ]


def test_prometheus_counts_over_batches_and_shows_the_last_rate(prometheus: Prometheus) -> None:
    prometheus.show(BATCH)
    prometheus.show(replace(BATCH, records=5, rate=10.0, lag={"users-0": 0}))
    found, table = scraped(prometheus), '{table="bronze.users_raw"}'
    assert found[f"lakehouse_stream_records_total{table}"] == 1_000_005
    assert found[f"lakehouse_stream_dead_letters_total{table}"] == 52
    assert found[f"lakehouse_stream_rate{table}"] == 10
    assert found['lakehouse_stream_lag{place="users-0",table="bronze.users_raw"}'] == 0


def test_late_records_are_counted_only_where_a_table_has_an_event_time(prometheus: Prometheus) -> None:
    prometheus.show(BATCH)
    name = 'lakehouse_stream_late_total{table="bronze.users_raw"}'
    assert name not in scraped(prometheus)
    for late in (3, 0, 4):
        prometheus.show(replace(BATCH, late=late))
    assert scraped(prometheus)[name] == 7


def test_a_port_that_is_taken_is_refused() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(ConfigError, match=f"--metrics-port {port}: .*choose another port"):
            Prometheus(port, host="127.0.0.1")
