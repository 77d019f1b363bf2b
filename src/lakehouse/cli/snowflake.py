"""``lakehouse publish snowflake``: gold, queryable in Snowflake."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from lakehouse.catalog.connect import open_catalog
from lakehouse.catalog.iceberg import find_table
from lakehouse.cli.options import ConfigFile, Override, settings_of
from lakehouse.cli.terminal import console
from lakehouse.config import Settings
from lakehouse.contract.table import TableSpec
from lakehouse.errors import ServingError
from lakehouse.pipeline.graph import discover
from lakehouse.serving.snowflake.check import require_right
from lakehouse.serving.snowflake.plan import files_of, missing_settings, render, statements
from lakehouse.serving.snowflake.statement import Statement


def snowflake(
    config: ConfigFile = None,
    overrides: Override = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Print the statements, in order; nothing is sent.")
    ] = False,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="DIR", help="Write them as files to review; nothing is sent.")
    ] = None,
) -> None:
    """Make gold queryable in Snowflake, by statements that are derived from the contracts.

    How Snowflake comes to the tables is snowflake.route. Each statement is checked before any is shown.

    Examples:

        lakehouse publish snowflake --dry-run > snowflake.sql

        lakehouse publish snowflake --out build/snowflake --set snowflake.route=linked
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
        raise ServingError(
            "publish snowflake only prints so far: add --dry-run or --out, review the statements, run them yourself"
        )


def published_specs(settings: Settings) -> list[TableSpec]:
    """Give the tables of the layers that Snowflake is given.

    Raises:
        ServingError: A layer has none.
    """
    specs = list(discover(settings.packages).tables.values())
    layers = {spec.namespace for spec in specs}
    for layer in settings.snowflake.layers:
        if layer not in layers:
            raise ServingError(f"snowflake.layers: there is no table in {layer!r}; there are {', '.join(layers)}")
    return [spec for spec in specs if spec.namespace in settings.snowflake.layers]


def statements_of(settings: Settings) -> tuple[Statement, ...]:
    """Give the statements of the configured route, checked.

    Raises:
        ServingError: A setting, a table or a statement is wrong.
    """
    specs = published_specs(settings)
    found = statements(specs, settings.snowflake, places=_metadata_files(settings, specs))
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


def _metadata_files(settings: Settings, specs: Sequence[TableSpec]) -> dict[str, str]:
    if settings.snowflake.route != "object_store":
        return {}
    catalog = open_catalog(settings)
    found = {spec.name: find_table(catalog, spec.name) for spec in specs}
    return {name: table.metadata_location for name, table in found.items() if table}
