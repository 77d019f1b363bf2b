"""What a run would make of one table, as data."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from lakehouse.contract.build import BuildSpec
from lakehouse.pipeline.build_plan import Strategy
from lakehouse.pipeline.past_runs import PastRun, estimate_seconds
from lakehouse.pipeline.planned_read import PlannedRead
from lakehouse.pipeline.schema_plan import SchemaPlan
from lakehouse.pipeline.staleness import Cause


class Verdict(StrEnum):
    """What a run would make of a table."""

    BUILD = "to build"
    FOLLOW = "will follow"
    UP_TO_DATE = "up to date"
    WAITS = "waits"
    FAILS = "fails"


@dataclass(frozen=True, kw_only=True)
class TablePlan:
    """What a run would make of one table, and why.

    ``problems`` are what its check found. ``strategy`` is None where it waits for another table. ``reads`` is None
    where it is not known before a table that it reads is published. ``past`` are its past runs.
    """

    build: BuildSpec
    verdict: Verdict
    schema: SchemaPlan
    problems: tuple[str, ...] = ()
    causes: tuple[Cause, ...] = ()
    strategy: Strategy | None = None
    reason: str = ""
    reads: PlannedRead | None = None
    past: Sequence[PastRun] = ()

    @property
    def table(self) -> str:
        """Name of the table."""
        return self.build.table.name

    @property
    def is_published(self) -> bool:
        """Whether a run would publish it."""
        return self.verdict in {Verdict.BUILD, Verdict.FOLLOW}

    @property
    def seconds(self) -> float | None:
        """How long it would take, by how long it took, if it can be in the same way; None where nothing is known."""
        if not self.is_published:
            return None
        alike = [run for run in self.past if run.strategy == self.strategy]
        return estimate_seconds(alike or self.past, self.reads.bytes if self.reads else None)
