"""``lakehouse unload``: what Snowflake computes, as a table of the lake."""

from __future__ import annotations

from contextlib import closing
from typing import Annotated, Any

import typer
from typedspark import DataSet

from lakehouse.catalog.connect import pyiceberg_properties
from lakehouse.cli.options import ConfigFile, Override, lake_of, settings_of
from lakehouse.cli.rules import more_rules
from lakehouse.cli.run import results_table, run_of
from lakehouse.cli.terminal import console
from lakehouse.config import Settings
from lakehouse.contract.build import BuildSpec
from lakehouse.contract.conform import conform, empty_row_struct
from lakehouse.contract.table import TableSpec
from lakehouse.errors import ServingError
from lakehouse.observe.progress import Steps
from lakehouse.pipeline.graph import Graph, discover
from lakehouse.pipeline.run import Built, Run, run_build
from lakehouse.serving.snowflake.unload import unload as unload_from
from lakehouse.serving.snowflake.unload import unload_statement
from lakehouse.snowflake.session import Session
from lakehouse.sources.file_listing import Folder
from lakehouse.sources.snowflake_rows import SnowflakeRows
from lakehouse.sources.unloaded import unloaded_rows


def unload(
    table: Annotated[str, typer.Argument(metavar="TABLE", help="One of snowflake.results, such as gold.best_days.")],
    config: ConfigFile = None,
    overrides: Override = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print the statement; nothing is sent.")] = False,
) -> None:
    """Let Snowflake compute a table, unload it to S3, and publish it here in place of what it held.

    Its query is that of snowflake.results, its contract names columns, types and folders. Parquet goes below results/
    of snowflake.export_url, a folder for each run; what it holds is scored, held against the gate and published as a
    build's rows are.

    Examples:

        lakehouse unload gold.best_days --dry-run

        lakehouse unload gold.best_days
    """
    settings = settings_of(config, overrides)
    graph = discover(settings.packages)
    spec, query = result_of(graph, settings, table)
    run = run_of(settings, more_rules(settings, graph), command=f"lakehouse unload {table}", full=True)
    if dry_run:
        print(unload_statement(settings.snowflake, spec, query, run_id=run.run_id).sql)
        return
    if not settings.snowflake.export_url:
        raise ServingError("it is not said where results go: set snowflake.export_url to an s3:// prefix")
    with closing(Session.of(settings.snowflake)) as session:
        console.print(results_table([take_result(settings, session, spec, query, run)]))


def result_of(graph: Graph, settings: Settings, name: str) -> tuple[TableSpec, str]:
    """Give the contract and the query of a result.

    Raises:
        ServingError: It is none, or a build makes the table.
    """
    query = settings.snowflake.results.get(name)
    if query is None:
        there = ", ".join(settings.snowflake.results) or "none"
        raise ServingError(f"{name} is not computed in Snowflake: snowflake.results has {there}")
    if name in {one.table.name for one in graph.builds}:
        raise ServingError(f"{name} is made by a build of this lake, Snowflake cannot make it too: name another table")
    return graph.table(name), query


def take_result(settings: Settings, session: Session, spec: TableSpec, query: str, run: Run) -> Built:
    """Compute, unload, read back and publish a result.

    Raises:
        SchemaMismatchError: The query has other columns than the contract; nothing was computed.
        ServingError: Snowflake refused, or the connection was lost.
        SourceError: Other files or rows are there than Snowflake says.
        QualityGateError: The rows are below what the table's gate demands.
    """
    to, declared, steps = settings.snowflake, empty_row_struct(spec), Steps(console)
    with steps.step(f"compute {spec.name} in Snowflake") as step:
        SnowflakeRows(session=session, query=query, what=spec.name, declared=declared).described()
        found = unload_from(session, to, spec, query, run_id=run.run_id)
        step.done = found.rows
    with steps.step("start the session"):
        lake = lake_of(settings)

    def read() -> DataSet[Any]:
        folder = Folder(
            location=to.export_url + found.folder, settle_seconds=0, properties=pyiceberg_properties(settings)
        )
        return conform(unloaded_rows(lake.spark, folder, found.files, declared, rows=found.rows), spec.schema)

    with steps.step(f"publish {spec.name}") as step:
        build = BuildSpec(function=read, inputs=(), output=spec.schema, code_version=query)
        built = run_build(lake, build, run)
        step.done = built.rows
    return built
