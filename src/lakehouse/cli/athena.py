"""``lakehouse athena``: a statement to Amazon Athena, over the tables that are in Glue."""

from __future__ import annotations

import json
import sys
from typing import Annotated, Literal

import typer

from lakehouse.cli.options import AsJson, ConfigFile, Override, settings_of
from lakehouse.cli.terminal import console
from lakehouse.observe.progress import Steps
from lakehouse.serving.athena import Athena
from lakehouse.serving.query_result import print_result


def athena(
    query: Annotated[str, typer.Argument(help="One statement, over database.table as Glue has it.")],
    config: ConfigFile = None,
    overrides: Override = None,
    max_bytes: Annotated[
        int | None, typer.Option("--max-bytes", min=1, help="Stop it when it has scanned more.")
    ] = None,
    limit: Annotated[
        int, typer.Option(help="At most so many rows are shown; what is scanned stays the same.", min=1)
    ] = 100,
    output: Annotated[Literal["table", "csv"], typer.Option("--format", help="How to print the rows.")] = "table",
    as_json: AsJson = False,
) -> None:
    """Ask Athena, wait for the rows, and see what they cost.

    Workgroup and place of results are settings: athena.workgroup, athena.output. Ctrl-C stops the statement.

    Examples:

        lakehouse athena "select country, users from gold.geo_distribution order by users desc limit 5"

        lakehouse athena "select count(*) from silver.users" --max-bytes 100000000 --json
    """
    settings = settings_of(config, overrides)
    asked = Athena.of(settings.athena, region=settings.catalog.properties.get("client.region"))
    with Steps(console).step("ask Athena") as step:
        answer = asked.query(
            query,
            limit=limit,
            max_bytes=max_bytes,
            on_progress=lambda now: step.say(f"{now.state.lower()}, {now.bytes_scanned:,} bytes"),
        )
    if as_json:
        rows = [dict(zip(answer.result.columns, row, strict=True)) for row in answer.result.rows]
        took = {"bytes_scanned": answer.bytes_scanned, "seconds": answer.seconds, "usd": round(answer.dollars, 6)}
        told = {"rows": rows, "more": answer.result.more, "query_id": answer.query_id, **took}
        print(json.dumps(told, indent=2, default=str, ensure_ascii=False))
        return
    print_result(answer.result, sys.stdout, form=output)
    cost = f"{answer.bytes_scanned:,} bytes scanned, about {answer.dollars:.4f} USD, {answer.seconds:.1f} s"
    console.print(f"{cost}; query {answer.query_id}", highlight=False, style="dim", soft_wrap=True)
