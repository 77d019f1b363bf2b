"""A plan as plain data, for machines."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from lakehouse.pipeline.lake_plan import LakePlan
from lakehouse.pipeline.table_plan import TablePlan, Verdict


@dataclass(frozen=True, kw_only=True)
class Price:
    """What an hour of building costs; 0 where it was not said."""

    per_hour: float = 0.0
    currency: str = ""

    def of(self, seconds: float) -> float | None:
        """Give what some seconds cost; None where there is no price."""
        return self.per_hour * seconds / 3600 if self.per_hour else None


def as_data(plan: LakePlan, price: Price) -> dict[str, Any]:
    """Give a plan as plain data. What is not known, such as what a table reads that is published before, is null."""
    return {
        "summary": _summary(plan, price),
        "checks": [
            {"table": one.table, "source": one.build.source, "problems": list(one.problems)} for one in plan.tables
        ],
        "schema": [
            {
                "table": one.table,
                "filled_by": one.filled_by.value,
                "is_new": one.is_new,
                "statements": list(one.statements),
                "refused": list(one.refused),
            }
            for one in plan.schemas
        ],
        "builds": [_build(one) for one in plan.tables],
    }


def _build(plan: TablePlan) -> dict[str, Any]:
    reads = plan.reads
    return {
        "table": plan.table,
        "verdict": plan.verdict.value,
        "strategy": plan.strategy.value if plan.strategy else None,
        "reason": plan.reason,
        "causes": [asdict(one) | {"kind": one.kind.value} for one in plan.causes],
        "rows": reads.rows if reads else None,
        "bytes": reads.bytes if reads else None,
        "partitions": reads.partitions if reads else None,
        "seconds": None if plan.seconds is None else round(plan.seconds, 1),
        "past_runs": len(plan.past),
    }


def _summary(plan: LakePlan, price: Price) -> dict[str, Any]:
    seconds = plan.seconds
    cost = None if seconds is None else price.of(seconds)
    return {
        "to_build": len(plan.published),
        "up_to_date": plan.count(Verdict.UP_TO_DATE),
        "waits": plan.count(Verdict.WAITS),
        "fails": plan.count(Verdict.FAILS),
        "schema_changes": sum(one.is_change for one in plan.schemas),
        "errors": plan.errors,
        "seconds": None if seconds is None else round(seconds, 1),
        "cost": None if cost is None else {"amount": round(cost, 4), "currency": price.currency},
    }
