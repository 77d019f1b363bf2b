"""How a table is brought up to date after the tables that it reads were published in the same run."""

from __future__ import annotations

from collections.abc import Mapping

from lakehouse.catalog.changes import ChangePlan, Method
from lakehouse.pipeline.build_plan import BuildPlan, Strategy, strategy_for, times_as_dear
from lakehouse.pipeline.cost import Costs
from lakehouse.quality import RuleSet


def strategy_after(
    plan: BuildPlan,
    rules: RuleSet,
    published: Mapping[str, Strategy],
    *,
    target_bytes: int,
    costs: Costs,
    again: bool = False,
) -> tuple[Strategy, str]:
    """Foresee the strategy of a build, and why, from its plan as things are now.

    How much will change is not known yet, so a change in part counts as free: where even that costs more than to build
    the table whole, it is built whole; else it may still turn out so.

    Args:
        published: By name, the tables that will be published before it, and how.
        again: As ``strategy_for`` has it.
    """
    changes = {name: _changed(one, published.get(one.table)) for name, one in plan.changes.items()}
    strategy, reason = strategy_for(plan.build, rules, changes, again=again)
    if times_as_dear(strategy, plan.build, changes, target_bytes=target_bytes, costs=costs) > 1:
        return Strategy.WHOLE, f"{reason}, and to {strategy} would cost more"
    return strategy, reason


def _changed(change: ChangePlan, by: Strategy | None) -> ChangePlan:
    if by is None or change.method is Method.WHOLE:
        return change
    if by is Strategy.WHOLE:
        return change.by(Method.WHOLE, "all of it will be replaced")
    only_added = by is Strategy.APPEND and change.method is not Method.FILES
    return change.by(Method.APPENDED if only_added else Method.FILES, "it will be published")
