"""``lakehouse stream``: Kafka into bronze."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from lakehouse.cli.ingest import ingest_of
from lakehouse.cli.options import AsJson, ConfigFile, Override, console, lake_of, settings_of
from lakehouse.observe.progress import Steps
from lakehouse.pipeline.recovery import Recover
from lakehouse.pipeline.stream import run_stream


def stream(
    table: Annotated[
        str, typer.Argument(help="A bronze table with an entry under [streams], such as bronze.users_raw.")
    ],
    config: ConfigFile = None,
    overrides: Override = None,
    follow: Annotated[bool, typer.Option("--follow", help="Run on instead of ending when caught up.")] = False,
    trigger_seconds: Annotated[int, typer.Option(help="With --follow: seconds between batches.", min=1)] = 60,
    recover: Annotated[
        str | None,
        typer.Option(
            metavar="FROM",
            help="When checkpoint and table do not continue each other: from-table, from-checkpoint or "
            "from-timestamp=INSTANT.",
        ),
    ] = None,
    accept_loss: Annotated[
        bool, typer.Option("--accept-loss", help="Go on without records that Kafka has dropped.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Stream a Kafka topic into its bronze table, each record once, bad ones as dead letters.

    It can be killed and started again at any moment.

    Examples:

        lakehouse stream bronze.users_raw

        lakehouse stream bronze.users_raw --follow --trigger-seconds 60 --config conf/glue.toml
    """
    settings = settings_of(config, overrides)
    ingest = ingest_of(settings, table)
    choice = Recover.parse(recover) if recover else None
    steps = Steps(console)
    with steps.step(f"stream {table}") as step:
        lake = lake_of(settings)
        result = run_stream(
            lake,
            ingest,
            until_caught_up=not follow,
            trigger_seconds=trigger_seconds,
            recover=choice,
            accept_loss=accept_loss,
            on_batch=lambda stamp: step.at(step.done + stamp.records),
        )
    if as_json:
        print(json.dumps({"table": table, "batches": result.batches, "records": result.records}))
