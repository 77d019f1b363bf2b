"""``lakehouse publish snowflake``: gold, queryable in Snowflake."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Annotated

import typer
from pyiceberg.table import Table
from rich.text import Text

from lakehouse.catalog.connect import open_catalog
from lakehouse.catalog.iceberg import find_table
from lakehouse.cli.options import ConfigFile, Override, ask, settings_of
from lakehouse.cli.serve import check_readable, served_tables
from lakehouse.cli.terminal import console
from lakehouse.config import Settings
from lakehouse.contract.table import TableSpec
from lakehouse.errors import ServingError
from lakehouse.observe.progress import Steps
from lakehouse.pipeline.graph import discover
from lakehouse.serving.export import current_export
from lakehouse.serving.export import export as export_table
from lakehouse.serving.snowflake.apply import Planned, plan
from lakehouse.serving.snowflake.check import require_right
from lakehouse.serving.snowflake.plan import files_of, missing_settings, render, statements
from lakehouse.serving.snowflake.statement import Statement
from lakehouse.serving.snowflake.warehouse import SnowflakeWarehouse
from lakehouse.snowflake.session import Session


def snowflake(
    config: ConfigFile = None,
    overrides: Override = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Print the statements, in order; nothing is sent.")
    ] = False,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="DIR", help="Write them as files to review; nothing is sent.")
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask before they are sent.")] = False,
) -> None:
    """Make gold queryable in Snowflake, by statements that are derived from the contracts.

    How Snowflake comes to the tables is snowflake.route. Each statement is checked before any is shown or sent. What is
    there already is looked at first, and kept. The first time it ends with the trust policy that the role in AWS needs:
    put it there, and run this again.

    Examples:

        lakehouse publish snowflake --dry-run > snowflake.sql

        lakehouse publish snowflake --out build/snowflake --set snowflake.route=linked

        lakehouse publish snowflake --yes
    """
    settings = settings_of(config, overrides)
    found = statements_of(settings)
    if out is not None:
        write_files(found, out)
        missing = missing_settings(settings.snowflake)
        todo = f"; to be set before they are run: {', '.join(missing)}" if missing else ""
        console.print(f"{len(found)} statements in {out}{todo}", highlight=False, soft_wrap=True)
    elif dry_run:
        print(render(found, settings.snowflake), end="")
    else:
        _send(settings, found, yes=yes)


def _send(settings: Settings, found: Sequence[Statement], *, yes: bool) -> None:
    with closing(Session.of(settings.snowflake)) as session:
        if not yes:
            planned = plan(session, found)
            tell_differences(planned)
            counts = Counter(one.state.value for one in planned)
            told = ", ".join(f"{state}: {count}" for state, count in sorted(counts.items()))
            account = settings.snowflake.account
            ask(f"{len(found)} statements for {account} ({told}). Send them?", refused="nothing was sent")
        served = served_tables(settings, published_specs(settings))
        check_readable(served, engine="snowflake")
        with Steps(console).step("set up Snowflake", total=len(found)) as step:

            def show(one: Planned) -> None:
                step.done += 1
                step.say(f"{one.state}: {one.statement.kind}")
                if yes:
                    tell_differences([one])

            SnowflakeWarehouse(to=settings.snowflake, session=session, say=show).publish(served)
    console.print("Snowflake reads them; `lakehouse status --warehouse snowflake` tells how far", highlight=False)


def tell_differences(planned: Sequence[Planned]) -> None:
    """Say what is there and not as it is declared, a line each."""
    for one in planned:
        for line in one.differences:
            console.print(f"[yellow]{one.state}:[/]", Text(line), highlight=False, soft_wrap=True)


def published_specs(settings: Settings) -> list[TableSpec]:
    """Give the tables of the layers that Snowflake is given.

    Raises:
        ServingError: A layer has none.
    """
    specs = list(discover(settings.packages).tables.values())
    layers = {spec.namespace for spec in specs}
    for layer in settings.snowflake.layers:
        if layer not in layers:
            there = ", ".join(sorted(layers))
            raise ServingError(f"snowflake.layers: there is no table in {layer!r}; there are {there}")
    return [spec for spec in specs if spec.namespace in settings.snowflake.layers]


def statements_of(settings: Settings) -> tuple[Statement, ...]:
    """Give the statements of the configured route, checked.

    Raises:
        ServingError: A setting, a table or a statement is wrong.
    """
    specs = published_specs(settings)
    found = statements(specs, settings.snowflake, places=_places(settings, specs))
    require_right(found)
    return found


def write_files(found: Sequence[Statement], folder: Path) -> None:
    """Write the statements as files by their step; those of an earlier time that have no statement any more go."""
    folder.mkdir(parents=True, exist_ok=True)
    files = files_of(found)
    for old in folder.glob("[0-9][0-9]_*.sql"):
        if old.name not in files:
            old.unlink()
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")


def export(config: ConfigFile = None, overrides: Override = None) -> None:
    """Write the newest snapshots of snowflake.layers as partitioned Parquet to snowflake.export_url.

    Each is a folder of its own, with a manifest; current.json names the newest that is whole. What is exported already
    is left as it is.

    Examples:

        lakehouse publish export --set snowflake.export_url=s3://acme-exports/
    """
    settings = settings_of(config, overrides)
    root = settings.snowflake.export_url
    if not root:
        raise ServingError("it is not said where exports go: set snowflake.export_url to an s3:// prefix")
    for one in served_tables(settings, published_specs(settings)):
        with Steps(console).step(f"export {one.spec.name}") as step:
            step.done = export_table(one, root).rows


def _places(settings: Settings, specs: Sequence[TableSpec]) -> dict[str, str]:
    """Give where tables are, for the routes that name it: the metadata file, or the folder of the newest export."""
    to = settings.snowflake
    if to.route == "object_store":
        return {spec.name: table.metadata_location for spec, table in _live(settings, specs)}
    if to.route == "export" and to.export_url:
        exports = ((spec, current_export(table, spec, to.export_url)) for spec, table in _live(settings, specs))
        return {spec.name: found.folder for spec, found in exports if found}
    return {}


def _live(settings: Settings, specs: Sequence[TableSpec]) -> list[tuple[TableSpec, Table]]:
    catalog = open_catalog(settings)
    found = [(spec, find_table(catalog, spec.name)) for spec in specs]
    return [(spec, table) for spec, table in found if table]
