"""An ingest of files that is killed again and again ends with each record once: real processes, real signals."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import time
from pathlib import Path

import pytest

from tests.conftest import JARS
from tests.kills.test_kills import MAIN

pytestmark = pytest.mark.slow

ACME = Path(__file__).parent.parent / "acme_lake"
FILES, LINES, KILLS = 12, 50, 2


def start(folder: Path, *verb: str) -> subprocess.Popen[str]:
    """Start a verb in the courier's lake, in a process group of its own."""
    environ = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join([str(ACME), os.environ.get("PYTHONPATH", "")]),
        "LAKEHOUSE__SESSION__MASTER": "local[2]",
        "LAKEHOUSE__LOCAL__JARS": str(JARS),
    }
    command = [*MAIN, *verb, "--config", str(ACME / "acme.toml")]
    return subprocess.Popen(
        command, cwd=folder, env=environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        start_new_session=True,
    )  # fmt: skip


def done(folder: Path, *verb: str) -> str:
    """Run a verb to its end."""
    run = start(folder, *verb)
    out, said = run.communicate(timeout=400)
    assert run.returncode == 0, said
    return out


def commits(folder: Path, table: str) -> int:
    return len(list((folder / ".lake" / "warehouse" / table).glob("metadata/*.metadata.json")))


def kill_in_the_middle(folder: Path, *verb: str) -> None:
    """Kill a run some time after it has planned or made another commit."""
    before = commits(folder, "ops/files"), commits(folder, "bronze/weights_raw")
    watched = random.choice((0, 1))
    run, give_up = start(folder, *verb), time.monotonic() + 300
    while run.poll() is None and time.monotonic() < give_up:
        now = commits(folder, "ops/files"), commits(folder, "bronze/weights_raw")
        if now[watched] > before[watched] + 1:
            time.sleep(random.uniform(0, 1.5))
            break
        time.sleep(0.02)
    os.killpg(run.pid, signal.SIGKILL)
    run.communicate()


def test_each_record_of_each_file_is_there_once_after_kills_at_random(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    for number in range(FILES):
        lines = [f"P{number}-{line};{line if line % 10 else 'heavy'}\n" for line in range(LINES)]
        (tmp_path / "in" / f"{number:03}.csv").write_text("plate;weight_kg\n" + "".join(lines))
    verb = ("ingest", "in", "--into", "bronze.weights_raw", "--batch-files", "3")
    for _ in range(KILLS):
        kill_in_the_middle(tmp_path, *verb)
    done(tmp_path, *verb)
    proof = json.loads(done(tmp_path, "verify", "bronze.weights_raw", "--deep", "--json"))
    assert (proof["ok"], proof["files"], proof["rows"]) == (True, FILES, FILES * LINES)
    counts = json.loads(done(tmp_path, "dead-letters", "bronze.weights_raw", "--json"))["counts"]
    assert counts == {"wrong_type": FILES * LINES // 10}
