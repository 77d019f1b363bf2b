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
