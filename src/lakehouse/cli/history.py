"""``lakehouse history``: what was published when, from what, and how good it was."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.text import Text

from lakehouse.catalog.batch_stamp import BatchStamp
from lakehouse.catalog.connect import open_catalog
from lakehouse.catalog.iceberg import load_table
from lakehouse.catalog.ledger import LedgerEntry
from lakehouse.catalog.time_travel import Publish, State, changes_since_publish, publishes
from lakehouse.cli.options import AsJson, ConfigFile, Env, Override, settings_of
from lakehouse.cli.terminal import console
from lakehouse.pipeline.graph import discover

_STYLES = {State.CURRENT: "bold green", State.EARLIER: "", State.ROLLED_BACK: "yellow"}


def history(
    table: Annotated[str, typer.Argument(help="A table, such as silver.users.")],
    config: ConfigFile = None,
    overrides: Override = None,
    env: Env = None,
    limit: Annotated[int, typer.Option(help="At most so many publishes.", min=1)] = 20,
    as_json: AsJson = False,
) -> None:
    """Show the publishes of a table that are kept, newest first: what they read, and how good they were.

    Of a table that a stream fills these are its batches. Reads metadata alone and starts no session.

    Examples:

        lakehouse history silver.users

        lakehouse history bronze.users_raw --limit 5 --json
    """
    settings = settings_of(config, overrides, env)
    name = discover(settings.packages).table(table).name
    live = load_table(open_catalog(settings), name)
    found = publishes(live)
    if as_json:
        print(json.dumps([as_data(one) for one in found[:limit]], indent=2))
        return
    if not found:
        console.print(f"{name} was not published yet", highlight=False)
        return
    for line in _lines(found[:limit]):
        Console().print(line, soft_wrap=True)
    if len(found) > limit:
        console.print(f"and {len(found) - limit:,} older; --limit shows more", highlight=False)
    if changes := list(changes_since_publish(live)):
        console.print(f"main is at snapshot {changes[0].snapshot_id}: it was changed by hand since", highlight=False)


def as_data(one: Publish) -> dict[str, Any]:
    """Give a publish as plain data; what a run has and a batch has not is null, and the other way round."""
    entry, stamp = one.entry, one.stamp
    return {
        "published_at": one.at.isoformat(),
        "state": one.state.value,
        "tag": one.tag,
        "snapshot_id": one.snapshot_id,
        "rows": one.rows,
        "run_id": entry.run_id if entry else None,
        "run_instant": entry.published_at.isoformat() if entry else None,
        "inputs": dict(entry.inputs) if entry else None,
        "engine": entry.engine or None if entry else None,
        "quality": entry.table_score.score if entry and entry.table_score else None,
        "batch_id": stamp.batch_id if stamp else None,
        "offsets": stamp.records if stamp else None,
        "records": stamp.added if stamp else None,
        "replayed": sum(span.size for span in stamp.replayed) if stamp else None,
    }


def quality_of(entry: LedgerEntry | None) -> str:
    """Say how good a publish was."""
    score = entry.table_score if entry else None
    if score is None:
        return "no rules" if entry else "–"
    return "no rows" if score.score is None else f"{score.score:.4f}"


def _lines(found: Sequence[Publish]) -> Iterator[Text]:
    called, rows = [_called(one) for one in found], [f"{one.rows:,}" for one in found]
    wide, long = max(map(len, called)), max(4, *map(len, rows))
    yield Text(f"{'when (UTC)':<19}  {'run' if found[0].entry else 'batch':<{wide}}  {'rows':>{long}}   quality  state")
    for one, name, count in zip(found, called, rows, strict=True):
        facts = f"{one.at:%Y-%m-%d %H:%M:%S}  {name:<{wide}}  {count:>{long}}  {quality_of(one.entry):>8}  "
        yield Text.assemble(facts, (one.state.value, _STYLES[one.state]))
        by = f", by {one.entry.engine}" if one.entry and one.entry.engine else ""
        yield Text(f"  snapshot {one.snapshot_id}{', tagged' if one.tag else ''}{by}", style="dim")
        for line in _read(one):
            yield Text(f"  read     {line}", style="dim")


def _called(one: Publish) -> str:
    if one.stamp:
        return "replay" if one.stamp.replayed else f"batch {one.stamp.batch_id}"
    return one.entry.run_id if one.entry else ""


def _read(one: Publish) -> list[str]:
    if one.stamp:
        return [_offsets(one.stamp)]
    return [f"{snapshot} of {table}" for table, snapshot in (one.entry.inputs if one.entry else {}).items()]


def _offsets(stamp: BatchStamp) -> str:
    if stamp.replayed:
        return f"{sum(span.size for span in stamp.replayed):,} dead letters again, {stamp.added or 0:,} rows"
    return f"{stamp.records:,} offsets of {', '.join(stamp.ranges)}, {stamp.added or 0:,} rows"
