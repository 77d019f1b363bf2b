"""A part of the suite on Spark Connect: the same tests, with a session of a server instead of one of their own."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from benchmarks.chaos.moments import look
from benchmarks.chaos.place import TABLE

from lakehouse.errors import EngineError, StreamError
from lakehouse.local.broker import Broker
from lakehouse.pipeline.remote_batch import told_by_server
from tests.chaos.conftest import chaos, eventually
from tests.conftest import needs_spark_4

ROOT = Path(__file__).parent.parent.parent
THERE = ("tests/pipeline/test_run.py", "tests/pipeline/test_score_table.py")


@pytest.fixture(scope="module")
def remote(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """The environment of a process whose sessions are those of a server."""
    folder = tmp_path_factory.mktemp("connect")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "tests.engines.connect_server", str(folder), str(port)]
    log = (folder / "server.log").open("w")
    server = subprocess.Popen(command, cwd=ROOT, stdout=log, stderr=log)
    try:
        _await(port, server, folder / "server.log")
        yield {**os.environ, "SPARK_REMOTE": f"sc://127.0.0.1:{port}", "LAKEHOUSE_TEST_FOLDER": str(folder)}
    finally:
        server.terminate()
        server.wait(30)


def _await(port: int, server: subprocess.Popen[bytes], log: Path) -> None:
    for _ in range(600):
        with socket.socket() as asking:
            if asking.connect_ex(("127.0.0.1", port)) == 0:
                return
        if server.poll() is not None:
            break
        time.sleep(0.5)
    raise AssertionError(log.read_text())


@needs_spark_4("PySpark 3.5 ships no server of Spark Connect")
@pytest.mark.slow  # a server, and a part of the suite
def test_this_part_of_the_suite_passes_on_spark_connect(remote: dict[str, str]) -> None:
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *THERE]
    done = subprocess.run(command, cwd=ROOT, env=remote, capture_output=True, text=True, timeout=900, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@needs_spark_4("PySpark 3.5 ships no server of Spark Connect")
@pytest.mark.slow  # a server, and three processes of Python
def test_a_stream_with_a_route_and_a_merge_that_dies_is_taken_over_by_the_next_and_has_each_record_once(
    remote: dict[str, str], kafka: Broker, unique: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SPARK_REMOTE", remote["SPARK_REMOTE"])
    found = chaos(Path(remote["LAKEHOUSE_TEST_FOLDER"]), kafka.bootstrap_servers, unique, routed=True, batch=500)
    found.sent.send(2000)
    run = found.place.start("stream", TABLE, "--follow", "--trigger-seconds", "1")
    eventually(lambda: look(found.place).done >= 0 or run.process.poll() is not None, seconds=300)
    run.kill()
    found.sent.send(500)
    code, said = found.place.stream()
    assert code == 0, said
    assert found.verdict().is_whole, found.verdict()
    assert found.place.verify("--deep")[0] == 0


FAILED = """[STREAM_FAILED] Query [id = 1] terminated with exception: An error occurred in the user provided function.
Found error inside foreachBatch Python process: Traceback (most recent call last):
  File "batch.py", line 1, in _write
{error}
 SQLSTATE: 39000 SQLSTATE: XXKST
=== Streaming Query ===

JVM stacktrace:
org.apache.spark.sql.streaming.StreamingQueryException"""


def test_what_the_library_refuses_on_the_server_is_told_in_its_own_words() -> None:
    error = told_by_server(
        Exception(FAILED.format(error="lakehouse.errors.StreamError: b.t was not written\nStart it."))
    )
    assert isinstance(error, StreamError)
    assert str(error) == "b.t was not written\nStart it."


def test_a_server_without_the_packages_of_a_stream_is_told_so() -> None:
    error = told_by_server(Exception(FAILED.format(error="ModuleNotFoundError: No module named 'acme_lake.tables'")))
    assert isinstance(error, EngineError)
    assert "no module 'acme_lake.tables'" in str(error)


def test_what_is_of_others_is_left_to_be_told_as_it_is() -> None:
    assert told_by_server(Exception(FAILED.format(error="ValueError: x"))) is None
