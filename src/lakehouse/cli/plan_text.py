"""A plan in words, within 80 columns: checks, schema, builds, and a line that sums it up."""

from __future__ import annotations

import os
from collections.abc import Iterator

from rich.text import Text

from lakehouse.cli.amounts import count as _count
from lakehouse.cli.amounts import duration as _duration
from lakehouse.cli.amounts import size as _size
from lakehouse.cli.plan_data import Price
from lakehouse.cli.signed_lines import changed, head, signed, wrapped
from lakehouse.pipeline.build_plan import Strategy
from lakehouse.pipeline.graph import FilledBy
from lakehouse.pipeline.lake_plan import LakePlan
from lakehouse.pipeline.planned_read import PlannedRead
from lakehouse.pipeline.staleness import Cause, Kind
from lakehouse.pipeline.table_plan import TablePlan, Verdict

_SIGNS = {Verdict.UP_TO_DATE: "✓", Verdict.WAITS: "…", Verdict.FAILS: "!"}
_FROM_CAUSES = {Kind.NEVER_BUILT, Kind.ASKED_FOR, Kind.CODE, Kind.DAY, Kind.RULES, Kind.ABSENT}
"""Causes that say by themselves why a table is built whole, or not at all."""
_EVOLVED = {FilledBy.STREAM: "when its stream starts", FilledBy.SOURCE: "when it is ingested into"}
"""When a table evolves that no build makes."""


def lines_of(plan: LakePlan, price: Price) -> Iterator[Text]:
    """Give the lines of a plan."""
    for title, part in (("check", _checks(plan)), ("schema", _schemas(plan)), ("builds", _builds(plan))):
        yield Text(title, style="bold")
        yield from part
        yield Text()
    stops = next((one for one in plan.tables if one.verdict in {Verdict.FAILS, Verdict.WAITS}), None)
    if stops:
        yield from wrapped(f"a run would stop at {stops.table}")
    if plan.published:
        yield from wrapped(_total(plan, price))
    yield Text(_summary(plan), style="bold red" if plan.errors else "bold")


def _checks(plan: LakePlan) -> Iterator[Text]:
    wrong = [one for one in plan.tables if one.problems]
    for one in wrong:
        yield signed("!", one.table)
        for problem in (_place(one), *one.problems):
            yield from wrapped(problem, indent=4)
    if fine := len(plan.tables) - len(wrong):
        gives = "build gives what its contract declares" if fine == 1 else "builds give what their contracts declare"
        yield signed("✓", f"{fine} {'other ' if wrong else ''}{gives}")


def _schemas(plan: LakePlan) -> Iterator[Text]:
    for one in plan.schemas:
        if one.refused:
            yield head("!", one.table, "refused, nothing is changed" if one.readable else "cannot be read as declared")
            for difference in one.refused:
                yield from wrapped(difference, indent=4, sign="!")
        elif one.is_new:
            yield head("+", one.table, "new table")
        elif one.statements:
            yield head("~", one.table, _EVOLVED.get(one.filled_by, ""))
            for statement in one.statements:
                yield from changed(statement)
    fits = sum(not (one.refused or one.statements) for one in plan.schemas)
    if fits:
        yield signed("✓", f"{_count(fits, 'table')} without a change")


def _builds(plan: LakePlan) -> Iterator[Text]:
    for one in plan.tables:
        new = any(cause.kind is Kind.NEVER_BUILT for cause in one.causes)
        how = one.verdict if one.verdict is not Verdict.BUILD else ""
        strategy = one.strategy if one.is_published else ""
        yield head(_SIGNS.get(one.verdict, "+" if new else "~"), one.table, ": ".join(filter(None, (how, strategy))))
        for cause in one.causes:
            yield from wrapped(_in_words(cause), indent=4)
        if one.strategy is Strategy.WHOLE and not any(cause.kind in _FROM_CAUSES for cause in one.causes):
            yield from wrapped(f"{one.strategy}: {one.reason}", indent=4)
        if one.is_published:
            yield from wrapped(_reads(one), indent=4, style="dim")


def _in_words(cause: Cause) -> str:
    before = {Kind.ABSENT: "waits for "}.get(cause.kind, "") + (f"{cause.table}: " if cause.table else "")
    unit = "snapshot " if cause.kind is Kind.INPUT else ""
    return f"{before}{cause.text}" + (f", {unit}{cause.was} → {cause.now}" if cause.now else "")


def _reads(plan: TablePlan) -> str:
    if plan.reads is None:
        coming = [cause.table for cause in plan.causes if cause.kind is Kind.UPSTREAM]
        reads = f"reads what {', '.join(coming)} will have"
    else:
        reads = f"reads {_amount(plan.reads)}"
        if plan.reads.partitions is not None:
            reads += f" in {_count(plan.reads.partitions, 'partition')}"
    return reads + ("" if plan.seconds is None else f"; about {_duration(plan.seconds)}")


def _total(plan: LakePlan, price: Price) -> str:
    known = [one.reads for one in plan.published if one.reads]
    reads = PlannedRead(rows=sum(one.rows for one in known), bytes=sum(one.bytes for one in known))
    text = f"reads {_amount(reads)}" + (" and what is published before" if len(known) < len(plan.published) else "")
    if plan.seconds is None:
        return f"{text}; no past run tells how long it takes"
    cost = price.of(plan.seconds)
    text += f"; about {_duration(plan.seconds)}" + ("" if cost is None else f", {cost:,.2f} {price.currency}")
    untimed = sum(one.seconds is None for one in plan.published)
    return text + (f", without {_count(untimed, 'table')} of which there is no past run" if untimed else "")


def _summary(plan: LakePlan) -> str:
    changes = sum(one.is_change for one in plan.schemas)
    parts = [f"{len(plan.published)} to build", f"{plan.count(Verdict.UP_TO_DATE)} up to date"]
    if waiting := plan.count(Verdict.WAITS):
        parts.append(f"{waiting} waiting")
    return ", ".join([*parts, _count(changes, "schema change"), _count(plan.errors, "error")])


def _place(plan: TablePlan) -> str:
    """Give file and line of a build, as seen from here where that is shorter."""
    file, line = plan.build.source.rsplit(":", 1)
    return f"{min(file, os.path.relpath(file), key=len)}:{line}"


def _amount(reads: PlannedRead) -> str:
    return f"{_count(reads.rows, 'row')}, {_size(reads.bytes)}"
