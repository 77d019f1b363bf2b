"""Run the peers of builds, each in a process of its own, in turn with ours on the same rows; what they make must equal
ours."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.measure import Timing, medians
from benchmarks.peers.updater import BUILD, UPDATE
from benchmarks.result import Result

PEERS = {
    "merge_script": "silver.users_by_script",
    "dbt_incremental": "silver.users_by_dbt",
    "declarative_pipeline": "silver.users_by_pipeline",
}
"""Module of a peer → its table."""
_DBT = Path("build/peers/dbt_spark/bin/python")


@dataclass(frozen=True, kw_only=True)
class Job:
    """What is brought up to date: how rows come, how ours takes them, and what tells whether a table equals ours."""

    append: Callable[[], object]
    ours: Callable[[], Timing]
    require_equal: Callable[[str], None]
    conf: Mapping[str, str]
    folder: Path
    rows: int


@dataclass(frozen=True, kw_only=True)
class Peer:
    """A peer's process, whose session is up."""

    name: str
    process: subprocess.Popen[str]

    def told(self, work: str) -> Timing:
        """Tell it to do something, and give what that took.

        Raises:
            RuntimeError: It died of it; what it said stands on standard error.
        """
        assert self.process.stdin, "it is a pipe"
        self.process.stdin.write(f"{work}\n")
        self.process.stdin.flush()
        return Timing(**_answer(self.process))


def compare(before: Result, job: Job, *, repeats: int) -> list[Result]:
    """Run each peer whose environment is there, in turn with ours; the first run of both is for warming up."""
    found: list[Result] = []
    for module, table in PEERS.items():
        if module == "dbt_incremental" and not _DBT.exists():
            print(f"dbt has no environment in {_DBT.parents[1]}; benchmarks/peers/README.md says how to make one")
            continue
        with _started(module, job) as peer:
            first = peer.told(BUILD)
            job.require_equal(table)
            ours, theirs = list[Timing](), list[Timing]()
            for _ in range(repeats + 1):
                job.append()
                ours.append(job.ours())
                theirs.append(peer.told(UPDATE))
                job.require_equal(table)
            found.append(_beside(before, peer.name, first, ours[1:], theirs[1:], rows=job.rows))
    return found


@contextmanager
def _started(module: str, job: Job) -> Iterator[Peer]:
    folder = job.folder / module
    folder.mkdir()
    conf = folder / "conf.json"
    conf.write_text(json.dumps(dict(job.conf)))
    python = str(_DBT) if module == "dbt_incremental" else sys.executable
    command = [python, "-m", f"benchmarks.peers.{module}", "--conf", str(conf), "--folder", str(folder)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        yield Peer(name=str(_answer(process)["name"]), process=process)
    finally:
        assert process.stdin, "it is a pipe"
        process.stdin.close()
        process.wait(60)


def _answer(process: subprocess.Popen[str]) -> dict[str, float]:
    assert process.stdout, "it is a pipe"
    line = process.stdout.readline()
    if not line:
        raise RuntimeError(f"{process.args!r} ended with {process.wait(60)}")
    answer: dict[str, float] = json.loads(line)
    return answer


def _beside(before: Result, name: str, first: Timing, ours: list[Timing], theirs: list[Timing], *, rows: int) -> Result:
    mine, peer = medians(ours), medians(theirs)
    used = [sorted(one.cpu for one in side) for side in (ours, theirs)]
    spread = " and ".join(f"{one[0]:.1f}..{one[-1]:.1f} s" for one in used)
    return Result(
        name=f"{before.name}, against {name}",
        value=round(mine.wall, 1),
        unit="s",
        reference=name,
        reference_value=round(peer.wall, 1),
        ratio=round(peer.cpu / mine.cpu, 2),
        repeats=len(ours),
        cpu_seconds=round(mine.cpu, 1),
        reference_cpu_seconds=round(peer.cpu, 1),
        note=f"{rows:,} people, scattered keys; equal rows after each update; CPU least to most {spread}; its first "
        f"build, cold, {first.cpu:.1f} CPU s in {first.wall:.1f} s; it has no audit, no score of the table, no ledger",
    )
