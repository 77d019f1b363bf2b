"""``lakehouse stream``: Kafka into bronze."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from lakehouse.cli.ingest import ingest_of
from lakehouse.cli.options import AsJson, ConfigFile, Override, lake_of, settings_of
from lakehouse.cli.terminal import console
from lakehouse.errors import ConfigError
from lakehouse.observe.batch_metrics import JsonLines, MetricsSink, Prometheus, TerminalLines
from lakehouse.observe.progress import Steps
from lakehouse.pipeline.recovery import Recover
from lakehouse.pipeline.stream import run_stream
from lakehouse.pipeline.trigger import Mode, Trigger


def stream(
    table: Annotated[
        str, typer.Argument(help=r"A bronze table with an entry under \[streams], such as bronze.users_raw.")
    ],
    config: ConfigFile = None,
    overrides: Override = None,
    continuous: Annotated[
        bool, typer.Option("--continuous", "--follow", help="Run on instead of ending when caught up.")
    ] = False,
    once: Annotated[bool, typer.Option("--once", help="Take all that is there as a single batch.")] = False,
    trigger_seconds: Annotated[
        int | None,
        typer.Option(
            help="With --continuous: seconds between batches; without it, what keeps files from being tiny.",
            min=1,
            show_default=False,
        ),
    ] = None,
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
    metrics_file: Annotated[
        Path | None, typer.Option(help="Append the figures of each batch to a file, as lines of JSON.")
    ] = None,
    metrics_port: Annotated[
        int | None, typer.Option(help="Give the figures to Prometheus at this port, under /metrics.", min=0)
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Stream a Kafka topic into its bronze table, each record once, bad ones as dead letters.

    It ends when it has caught up; with --continuous when it is told to, by
    SIGTERM or Ctrl-C, within 30 seconds.

    It can be killed and started again at any moment; `lakehouse verify` proves
    what the table holds.

    Examples:

        lakehouse stream bronze.users_raw

        lakehouse stream bronze.users_raw --recover from-table

        lakehouse stream bronze.users_raw --continuous --metrics-port 9108 --config conf/glue.toml
    """
    if once and continuous:
        raise ConfigError("--once and --continuous exclude each other")
    mode = Mode.ONCE if once else Mode.CONTINUOUS if continuous else Mode.AVAILABLE_NOW
    settings = settings_of(config, overrides)
    ingest = ingest_of(settings, table)
    choice = Recover.parse(recover) if recover else None
    steps = Steps(console)
    with steps.step(f"stream {table}") as step:
        lake = lake_of(settings)
        result = run_stream(
            lake,
            ingest,
            trigger=Trigger(mode, trigger_seconds),
            recover=choice,
            accept_loss=accept_loss,
            on_batch=lambda stamp: step.at(step.done + stamp.records),
            metrics=_sinks(metrics_file, metrics_port, lines=continuous),
        )
    if as_json:
        print(json.dumps({"table": table, "batches": result.batches, "records": result.records}))


def _sinks(file: Path | None, port: int | None, *, lines: bool) -> list[MetricsSink]:
    sinks: list[MetricsSink] = [TerminalLines(console)] if lines else []
    sinks += [JsonLines(file)] if file else []
    return sinks + ([Prometheus(port)] if port is not None else [])
