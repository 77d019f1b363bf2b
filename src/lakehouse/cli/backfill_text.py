"""A backfill in words and as data: what it would do, and how long that takes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from rich.text import Text

from lakehouse.cli.amounts import count, duration, size
from lakehouse.pipeline.backfill import DoneSlice
from lakehouse.pipeline.backfill_plan import BackfillPlan, PlannedSlice
from lakehouse.pipeline.past_runs import estimate_seconds

_FIRST, _LAST = 12, 6


def seconds_of(plan: BackfillPlan) -> float | None:
    """Estimate how long the slices take that are left, one after the other, by past ones; None without any."""
    found = [estimate_seconds(plan.past, one.bytes_to_read) for one in plan.slices]
    return sum(one for one in found if one is not None) if plan.past else None


def seconds_left(plan: BackfillPlan, done: Sequence[DoneSlice]) -> float:
    """Estimate how long the rest takes, by the slices that were published."""
    return sum(one.seconds for one in done) / len(done) * (len(plan.slices) - len(done))


def lines_of(plan: BackfillPlan) -> Iterator[Text]:
    """Give the lines of a dry run, within 80 columns where names are short."""
    yield Text(f"{plan.table} by {plan.by.text} of {plan.column.name}", style="bold")
    if plan.mark.done:
        yield Text(f"goes on with backfill {plan.mark.id}, of which {count(plan.mark.done, 'slice')} are published")
    for name, snapshot_id in plan.inputs.items():
        yield Text(f"reads {name} at snapshot {snapshot_id}", style="dim")
    yield from notes_of(plan)
    wide = max(5, *(len(one.slice.text) for one in plan.slices))
    yield Text(f"{'slice':<{wide}}  {'rows now':>14}  {'size now':>12}", style="bold")
    left = len(plan.slices) - _FIRST - _LAST
    for one in plan.slices if left <= 1 else plan.slices[:_FIRST]:
        yield _line(one, wide)
    if left > 1:
        yield Text(f"… {left:,} more; --json shows all", style="dim")
        yield from (_line(one, wide) for one in plan.slices[-_LAST:])
    seconds = seconds_of(plan)
    about = "no past slice tells how long it takes" if seconds is None else f"about {duration(seconds)}"
    most = max(one.bytes_to_read for one in plan.slices)
    yield Text(f"{count(len(plan.slices), 'slice')}, each reads {size(most)} at most; {about}", style="bold")


def notes_of(plan: BackfillPlan) -> Iterator[Text]:
    """Say what becomes of rows that are not built anew."""
    if plan.is_other_code and not plan.covers_all:
        stays = "its code or rules changed: rows outside of the range stay as they are"
        then = "" if plan.forward_only else ",\nand the next `lakehouse run` builds it whole; not with --forward-only"
        yield Text(f"{stays}{then}", style="yellow")
    for name, rows in plan.newly_expired.items():
        yield Text(f"rows gone from {name}: {rows:,}; a slice that had some of them is refused", style="yellow")


def as_data(plan: BackfillPlan, done: Sequence[DoneSlice] = ()) -> dict[str, Any]:
    """Give a backfill as plain data."""
    seconds = seconds_of(plan)
    published = {id(one.planned): one for one in done}
    return {
        "table": plan.table,
        "backfill": plan.mark.id,
        "column": plan.column.name,
        "by": plan.by.text,
        "from": plan.mark.start or None,
        "to": plan.mark.stop or None,
        "published_before": plan.mark.done,
        "inputs": dict(plan.inputs),
        "estimated_seconds": None if seconds is None else round(seconds, 1),
        "slices": [_slice(one, published.get(id(one))) for one in plan.slices],
    }


def _slice(one: PlannedSlice, done: DoneSlice | None) -> dict[str, Any]:
    return {
        "slice": one.slice.text,
        "rows_before": one.rows,
        "bytes_before": one.bytes,
        "bytes_to_read": one.bytes_to_read,
        "snapshot_id": done.snapshot_id if done else None,
        "table_rows": done.rows if done else None,
        "seconds": round(done.seconds, 1) if done else None,
    }


def _line(one: PlannedSlice, wide: int) -> Text:
    return Text(f"{one.slice.text:<{wide}}  {one.rows:>14,}  {size(one.bytes):>12}")
