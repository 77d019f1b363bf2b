"""A file on its way into a topic that is killed at random: each record is there once."""

from __future__ import annotations

import json
import os
import random
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import confluent_kafka
import pytest

from lakehouse.local.broker import Broker
from lakehouse.sources.topics import ensure_topic
from tests.kills.test_killed_files import done, start

pytestmark = pytest.mark.slow

KILLS = 2


def kill_when(goes_on: Callable[[], int], folder: Path, *verb: str) -> None:
    """Kill a run at a random moment after it has gone on by some steps."""
    before, steps, run = goes_on(), random.randint(1, 4), start(folder, *verb)
    give_up = time.monotonic() + 300
    while run.poll() is None and goes_on() < before + steps and time.monotonic() < give_up:
        time.sleep(0.01)
    time.sleep(random.uniform(0, 0.3))
    with suppress(ProcessLookupError):  # it may be done by then
        os.killpg(run.pid, signal.SIGKILL)
    run.communicate()


def test_each_line_of_a_file_is_in_the_topic_once(tmp_path: Path, kafka: Broker, unique: str) -> None:
    count, servers = 100_000, kafka.bootstrap_servers
    lines = "".join(f"L{number},gent,in,1.5\n" for number in range(count))
    (tmp_path / "scans.csv").write_text(f"parcel,depot,status,weight_kg\n{lines}")
    ensure_topic(servers, unique, partitions=1)
    consumer = confluent_kafka.Consumer(
        {"bootstrap.servers": servers, "group.id": unique, "isolation.level": "read_committed"}
    )
    place = confluent_kafka.TopicPartition(unique, 0, 0)

    def sent() -> int:
        """Transactions that are in the topic, of 10,000 lines each."""
        try:
            return int(consumer.get_watermark_offsets(place, timeout=20)[1]) // 10_000
        except confluent_kafka.KafkaException:  # the topic has only just been made
            return 0

    verb = ["produce", "csv", "scans.csv", "--topic", unique, "--as", "bronze.scans_raw"]
    verb += ["--set", f"kafka.bootstrap_servers={servers}"]
    for _ in range(KILLS):
        kill_when(sent, tmp_path, *verb)
    done(tmp_path, *verb)
    consumer.assign([place])
    found: list[str] = []
    while batch := consumer.consume(10_000, timeout=10):
        found += [json.loads(one.value() or b"")["parcel"] for one in batch]
    consumer.close()
    assert found == [f"L{number}" for number in range(count)]
