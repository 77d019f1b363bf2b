"""``lakehouse config show``, ``tables`` and ``dictionary``: look, change nothing."""

from __future__ import annotations

import json
import os

from rich.console import Console
from rich.table import Table

from lakehouse.catalog import ledger
from lakehouse.catalog.connect import open_catalog
from lakehouse.catalog.environment import place_of
from lakehouse.catalog.iceberg import find_table
from lakehouse.cli.options import AsJson, ConfigFile, Env, Override, config_files, settings_of
from lakehouse.config import load
from lakehouse.config.show import rows_of
from lakehouse.contract.dictionary import dictionary_json, dictionary_markdown
from lakehouse.contract.table import spec_of
from lakehouse.pipeline.graph import discover


def show(config: ConfigFile = None, overrides: Override = None, as_json: AsJson = False) -> None:
    """Print every setting, its value and where it came from; secrets are masked.

    Examples:

        lakehouse config show --set quality.minimum_score=0.95
    """
    rows = rows_of(load(config_files(config), overrides=overrides or (), environ=os.environ))
    if as_json:
        print(json.dumps([{"key": key, "value": value, "origin": origin} for key, value, origin in rows], indent=2))
        return
    table = Table("setting", "value", "from", box=None, pad_edge=False)
    for row in rows:
        table.add_row(*row)
    Console().print(table)


def tables(config: ConfigFile = None, overrides: Override = None, env: Env = None, as_json: AsJson = False) -> None:
    """List the tables of the lake, what each is built from, and the rows that are published.

    Reads the contracts and Iceberg's metadata; starts no session.

    Examples:

        lakehouse tables
    """
    settings = settings_of(config, overrides, env)
    graph, catalog = discover(settings.packages), open_catalog(settings)
    reads = {b.table.name: [spec_of(schema).name for _, schema in b.inputs] for b in graph.builds}
    found = []
    for name in graph.tables:
        live = find_table(catalog, name)
        rows = ledger.row_count(live) if live else None
        filled_by = graph.filled_by(name).value
        place = {"place": place_of(catalog, name)} if settings.environment else {}
        found.append({"table": name, "reads": reads.get(name, []), "filled_by": filled_by, "rows": rows, **place})
    if as_json:
        print(json.dumps(found, indent=2))
        return
    table = Table("table", "built from", box=None, pad_edge=False)
    table.add_column("rows", justify="right")
    if settings.environment:
        table.add_column("of")
    for one in found:
        rows_text = "not there yet" if one["rows"] is None else f"{one['rows']:,}"
        made_from = ", ".join(reads.get(str(one["table"]), [])) or str(one["filled_by"])
        own = [settings.environment if one["place"] != one["table"] else "production"] if "place" in one else []
        table.add_row(str(one["table"]), made_from, rows_text, *own)
    Console().print(table)


def dictionary(config: ConfigFile = None, overrides: Override = None, as_json: AsJson = False) -> None:
    """Print the data dictionary: what every table and column means, from the contracts.

    Examples:

        lakehouse dictionary > docs/dictionary.md
    """
    specs = discover(settings_of(config, overrides).packages).tables.values()
    print(json.dumps(dictionary_json(specs), indent=2) if as_json else dictionary_markdown(specs))
