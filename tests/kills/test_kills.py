"""A run that dies anywhere can be started again and ends in the same state: real processes, real signals."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from lakehouse.local.broker import running_broker
from tests.conftest import JARS

pytestmark = pytest.mark.slow

COUNT = 30_000
MAIN = [sys.executable, "-c", "from lakehouse.cli.main import main; main()"]
CONFIG = Path(__file__).with_name("users.toml")


# No file may grow beyond so many kB: what a full disk is to the writer of a Parquet file.
SMALL_DISK = ["bash", "-c", "trap '' XFSZ; ulimit -f 100; exec \"$@\"", "--"]


def start(folder: Path, *verb: str, disk: Sequence[str] = ()) -> subprocess.Popen[str]:
    """Start the command line in a folder of its own, in a process group of its own."""
    settings = [f"local.jars={JARS}", f"local.sample_count={COUNT}"]
    options = [option for setting in settings for option in ("--set", setting)]
    config = ["--config", str(CONFIG)]
    return subprocess.Popen(
        [*disk, *MAIN, *verb, *config, *options],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


def finish(folder: Path) -> dict[str, Any]:
    """Run quickstart to its end and give its facts."""
    run = start(folder, "quickstart")
    said, _ = run.communicate(timeout=400)
    assert run.returncode == 0, said
    facts: dict[str, Any] = json.loads((folder / "build" / "run.json").read_text())
    return facts


def wait_for(what: Callable[[], bool], run: subprocess.Popen[str], *, seconds: float = 200) -> None:
    give_up = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < give_up, "it never got there"
        assert run.poll() is None, run.communicate()[0]
        time.sleep(0.05)


def processes_of(folder: Path) -> list[str]:
    """Command lines of processes that work in a folder."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if (process / "cwd").readlink() == folder and process.name != str(os.getpid()):
                found.append((process / "cmdline").read_text().replace("\0", " ")[:200])
        except OSError:
            continue
    return found


def is_whole(facts: dict[str, Any]) -> bool:
    return bool(facts["balanced"]) and facts["produced"] == COUNT


MOMENTS: dict[str, Callable[[Path], bool]] = {
    "while it produces": lambda folder: any((folder / ".lake/kafka").rglob("users-0/*.log")),
    "while it streams": lambda folder: (folder / ".lake/checkpoints/bronze.users_raw/offsets/0").exists(),
    "while it builds silver": lambda folder: any((folder / ".lake/warehouse/silver/user_changes").rglob("*.parquet")),
}


@pytest.mark.parametrize("moment", MOMENTS)
def test_killed_at_any_moment_it_leaves_nothing_running_and_the_next_run_completes(tmp_path: Path, moment: str) -> None:
    run = start(tmp_path, "quickstart")
    wait_for(lambda: MOMENTS[moment](tmp_path), run)
    os.killpg(run.pid, signal.SIGKILL)
    run.wait()
    time.sleep(2)
    assert processes_of(tmp_path) == []
    assert is_whole(finish(tmp_path))


def test_interrupted_it_stops_what_it_started_and_exits_with_130(tmp_path: Path) -> None:
    run = start(tmp_path, "quickstart")
    wait_for(lambda: MOMENTS["while it streams"](tmp_path), run)
    os.killpg(run.pid, signal.SIGINT)
    said, _ = run.communicate(timeout=60)
    assert (run.returncode, "the next run goes on" in said, "Traceback" in said) == (130, True, False), said
    assert (running_broker(tmp_path / ".lake/kafka"), processes_of(tmp_path)) == (None, [])
    assert is_whole(finish(tmp_path))


def test_a_stream_that_runs_on_ends_within_30_s_of_being_asked_to(tmp_path: Path) -> None:
    assert start(tmp_path, "up").wait(120) == 0
    try:
        assert start(tmp_path, "produce").wait(120) == 0
        run = start(tmp_path, "stream", "bronze.users_raw", "--follow", "--trigger-seconds", "1")
        wait_for((tmp_path / ".lake/checkpoints/bronze.users_raw/offsets/0").exists, run)
        asked = time.monotonic()
        run.terminate()
        said, _ = run.communicate(timeout=60)
        assert time.monotonic() - asked < 30
        assert (run.returncode, "the next run goes on" in said, "Traceback" in said) == (143, True, False), said
        assert start(tmp_path, "stream", "bronze.users_raw").wait(120) == 0
        assert start(tmp_path, "verify", "bronze.users_raw").wait(120) == 0
    finally:
        start(tmp_path, "down").wait(60)


def test_a_second_run_doubles_nothing_and_builds_nothing(tmp_path: Path) -> None:
    first, second = finish(tmp_path), finish(tmp_path)
    same = ("produced", "bronze_rows", "dead_letters", "silver_rows", "gold", "quality")
    assert is_whole(first)
    assert {name: first[name] for name in same} == {name: second[name] for name in same}


def test_a_full_disk_is_told_and_nothing_is_lost_when_there_is_room_again(tmp_path: Path) -> None:
    assert start(tmp_path, "up").wait(120) == 0
    try:
        assert start(tmp_path, "produce").wait(120) == 0
        run = start(tmp_path, "stream", "bronze.users_raw", disk=SMALL_DISK)
        said, _ = run.communicate(timeout=200)
        assert (run.returncode, "Traceback" in said) == (3, False), said
        assert is_whole(finish(tmp_path))
    finally:
        start(tmp_path, "down").wait(60)
