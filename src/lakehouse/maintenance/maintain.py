"""A table is brought in order: what is due is done, one after the other, each after another look."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime

from lakehouse.catalog.iceberg import Lake
from lakehouse.catalog.leases import LeaseHeldError
from lakehouse.catalog.leasing import Leasing, hold
from lakehouse.contract.build import BuildSpec
from lakehouse.contract.table import TableSpec
from lakehouse.maintenance.compact import OvertakenError, compact, rewrite_deletes
from lakehouse.maintenance.due import Action, UpkeepPlan, plan_upkeep
from lakehouse.maintenance.expire import expire

_REWRITES = (Action.COMPACT, Action.REWRITE_DELETES)
_OVERTAKEN = "someone published meanwhile; the next run does it"


@dataclass(frozen=True, kw_only=True)
class Maintained:
    """A table before and after, what was done for it, and what was not, with the reason."""

    before: UpkeepPlan
    after: UpkeepPlan
    done: tuple[Action, ...]
    postponed: dict[Action, str]


def maintain_table(
    lake: Lake,
    spec: TableSpec,
    *,
    builds: Iterable[BuildSpec] = (),
    now: datetime,
    say: Callable[[str], None] = lambda _text: None,
    leasing: Leasing | None = None,
) -> Maintained:
    """Do what is due for a table. Its rows stay as they are. See ``plan_upkeep``, ``compact`` and ``expire`` for costs.

    It may die at any point, and may be run beside streams and builds: each step is one commit, or none.

    Args:
        lake: Where the table is.
        spec: Its contract.
        builds: All builds of the lake.
        now: The instant.
        say: Told what is done.
        leasing: How it takes the table's lease before files are written anew; without it nobody is asked.

    Raises:
        TableNotFoundError: The table does not exist.
    """
    builds = tuple(builds)

    def look() -> UpkeepPlan:
        return plan_upkeep(lake.catalog, spec, builds=builds, now=now)

    before = plan = look()
    done: list[Action] = []
    postponed = {one.action: one.postponed for one in plan.due if one.postponed}
    rewrites = [one for one in _REWRITES if plan.needs(one)]
    try:
        with hold(leasing if rewrites else None, lake.catalog, spec.name):
            if plan.needs(Action.COMPACT):
                say(Action.COMPACT)
                compact(lake, plan)
                done.append(Action.COMPACT)
                plan = look()
            # Deletes of files that were written anew are left over; which of the wide ones are, metadata do not tell.
            if plan.needs(Action.REWRITE_DELETES) or (done and plan.files.wide_deletes):
                say(Action.REWRITE_DELETES)
                rewrite_deletes(lake, plan)
                done.append(Action.REWRITE_DELETES)
    except OvertakenError:
        postponed[Action.REWRITE_DELETES if done else Action.COMPACT] = _OVERTAKEN
    except LeaseHeldError as error:
        postponed |= dict.fromkeys(rewrites, f"{error.lease.holder} is at work on it")
    plan = look()
    if plan.needs(Action.EXPIRE):
        say(Action.EXPIRE)
        expire(lake, spec, plan.expiry)
        done.append(Action.EXPIRE)
    return Maintained(before=before, after=look(), done=tuple(done), postponed=postponed)
