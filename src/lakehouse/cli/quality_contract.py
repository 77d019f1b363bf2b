"""``lakehouse quality contract``: a table and its rules for people and tools that know data contracts."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from lakehouse.cli.options import ConfigFile, Override, settings_of
from lakehouse.cli.quality import TableName
from lakehouse.cli.rules import more_rules
from lakehouse.cli.terminal import console
from lakehouse.pipeline.graph import discover
from lakehouse.quality import rule_set
from lakehouse.quality.odcs_write import to_odcs


def contract(
    table: TableName,
    config: ConfigFile = None,
    overrides: Override = None,
    output: Annotated[
        Path | None, typer.Option(help="File to write. Not given: standard output.", dir_okay=False)
    ] = None,
    version: Annotated[str, typer.Option(help="Version of the contract.")] = "1.0.0",
    status: Annotated[str, typer.Option(help="proposed, draft, active, deprecated or retired.")] = "active",
) -> None:
    """Print the data contract of a table by the Open Data Contract Standard 3.1: columns, and rules. Starts no session.

    Rules of files are in it too. Another lake reads it as a file of rules, named in quality.rule_files.

    Examples:

        lakehouse quality contract silver.users

        lakehouse quality contract silver.users --output users.odcs.yaml
    """
    settings = settings_of(config, overrides)
    graph = discover(settings.packages)
    spec = graph.table(table)
    rules = rule_set(spec, more=more_rules(settings, graph)(table))
    text = to_odcs(spec, rules, version=version, status=status)
    if output is None:
        print(text, end="")
        return
    output.parent.mkdir(parents=True, exist_ok=True)
    output.write_text(text, encoding="utf-8")
    console.print(f"contract  {output}", highlight=False, soft_wrap=True)
