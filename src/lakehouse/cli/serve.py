"""``lakehouse sql`` and ``lakehouse publish``: the warehouses that read gold."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Literal

import typer
from rich.text import Text

from lakehouse.catalog.connect import open_catalog
from lakehouse.catalog.iceberg import find_table
from lakehouse.cli.options import ConfigFile, Env, Override, settings_of
from lakehouse.cli.terminal import console
from lakehouse.config import Settings
from lakehouse.contract.table import TableSpec
from lakehouse.errors import ServingError
from lakehouse.pipeline.graph import discover
from lakehouse.serving.capability import lint, refuse
from lakehouse.serving.duckdb import DuckDbWarehouse
from lakehouse.serving.protocol import ServedTable
from lakehouse.serving.query_result import print_result


def sql(
    query: Annotated[str, typer.Argument(help="One SELECT over the published tables.")],
    config: ConfigFile = None,
    overrides: Override = None,
    env: Env = None,
    output: Annotated[
        Literal["table", "csv", "json"], typer.Option("--format", help="How to print the rows.")
    ] = "table",
    limit: Annotated[int, typer.Option(help="At most so many rows.", min=1)] = 100,
) -> None:
    """Ask the local warehouse (DuckDB over the published Iceberg tables).

    Examples:

        lakehouse sql "from gold.user_demographics order by users desc limit 5"

        lakehouse sql "from gold.user_growth_daily" --format csv > growth.csv
    """
    settings = settings_of(config, overrides, env)
    if settings.environment:
        # Its views are few and change with each run.
        serve_locally(settings)
    result = warehouse_of(settings).query(query, limit=limit)
    print_result(result, sys.stdout, form=output)


def duckdb(config: ConfigFile = None, overrides: Override = None, env: Env = None) -> None:
    """Let the local warehouse read what is published now: views over silver and gold.

    Examples:

        lakehouse publish duckdb
    """
    settings = settings_of(config, overrides, env)
    served = serve_locally(settings)
    console.print(f"{len(served)} views in {warehouse_file(settings)}: {', '.join(t.spec.name for t in served)}")


def serve_locally(settings: Settings) -> list[ServedTable]:
    """Make the views of the local warehouse over the current snapshots of silver and gold.

    Raises:
        ServingError: Nothing is published yet.
    """
    served = served_tables(
        settings, [s for s in discover(settings.packages).tables.values() if s.namespace != "bronze"]
    )
    warehouse = warehouse_of(settings)
    check_readable(served, engine=warehouse.name)
    warehouse.publish(served)
    return served


def served_tables(settings: Settings, specs: Sequence[TableSpec]) -> list[ServedTable]:
    """Give those tables that the catalog has.

    Raises:
        ServingError: It has none of them.
    """
    catalog = open_catalog(settings)
    found = [(spec, find_table(catalog, spec.name)) for spec in specs]
    served = [ServedTable.of(spec, table) for spec, table in found if table]
    if not served:
        raise ServingError("nothing is published yet: `lakehouse run` builds silver and gold")
    return served


def check_readable(served: Sequence[ServedTable], *, engine: str) -> None:
    """Warn of what an engine reads in a way of its own.

    Raises:
        ServingError: It cannot read a table at all.
    """
    findings = [found for one in served if one.live for found in lint(one.live, name=one.spec.name, engine=engine)]
    refuse(findings)
    for finding in findings:
        console.print("[yellow]warning:[/]", Text(str(finding)), highlight=False, soft_wrap=True)


def warehouse_of(settings: Settings) -> DuckDbWarehouse:
    """Give the local warehouse, which reads where the tables are."""
    in_s3 = settings.catalog.warehouse.startswith("s3://")
    return DuckDbWarehouse(warehouse_file(settings), s3=settings.catalog.properties if in_s3 else None)


def warehouse_file(settings: Settings) -> Path:
    """Give the file of the local warehouse; an environment has one of its own."""
    file = Path(settings.warehouse.duckdb)
    return file.with_suffix(f".{settings.environment}{file.suffix}") if settings.environment else file
