"""An agent that is killed at random: real processes, real signals."""

from __future__ import annotations

import json
import random
import signal
import subprocess
import time
from pathlib import Path

import pytest

from lakehouse.agent.streams import Kinesis
from tests.aws.test_agent import records_in, stream, write
from tests.kills.test_kills import MAIN

__all__ = ["stream"]


@pytest.mark.slow  # processes of its own
def test_an_agent_that_is_killed_at_random_sends_each_record_at_least_once_and_what_is_twice_can_be_told(
    stream: Kinesis, tmp_path: Path
) -> None:
    command = [*MAIN, "agent", str(tmp_path / "app.log"), "--kinesis", stream.stream, "--every", "0.1"]
    command += ["--checkpoint", str(tmp_path / "c.json"), "--json"]
    written = 0
    for kill in (signal.SIGKILL, signal.SIGKILL, signal.SIGTERM):
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as run:
            assert run.stdout is not None
            # It is at work.
            begun = time.monotonic() - json.loads(run.stdout.readline())["seconds"]
            until = time.monotonic() + random.uniform(0.5, 4)
            while time.monotonic() < until:
                write(tmp_path, written, written + 40)
                written += 40
                time.sleep(0.05)
            if kill == signal.SIGTERM:
                # What it says after the last line was written, and was seen.
                now = time.monotonic() - begun + 2
                assert any(one["behind"] == 0 for one in map(json.loads, run.stdout) if one["seconds"] > now)
            run.send_signal(kill)
            run.communicate()
    assert run.returncode == 0
    found = list(records_in(stream))
    by_id = {one["record_id"]: one["n"] for one in found}
    assert sorted(by_id.values()) == list(range(written))
    assert all(by_id[one["record_id"]] == one["n"] for one in found)
