"""``lakehouse contract``: the Python contract of a table that is there already, and drift between the two."""

from __future__ import annotations

import difflib
import importlib.util
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import typer
from pyiceberg.catalog import Catalog
from pyiceberg.exceptions import NoSuchNamespaceError
from pyiceberg.table import Table
from rich.console import Console
from rich.text import Text

from lakehouse.catalog.connect import open_catalog
from lakehouse.catalog.iceberg import find_table
from lakehouse.catalog.live_table import live_table
from lakehouse.catalog.time_travel import publishes
from lakehouse.cli.options import AsJson, ConfigFile, Env, Override, settings_of
from lakehouse.cli.output import give
from lakehouse.cli.signed_lines import changed, head, signed, wrapped
from lakehouse.cli.terminal import console
from lakehouse.contract.python_source import contract_source
from lakehouse.errors import ConfigError, LakehouseError
from lakehouse.pipeline.contract_check import Checked, Fit, check_contracts
from lakehouse.pipeline.graph import FilledBy, discover

_SIGNS = {Fit.FITS: "✓", Fit.DRIFTS: "~", Fit.BREAKS: "!", Fit.ABSENT: "…"}
_DRIFTED = 1


def import_(
    table: Annotated[str, typer.Argument(help="A table of the catalog, such as silver.users.")],
    config: ConfigFile = None,
    overrides: Override = None,
    out: Annotated[Path | None, typer.Option(help="File to write. Not given: standard output.", dir_okay=False)] = None,
    package: Annotated[
        str | None, typer.Option(help="Instead of --out: a package, in which the module silver_users is written.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Overwrite a file that is there.")] = False,
) -> None:
    """Write the contract of a live Iceberg table as a Python module, to take the table into a lake. Starts no session.

    Columns with their structs and comments, units as "Age [years]" has them, key, partitioning, order, properties.
    What has no name in Python is left out, and stands there as a comment with the way out.

    Examples:

        lakehouse contract import silver.users

        lakehouse contract import silver.users --package acme_lake

        lakehouse contract import silver.users --out src/acme_lake/users.py --force
    """
    if package is not None:
        if out is not None:
            raise ConfigError("--out and --package exclude each other")
        out = _folder_of(package) / f"{table.replace('.', '_')}.py"
    if out is not None and out.exists() and not force:
        raise ConfigError(f"nothing was written: {out} exists; give another file, or --force to overwrite it")
    catalog = open_catalog(settings_of(config, overrides))
    found = _existing(catalog, table)
    source = contract_source(live_table(found), name=table, external=not publishes(found))
    give(source.text, out, what="contract")
    for one in source.left_out:
        console.print("[yellow]not declared:[/]", Text(one), highlight=False, soft_wrap=True)


def check(
    tables: Annotated[list[str] | None, typer.Argument(help="Tables to check; none means all.")] = None,
    config: ConfigFile = None,
    overrides: Override = None,
    env: Env = None,
    as_json: AsJson = False,
) -> None:
    """Hold contracts against the live tables: columns, types, docs, key, partitioning, order, properties.

    Starts no session and changes nothing. + ~ - are what a run, or a table's stream, would do; of a table that
    something else fills, what its contract says otherwise; ! is refused by a run, or keeps a table from being read.

    Exit code 1: a table drifts, or one that something else fills is not there. 3: one does not fit.

    Examples:

        lakehouse contract check

        lakehouse contract check silver.users --json
    """
    settings = settings_of(config, overrides, env)
    found = check_contracts(open_catalog(settings), discover(settings.packages), tables or ())
    if as_json:
        print(json.dumps([_as_data(one) for one in found], indent=2, ensure_ascii=False))
    else:
        out = Console()
        for line in _lines(found):
            out.print(line, soft_wrap=True)
    if any(one.fit is Fit.BREAKS for one in found):
        raise typer.Exit(LakehouseError.exit_code)
    if any(map(_drifted, found)):
        raise typer.Exit(_DRIFTED)


def _drifted(one: Checked) -> bool:
    return one.fit is Fit.DRIFTS or (one.fit is Fit.ABSENT and one.filled_by is FilledBy.EXTERNAL)


def _as_data(one: Checked) -> dict[str, Any]:
    live = one.fit is not Fit.ABSENT
    return {
        "table": one.table,
        "filled_by": one.filled_by.value,
        "fit": one.fit.value,
        "statements": list(one.schema.statements) if live else [],
        "refused": list(one.schema.refused),
        "unsaid": list(one.unsaid),
    }


def _lines(found: tuple[Checked, ...]) -> Iterator[Text]:
    for one in found:
        if one.fit is Fit.FITS:
            continue
        external = one.filled_by is FilledBy.EXTERNAL
        outside = "; something else fills it" if external else ""
        yield head(_SIGNS[one.fit], one.table, f"{one.fit}{outside}")
        if one.fit is Fit.ABSENT:
            continue
        for difference in one.schema.refused:
            yield from wrapped(difference, indent=4, sign="~" if external and one.fit is Fit.DRIFTS else "!")
        for statement in one.schema.statements:
            yield from changed(statement)
        for difference in one.unsaid:
            yield from wrapped(difference, indent=4, sign="~")
    count = {fit: sum(one.fit is fit for one in found) for fit in Fit}
    yield signed("✓", f"{count[Fit.FITS]} as declared")
    rest = [f"{count[fit]} {text}" for fit, text in _COUNTED.items() if count[fit]]
    if rest:
        yield Text(", ".join(rest), style="bold red" if count[Fit.BREAKS] else "bold")


_COUNTED = {Fit.DRIFTS: "drifted", Fit.BREAKS: "not fitting", Fit.ABSENT: "not there yet"}


def _existing(catalog: Catalog, name: str) -> Table:
    found = find_table(catalog, name)
    if found is not None:
        return found
    namespace = name.rpartition(".")[0]
    try:
        there = sorted(".".join(one) for one in catalog.list_tables(namespace)) if namespace else []
    except NoSuchNamespaceError:
        there = []
    near = difflib.get_close_matches(name, there, n=1) or there[:8]
    known = f"; there is {', '.join(near)}" if near else f"; its namespaces are {', '.join(_namespaces(catalog))}"
    raise ConfigError(f"the catalog {catalog.name} has no Iceberg table {name}{known}")


def _namespaces(catalog: Catalog) -> list[str]:
    return sorted(".".join(one) for one in catalog.list_namespaces()) or ["none"]


def _folder_of(package: str) -> Path:
    try:
        found = importlib.util.find_spec(package)
    except ModuleNotFoundError:
        found = None
    if found is None or not found.submodule_search_locations:
        raise ConfigError(f"--package {package} is no package that can be imported; install it or set PYTHONPATH")
    return Path(next(iter(found.submodule_search_locations)))
