"""What a death leaves in a checkpoint is no dead end: the next start, or the next ``--recover``, goes on."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from lakehouse.errors import StreamError
from lakehouse.pipeline.checkpoint import Checkpoint
from tests.pipeline.conftest import Bench, bench

__all__ = ["bench"]

pytestmark = pytest.mark.slow

# No file may have a single byte: a full disk, or a death after the file was opened.
PIN_WITHOUT_ROOM = """
import resource, signal, sys
from lakehouse.pipeline.checkpoint import Checkpoint
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
Checkpoint(sys.argv[1]).pin({"bronze.beeps": "other"})
"""


def test_a_pin_that_is_cut_off_leaves_the_one_before(tmp_path: Path) -> None:
    checkpoint = Checkpoint(str(tmp_path / "checkpoint"))
    checkpoint.pin({"bronze.beeps": "one"})
    cut_off = subprocess.run([sys.executable, "-c", PIN_WITHOUT_ROOM, checkpoint.location], check=False)
    assert cut_off.returncode != 0
    assert checkpoint.tables() == {"bronze.beeps": "one"}


def test_a_checkpoint_is_set_aside_in_one_step(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    checkpoint = Checkpoint(str(tmp_path / "checkpoint"))
    checkpoint.pin({"bronze.beeps": "one"})
    inode = (tmp_path / "checkpoint").stat().st_ino
    assert Path(checkpoint.set_aside()).stat().st_ino == inode
    assert not (tmp_path / "checkpoint").exists()


@pytest.mark.parametrize("lost", ["offsets", "commits", "offsets/0"])
def test_a_checkpoint_of_which_a_part_is_lost_is_refused_or_redone_and_from_table_goes_on(
    bench: Bench, lost: str
) -> None:
    for value in (1, 2):
        bench.send({"sensor": "a", "value": value})
        bench.run()
    place = Path(bench.ingest.checkpoint.location) / lost
    if place.is_dir():
        shutil.rmtree(place)
    else:
        place.unlink()
        shutil.rmtree(place.parent.parent / "commits")
    bench.send({"sensor": "a", "value": 3})
    if lost != "commits":
        with pytest.raises(StreamError):
            bench.run()
    bench.run(recover="from-table")
    assert bench.values() == [1, 2, 3]
