"""Why a table is stale: what changed since its newest publish, from the ledger."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from lakehouse.catalog.changes import ChangePlan, Method
from lakehouse.catalog.ledger import LedgerEntry
from lakehouse.contract.build import BuildSpec
from lakehouse.pipeline.build_plan import BuildPlan, Strategy, fingerprint
from lakehouse.pipeline.run import Run
from lakehouse.quality import RuleSet


class Kind(StrEnum):
    """What a cause is about."""

    NEVER_BUILT = "never built"
    ASKED_FOR = "asked for"
    AGAIN = "again"
    CODE = "code"
    DAY = "day"
    RULES = "rules"
    INPUT = "input"
    UPSTREAM = "upstream"
    ABSENT = "absent"


@dataclass(frozen=True, kw_only=True)
class Cause:
    """One thing that changed, in words; where it has them, the table, and what it was and is: snapshots, fingerprints,
    days."""

    kind: Kind
    text: str
    table: str = ""
    was: str = ""
    now: str = ""


def own_causes(build: BuildSpec, rules: RuleSet, newest: LedgerEntry | None, run: Run) -> Iterator[Cause]:
    """Give what makes a table stale whatever its inputs are: each of these has it built whole.

    Where rows are made again since some state, another code is no such cause.
    """
    if newest is None:
        yield Cause(kind=Kind.NEVER_BUILT, text="it was never built")
        return
    if run.full:
        yield Cause(kind=Kind.ASKED_FOR, text="it was asked for")
    code = fingerprint(build, run.instant)
    if newest.code != code and (not run.since or newest.backfill):
        if newest.code == fingerprint(build, newest.published_at):
            days = [f"{one:%Y-%m-%d}" for one in (newest.published_at, run.instant)]
            yield Cause(kind=Kind.DAY, text="its day changed, and it takes the instant", was=days[0], now=days[1])
        else:
            yield Cause(kind=Kind.CODE, text="its code or its contract changed", was=newest.code, now=code)
    if newest.rules != rules.id:
        text = f"its rules changed{_renamed(newest, rules)}"
        yield Cause(kind=Kind.RULES, text=text, was=newest.rules or "none", now=rules.id or "none")


def input_causes(known: BuildPlan, newest: LedgerEntry | None, run: Run) -> tuple[Cause, ...]:
    """Give what makes a table stale by its inputs, and that it was told to make rows of them again."""
    if known.strategy is Strategy.NOTHING or newest is None:
        return ()
    again = [Cause(kind=Kind.AGAIN, text=f"it was asked for again since {run.since}")] if run.since else []
    changed = dict.fromkeys(_input_cause(one, newest) for one in known.changes.values())
    return (*again, *filter(None, changed))


def _input_cause(change: ChangePlan, newest: LedgerEntry) -> Cause | None:
    """Give what changed in an input since it was read; None where no row did."""
    if change.method is Method.NOTHING:
        return None
    was = newest.inputs.get(change.table)
    now = change.end.snapshot_id if change.end else None
    return Cause(
        kind=Kind.INPUT, table=change.table, text=change.reason, was=str(was or "none"), now=str(now or "none")
    )


def _renamed(newest: LedgerEntry, rules: RuleSet) -> str:
    """Name the rules that came and went, as far as the names tell."""
    score = newest.table_score
    before = [one.name for one in score.rules] if score else []
    after = [one.name for one in (*rules.rules, *rules.table_rules)]
    came = [f"+ {name}" for name in after if name not in before]
    went = [f"- {name}" for name in before if name not in after]
    named = ", ".join((*came, *went))
    return f": {named}" if named else ": what one of them demands"
