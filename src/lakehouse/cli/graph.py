"""``lakehouse graph``: the tables of the lake and what each is built from, drawn."""

from __future__ import annotations

import json
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from lakehouse.cli.options import AsJson, ConfigFile, Override, settings_of
from lakehouse.cli.output import give
from lakehouse.cli.terminal import console
from lakehouse.errors import ConfigError
from lakehouse.pipeline.graph import discover
from lakehouse.pipeline.graph_drawing import as_data, drawing_of, mermaid
from lakehouse.pipeline.graph_drawing_svg import svg
from lakehouse.pipeline.graph_drawing_tree import tree


class Form(StrEnum):
    """What a drawing can be."""

    TERMINAL = "terminal"
    MERMAID = "mermaid"
    SVG = "svg"


_ENDINGS = {".svg": Form.SVG, ".mmd": Form.MERMAID, ".mermaid": Form.MERMAID}


def graph(
    tables: Annotated[list[str] | None, typer.Argument(help="Tables to draw; none means all.")] = None,
    config: ConfigFile = None,
    overrides: Override = None,
    upstream: Annotated[bool, typer.Option("--upstream", help="Also whatever they are built from.")] = False,
    downstream: Annotated[bool, typer.Option("--downstream", help="Also whatever is built from them.")] = False,
    form: Annotated[
        Form | None, typer.Option(help="Not given: by the ending of --out, else terminal.", show_default=False)
    ] = None,
    out: Annotated[Path | None, typer.Option(help="File to write. Not given: standard output.", dir_okay=False)] = None,
    as_json: AsJson = False,
) -> None:
    """Draw the tables of the lake and what each is built from, as the signatures of the builds say. Starts no session.

    Circles, tables that nothing fills or two things fill, and functions without types are refused with file and line.

    Examples:

        lakehouse graph

        lakehouse graph gold.dim_user --upstream

        lakehouse graph --form svg --out build/lake.svg
    """
    if as_json and form:
        raise ConfigError(f"--json and --form {form.value} exclude each other")
    found = discover(settings_of(config, overrides).packages)
    drawing = drawing_of(found, found.related(tables or (), upstream=upstream, downstream=downstream))
    form = form or (_ENDINGS.get(out.suffix.lower()) if out else None) or Form.TERMINAL
    if not drawing.nodes:
        console.print("no package declares a table: name some in `packages`")
    if as_json:
        give(json.dumps(as_data(drawing), indent=2) + "\n", out, what="graph")
    elif form is not Form.TERMINAL:
        give((svg if form is Form.SVG else mermaid)(drawing), out, what="graph")
    elif out:
        give(f"{tree(drawing, width=80).plain}\n", out, what="graph")
    elif drawing.nodes:
        terminal = Console()
        terminal.print(tree(drawing, width=terminal.width), highlight=False, soft_wrap=True)
