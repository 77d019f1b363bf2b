"""``lakehouse status``: does the warehouse read what is published?"""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import closing
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Literal

import typer
from rich.console import Console
from rich.table import Table

from lakehouse.cli.options import AsJson, ConfigFile, Env, Override, settings_of
from lakehouse.cli.serve import served_tables, warehouse_of
from lakehouse.cli.snowflake import published_specs
from lakehouse.config import Settings
from lakehouse.pipeline.graph import discover
from lakehouse.serving.probe_metrics import write_metrics
from lakehouse.serving.protocol import Probe
from lakehouse.serving.snowflake.warehouse import SnowflakeWarehouse
from lakehouse.snowflake.session import Session


def status(
    config: ConfigFile = None,
    overrides: Override = None,
    env: Env = None,
    warehouse: Annotated[Literal["duckdb", "snowflake"], typer.Option(help="Which one is asked.")] = "duckdb",
    metrics: Annotated[
        Path | None, typer.Option("--metrics", metavar="FILE", help="Also write figures for Prometheus.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Ask a warehouse which snapshots it reads and how many rows, and hold that against the catalog.

    Exit code 1: a table is behind, has other rows than were published, or cannot be read.

    Examples:

        lakehouse status

        lakehouse status --warehouse snowflake --metrics build/warehouse.prom
    """
    settings = settings_of(config, overrides, env)
    probes = probe_duckdb(settings) if warehouse == "duckdb" else _probe_snowflake(settings)
    if metrics is not None:
        write_metrics(probes, metrics, warehouse=warehouse)
    if as_json:
        print(json.dumps([asdict(one) | {"right": one.right} for one in probes], indent=2))
    else:
        Console().print(_shown(probes))
    if not all(one.right for one in probes):
        raise typer.Exit(1)


def probe_duckdb(settings: Settings) -> tuple[Probe, ...]:
    """Ask the local warehouse about silver and gold.

    Raises:
        ServingError: Nothing is published, or the warehouse is not there.
    """
    specs = [spec for spec in discover(settings.packages).tables.values() if spec.namespace != "bronze"]
    return warehouse_of(settings).probe(served_tables(settings, specs), now=datetime.now(UTC))


def _probe_snowflake(settings: Settings) -> tuple[Probe, ...]:
    served = served_tables(settings, published_specs(settings))
    with closing(Session.of(settings.snowflake)) as session:
        return SnowflakeWarehouse(to=settings.snowflake, session=session).probe(served, now=datetime.now(UTC))


def _shown(probes: Sequence[Probe]) -> Table:
    table = Table("table", box=None, pad_edge=False)
    for title in ("rows", "published", "behind"):
        table.add_column(title, justify="right")
    table.add_column("")
    for one in probes:
        rows = "–" if one.rows is None else f"{one.rows:,}"
        behind = "0 s" if one.current else f"{one.behind_seconds:,.0f} s"
        state = one.state or ("" if one.right else "not what is published")
        table.add_row(one.table, rows, f"{one.published_rows:,}", behind, state)
    return table
