"""Time candidates fairly: warm-up apart, interleaved, wall and CPU seconds of the JVM and all other children."""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, kw_only=True)
class Timing:
    """One run: wall seconds, and CPU seconds of this process and all below it."""

    wall: float
    cpu: float


def cpu_seconds() -> float:
    """Give the CPU seconds used so far by this process and its living descendants, the JVM among them (Linux)."""
    children: dict[int, list[int]] = {}
    used: dict[int, float] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue  # ended in between
        pid = int(stat.parent.name)
        children.setdefault(int(fields[1]), []).append(pid)
        used[pid] = sum(map(int, fields[11:15])) / _TICKS  # own and of waited-for children
    todo, total = [os.getpid()], 0.0
    while todo:
        pid = todo.pop()
        total += used.get(pid, 0.0)
        todo += children.get(pid, [])
    return total


def peak_memory_mib() -> float:
    """Give the peak resident memory [MiB] of the largest descendant of this process: the JVM."""
    peaks = [0.0]
    for status in Path("/proc").glob("[0-9]*/status"):
        try:
            lines = dict(line.split(":", 1) for line in status.read_text().splitlines() if ":" in line)
        except OSError:
            continue
        if lines.get("Name", "").strip() == "java" and int(lines["PPid"]) == os.getpid():
            peaks.append(int(lines["VmHWM"].split()[0]) / 1024)
    return max(peaks)


def timed(work: Callable[..., object], *arguments: object, **options: object) -> Timing:
    """Time one call."""
    wall, cpu = time.monotonic(), cpu_seconds()
    work(*arguments, **options)
    return Timing(wall=time.monotonic() - wall, cpu=cpu_seconds() - cpu)


def interleave(candidates: Mapping[str, Callable[[int], None]], *, repeats: int) -> dict[str, list[Timing]]:
    """Run each candidate once for warming up, then all in turn, ``repeats`` times; each gets the number of its run."""
    timings: dict[str, list[Timing]] = {name: [] for name in candidates}
    for run in range(repeats + 1):
        for name, candidate in candidates.items():
            timing = timed(candidate, run)
            if run > 0:
                timings[name].append(timing)
    return timings


def medians(timings: list[Timing]) -> Timing:
    """Give the median wall and CPU seconds."""
    return Timing(wall=statistics.median(t.wall for t in timings), cpu=statistics.median(t.cpu for t in timings))
