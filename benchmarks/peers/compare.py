"""Run the peers whose environment is there, and set ours beside them."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

from benchmarks.measure import Timing, medians
from benchmarks.result import Result

ENVIRONMENTS = Path("build/peers")
PEERS = ("cuallee", "great_expectations", "pandera", "pydeequ")


def compare(ours: dict[str, Result], *, rows: int, data: Path) -> list[Result]:
    """Run each peer in turn, in its own process.

    Args:
        ours: What was measured of ours just before, by level: ``table`` and ``row``.
        rows: How many rows there are.
        data: The folder of the rows.

    Raises:
        RuntimeError: A peer failed, or does not count what the reference counts.
    """
    there = [peer for peer in PEERS if (ENVIRONMENTS / peer / "bin" / "python").exists()]
    if not there:
        print(f"no peer has an environment in {ENVIRONMENTS}; benchmarks/peers/README.md says how to make one")
    return [_beside(ours, _run(peer, data, next(iter(ours.values())).repeats), rows) for peer in there]


def _run(peer: str, data: Path, repeats: int) -> dict[str, Any]:
    python = ENVIRONMENTS / peer / "bin" / "python"
    command = [str(python), "-m", f"benchmarks.peers.{peer}", "--data", str(data), "--repeats", str(repeats)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)} failed:\n{done.stderr[-4000:]}")
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def _beside(ours: dict[str, Result], found: dict[str, Any], rows: int) -> Result:
    mine = ours[found["level"]]
    peer, by_hand = (medians([Timing(**run) for run in found[name]]) for name in ("peer", "by_hand"))
    cpu = sorted(run["cpu"] for run in found["peer"])
    return Result(
        name=f"{mine.name}, against {found['name']}",
        value=mine.value,
        unit=mine.unit,
        reference=found["name"],
        reference_value=round(rows / peer.wall),
        ratio=round(peer.cpu / mine.cpu_seconds, 3),
        repeats=mine.repeats,
        cpu_seconds=mine.cpu_seconds,
        reference_cpu_seconds=round(peer.cpu, 2),
        note=f"{rows:,} rows; same counts; {found['name']}: CPU {cpu[0]:.2f}..{cpu[-1]:.2f} s; the reference by hand: "
        f"{by_hand.cpu:.2f} CPU s in its session, {mine.reference_cpu_seconds} in ours",
    )
