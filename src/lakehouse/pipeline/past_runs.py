"""How long a build will take, by how long it took: the bytes that past runs read and the seconds they needed."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, islice
from statistics import median

from pyiceberg.table import Table

from lakehouse.catalog.ledger import lineage

BYTES_READ = "lakehouse.bytes-read"
SECONDS = "lakehouse.seconds"
STRATEGY = "lakehouse.strategy"
_NEWEST = 20
_FIXED_SECONDS = 2.0
"""What a build takes however little it reads, where runs of one size alone are known: its jobs and its commits."""
_SLOWEST = 1 / 10_000_000
"""Seconds per byte at most: runs that read little tell of the fixed part alone, be they slow or of nearly one size."""


@dataclass(frozen=True, kw_only=True)
class PastRun:
    """A publish: the bytes of the files it read, how long it took, and by what strategy its rows were written."""

    bytes_read: int
    seconds: float
    strategy: str = ""


def past_runs(table: Table) -> tuple[PastRun, ...]:
    """Give the newest publishes of a table whose summaries tell what they read and how long they took."""
    summaries = (one.summary.additional_properties if one.summary else {} for one in lineage(table))
    return tuple(islice((run for one in summaries if (run := _run_of(one))), _NEWEST))


def estimate_seconds(past: Sequence[PastRun], bytes_to_read: int | None) -> float | None:
    """Estimate how long it takes to read some bytes; None where there is no past run.

    A fixed part, and the median of the seconds per byte over all pairs of runs: one that waited for a busy cluster does
    not bend the line, as it would bend that of least squares. Where it is not known how much will be read, the median
    of the seconds.

    Source: P. K. Sen, "Estimates of the regression coefficient based on Kendall's tau", 1968.
    """
    if not past:
        return None
    usual = median(run.seconds for run in past)
    if bytes_to_read is None:
        return usual
    slopes = [
        (b.seconds - a.seconds) / (b.bytes_read - a.bytes_read)
        for a, b in combinations(past, 2)
        if a.bytes_read != b.bytes_read
    ]
    of_one_size = (usual - _FIXED_SECONDS) / max(1, past[0].bytes_read)
    per_byte = min(_SLOWEST, max(0.0, median(slopes) if slopes else of_one_size))
    fixed = max(0.0, median(run.seconds - per_byte * run.bytes_read for run in past))
    return fixed + per_byte * bytes_to_read


def _run_of(summary: Mapping[str, str]) -> PastRun | None:
    try:
        run = PastRun(
            bytes_read=int(summary[BYTES_READ]), seconds=float(summary[SECONDS]), strategy=summary.get(STRATEGY, "")
        )
    except (KeyError, ValueError):
        # Written before it was measured, or by something else.
        return None
    return run if run.bytes_read >= 0 and math.isfinite(run.seconds) and run.seconds >= 0 else None
