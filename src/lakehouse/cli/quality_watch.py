"""``lakehouse quality anomalies`` and ``drift``: what is unusual about the newest rows of a table."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from lakehouse.catalog import ledger
from lakehouse.catalog.connect import open_catalog
from lakehouse.catalog.quality_metrics import past_scores
from lakehouse.cli.options import AsJson, ConfigFile, Env, Override, lake_of, settings_of
from lakehouse.cli.quality import TableName
from lakehouse.cli.terminal import console
from lakehouse.errors import ConfigError
from lakehouse.observe.progress import Steps
from lakehouse.pipeline.graph import discover
from lakehouse.quality.anomalies import RelativeChange, RobustZ, Seasonal, find_anomalies
from lakehouse.quality.drift import measure_drift


def anomalies(
    table: TableName,
    config: ConfigFile = None,
    overrides: Override = None,
    env: Env = None,
    as_json: AsJson = False,
) -> None:
    """Hold the newest publish of a table against those before it: rows, score, and each rule. Starts no session.

    Each finding says what was expected and from what: the same time of the week, all publishes, or the one before.

    Examples:

        lakehouse quality anomalies silver.users
    """
    settings = settings_of(config, overrides, env)
    discover(settings.packages).table(table)
    past = past_scores(open_catalog(settings), table)
    detectors = (Seasonal(), RobustZ(), RelativeChange())
    found = find_anomalies(past, detectors)
    if as_json:
        print(json.dumps([asdict(one) for one in found], indent=2))
        return
    if not past:
        print(f"{table} was not published yet")
        return
    for one in found:
        print(one.line)
    console.print(f"{len(found)} unusual, held against {len(past) - 1} publishes before")


def drift(
    table: TableName,
    config: ConfigFile = None,
    overrides: Override = None,
    env: Env = None,
    since: Annotated[int | None, typer.Option(help="A snapshot; default that of the publish before.")] = None,
    as_json: AsJson = False,
) -> None:
    """Show how far the values of each column have moved between two snapshots, by the population stability index.

    Below 0.1 nothing moved; from 0.25 on it is another population.

    Examples:

        lakehouse quality drift silver.users
    """
    settings = settings_of(config, overrides, env)
    spec = discover(settings.packages).table(table)
    with Steps(console).step(f"compare {table}"):
        lake = lake_of(settings)
        live = lake.table(table)
        publishes = [entry.snapshot_id for entry in ledger.history(live)]
        if since is None and len(publishes) < 2:
            raise ConfigError(f"{table} was published {len(publishes)} times; name a snapshot: --since ID")
        base = publishes[1] if since is None else since
        known = [snapshot.snapshot_id for snapshot in live.snapshots()]
        if base not in known:
            raise ConfigError(f"{table} has no snapshot {base}; it has {', '.join(map(str, known[-10:]))}")
        own = [column.name for column in spec.columns if not column.generated]
        found = measure_drift(lake.rows(spec, snapshot_id=base), lake.rows(spec), own)
    if as_json:
        print(json.dumps([asdict(one) for one in found], indent=2))
        return
    shown = Table(box=None, pad_edge=False)
    shown.add_column("column")
    shown.add_column("index", justify="right")
    shown.add_column("")
    for one in found:
        shown.add_row(
            one.column, f"{one.index:.4f}", "moved" if one.index >= 0.25 else "a little" if one.index >= 0.1 else ""
        )
    Console().print(shown if found else "no rows to compare")
