"""How often a stream takes a batch, so that its files are not tiny; and what each batch tells."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from lakehouse.observe.batch_metrics import BatchMetrics
from lakehouse.pipeline.stream import run_stream
from lakehouse.pipeline.trigger import Mode, Trigger, wanted_seconds
from tests.pipeline.conftest import Bench

MIB = 2**20
BATCH = BatchMetrics(
    table="b.t", batch_id=1, at=datetime(2026, 5, 1, tzinfo=UTC), records=6_000, input_rate=100.0, rate=1000.0,
    seconds=6.0, write_seconds=5.0, files=2, bytes=6_000 * 1000,
)  # fmt: skip
AIM = 128 * MIB


def test_the_interval_is_what_fills_each_file_to_an_eighth_of_the_aim() -> None:
    # 100 records of 1,000 bytes a second make 32 MiB, two files of 16, in 336 seconds.
    assert wanted_seconds(BATCH, AIM) == 335


@pytest.mark.parametrize(("rate", "seconds"), [(1.0, 600), (1_000_000.0, 10)])
def test_it_stays_between_10_seconds_and_10_minutes(rate: float, seconds: int) -> None:
    assert wanted_seconds(replace(BATCH, input_rate=rate), AIM) == seconds


@pytest.mark.parametrize(
    "batch", [replace(BATCH, files=0), replace(BATCH, records=0), replace(BATCH, lag={"t-0": 10**6})]
)
def test_a_batch_without_files_or_that_only_catches_up_tells_nothing(batch: BatchMetrics) -> None:
    assert wanted_seconds(batch, AIM) is None


def test_the_interval_changes_only_when_it_is_wrong_by_more_than_twice() -> None:
    trigger = Trigger(Mode.CONTINUOUS)
    assert trigger.options() == {"processingTime": "60 seconds"}
    assert trigger.changed_by(BATCH, AIM)
    assert trigger.options() == {"processingTime": "335 seconds"}
    assert not trigger.changed_by(replace(BATCH, input_rate=60.0), AIM)


def test_an_interval_that_was_given_is_kept() -> None:
    assert not Trigger(Mode.CONTINUOUS, 5).changed_by(BATCH, AIM)


class Kept:
    """Keeps what it is shown."""

    def __init__(self) -> None:
        self.batches: list[BatchMetrics] = []

    def show(self, batch: BatchMetrics) -> None:
        self.batches.append(batch)


def test_each_batch_tells_its_records_files_dead_letters_and_lag(bench: Bench) -> None:
    kept = Kept()
    limited = replace(bench.ingest, topic=replace(bench.ingest.topic, max_offsets_per_trigger=2))
    bench.send({"sensor": "a", "value": 1}, b"{broken", {"sensor": "a", "value": 2})
    run_stream(bench.lake, limited, metrics=[kept])
    assert [(one.records, one.dead_letters, one.files, one.behind) for one in kept.batches] == [
        (2, 1, 2, 1),
        (1, 0, 1, 0),
    ]
    assert all(one.small_files == one.files and one.bytes > 0 and one.write_seconds > 0 for one in kept.batches)


def test_once_takes_all_that_is_there_as_one_batch(bench: Bench) -> None:
    limited = replace(bench.ingest, topic=replace(bench.ingest.topic, max_offsets_per_trigger=1))
    bench.send({"sensor": "a", "value": 1}, {"sensor": "a", "value": 2})
    assert run_stream(bench.lake, limited, trigger=Trigger(Mode.ONCE)).batches == 1
    assert bench.values() == [1, 2]
