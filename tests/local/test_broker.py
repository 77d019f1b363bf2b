"""The broker is a real one: it keeps its data through kills, and never outlives whom it was started for."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import confluent_kafka
import pytest

from lakehouse.engines.jars import resolve_jars
from lakehouse.errors import EngineError, SourceError
from lakehouse.local.broker import Broker, broker, running_broker, start_broker, stop_broker
from lakehouse.local.dirt import messages
from lakehouse.local.produce import produce
from lakehouse.sources.topics import ensure_topic
from tests.conftest import JARS

START_AND_WAIT = """
import sys, time
from pathlib import Path
from lakehouse.local.broker import start_broker
print(start_broker(folder=Path(sys.argv[1]), jars=Path(sys.argv[2])).pid, flush=True)
time.sleep(60)
"""


@pytest.fixture(scope="module")
def jars() -> Path:
    return resolve_jars("kafka", folder=JARS)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder with formatted data, whose broker is ended after the tests."""
    made = tmp_path_factory.mktemp("broker")
    yield made
    left = running_broker(made)
    if left is not None:
        stop_broker(left)


def fill(bootstrap_servers: str, topic: str, count: int) -> None:
    ensure_topic(bootstrap_servers, topic)
    produce(messages(seed=1, count=count), bootstrap_servers=bootstrap_servers, topic=topic)


def readable(bootstrap_servers: str, topic: str) -> int:
    """Read a topic to the ends of its partitions and count; a client waits for leaders where a question does not."""
    settings = {"bootstrap.servers": bootstrap_servers, "group.id": "test", "enable.partition.eof": True}
    consumer = confluent_kafka.Consumer(settings)
    consumer.assign([confluent_kafka.TopicPartition(topic, number, 0) for number in range(4)])
    found, ends = 0, set[int | None]()
    while len(ends) < 4:
        for record in consumer.consume(1_000, timeout=1):
            found += record.error() is None
            ends |= {record.partition()} if record.error() is not None else set()
    consumer.close()
    return found


def is_gone(pid: int, seconds: float = 15) -> bool:
    give_up = time.monotonic() + seconds
    while time.monotonic() < give_up:
        stat = Path(f"/proc/{pid}/stat")
        if not stat.exists() or stat.read_text().rpartition(")")[2].split()[0] == "Z":
            return True
        time.sleep(0.05)
    return False


def test_a_second_start_gives_the_broker_that_runs(kafka: Broker, jars: Path) -> None:
    assert start_broker(folder=kafka.folder, jars=jars) == kafka


def test_a_block_that_finds_a_running_broker_leaves_it_running(kafka: Broker, jars: Path) -> None:
    with broker(kafka.folder, jars) as found:
        assert found == kafka

    assert running_broker(kafka.folder) == kafka


@pytest.mark.slow
def test_a_broker_that_was_killed_starts_again_with_its_records(folder: Path, jars: Path, unique: str) -> None:
    first = start_broker(folder=folder, jars=jars)
    fill(first.bootstrap_servers, unique, 500)
    os.kill(first.pid, signal.SIGKILL)
    while running_broker(folder) is not None:  # its port is open until the last of its threads has ended
        time.sleep(0.01)

    second = start_broker(folder=folder, jars=jars)

    assert second.pid != first.pid
    assert readable(second.bootstrap_servers, unique) == 500
    # The next test starts one of its own here.
    stop_broker(second)


def test_a_broker_is_stopped_when_its_block_ends_with_an_error(folder: Path, jars: Path) -> None:
    left = running_broker(folder)
    if left is not None:
        stop_broker(left)
    with pytest.raises(ZeroDivisionError), broker(folder, jars) as found:
        _ = 1 / 0

    assert is_gone(found.pid, seconds=0.1)
    assert running_broker(folder) is None


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="only the kernel of Linux tells a child of its parent's death")
def test_a_broker_goes_when_the_process_that_started_it_is_killed(folder: Path, jars: Path) -> None:
    command = [sys.executable, "-c", START_AND_WAIT, str(folder), str(jars)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as starter:
        assert starter.stdout is not None
        pid = int(starter.stdout.readline())
        starter.kill()

    assert is_gone(pid)


def test_a_second_stop_does_no_harm(tmp_path: Path) -> None:
    with subprocess.Popen(["true"]) as ended:
        pass

    stop_broker(Broker(bootstrap_servers="127.0.0.1:1", pid=ended.pid, folder=tmp_path))


def test_a_state_file_that_names_another_process_is_not_believed(tmp_path: Path) -> None:
    (tmp_path / "broker.json").write_text(f'{{"pid": {os.getpid()}, "port": 1}}')

    assert running_broker(tmp_path) is None


def test_without_java_the_error_says_so(tmp_path: Path, jars: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))

    with pytest.raises(EngineError, match="Java"):
        start_broker(folder=tmp_path / "broker", jars=jars)


def test_without_jars_the_error_names_the_folder(tmp_path: Path) -> None:
    with pytest.raises(EngineError, match="nothing-here"):
        start_broker(folder=tmp_path, jars=tmp_path / "nothing-here")


def test_a_broker_that_dies_at_start_shows_the_end_of_its_log(tmp_path: Path, jars: Path) -> None:
    (tmp_path / "data").mkdir()  # looks prepared and is not

    with pytest.raises(SourceError, match=r"died at start(.|\n)*meta\.properties"):
        start_broker(folder=tmp_path, jars=jars)
