"""``lakehouse agent``: log files into a stream of Kinesis or Firehose."""

from __future__ import annotations

import json
import re
import signal
from dataclasses import asdict
from pathlib import Path
from threading import Event
from typing import Annotated

import typer
from rich.text import Text

from lakehouse.agent.checkpoint import Checkpoint
from lakehouse.agent.encode import Encoder
from lakehouse.agent.log_file import Splitting
from lakehouse.agent.run import Agent, Progress
from lakehouse.agent.streams import Firehose, Kinesis, Stream
from lakehouse.agent.tail import Tail
from lakehouse.cli.amounts import size
from lakehouse.cli.options import AsJson, ConfigFile, Override, settings_of
from lakehouse.cli.terminal import console
from lakehouse.errors import ConfigError, SourceError

_SAMPLE = 3


def agent(
    patterns: Annotated[
        list[str], typer.Argument(metavar="PATTERN...", help="Of files that are written to, such as '/var/log/*.log'.")
    ],
    config: ConfigFile = None,
    overrides: Override = None,
    kinesis: Annotated[str | None, typer.Option(metavar="STREAM", help="Send to this stream of Kinesis.")] = None,
    firehose: Annotated[str | None, typer.Option(metavar="STREAM", help="Send to this stream of Firehose.")] = None,
    region: Annotated[
        str | None, typer.Option(help="Default: client.region of the catalog, else AWS_DEFAULT_REGION.")
    ] = None,
    checkpoint: Annotated[
        Path | None, typer.Option(metavar="FILE", help="How far it came; default: .lake/agent/STREAM.json.")
    ] = None,
    starts_with: Annotated[
        str | None,
        typer.Option(metavar="REGEX", help="What the first line of a record begins with; default: each line is one."),
    ] = None,
    id_field: Annotated[
        str, typer.Option(help="Field that tells a record from all others; '': send lines as they are.")
    ] = "record_id",
    partition_key: Annotated[
        str, typer.Option(help="What goes to one shard: a record, a file, or the same '$.field'.")
    ] = "record",
    in_flight: Annotated[int, typer.Option(help="Most requests that are under way.", min=1, max=32)] = 4,
    every: Annotated[float, typer.Option(metavar="SECONDS", help="Say so often how it goes.", min=0.1)] = 10.0,
    once: Annotated[bool, typer.Option("--once", help="End when all that is there has arrived.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would be sent, and send nothing.")] = False,
    as_json: AsJson = False,
) -> None:
    """Send the lines of log files to Kinesis or Firehose, as they are written, each at least once.

    Killed and started again it goes on behind its checkpoint; what it sends twice has the same `record_id`. SIGTERM
    and Ctrl-C let what is on its way arrive, for 25 s. While the stream takes no more, it waits and says so.

    Examples:

        lakehouse agent '/var/log/shop/*.log' --firehose shop-log

        lakehouse agent app.log --kinesis orders --partition-key '$.order_id' --json

        lakehouse agent app.log --firehose app --starts-with '\\d{4}-' --dry-run
    """
    settings = settings_of(config, overrides)
    region = region or settings.catalog.properties.get("client.region")
    stream = _stream(kinesis, firehose, region)
    place = checkpoint or Path(settings.local.folder) / "agent" / f"{stream.service}-{stream.stream}.json"
    tail = Tail(patterns=patterns, splitting=_splitting(starts_with), rotated_seconds=0.0 if once else 5.0)
    sender = Agent(
        tail=tail, stream=stream, checkpoint=Checkpoint(path=place), in_flight=in_flight, once=once, say_seconds=every,
        encoder=Encoder(id_field=id_field, partition_key=partition_key),
        on_progress=lambda now: _say(now, as_json=as_json),
    )  # fmt: skip
    if dry_run:
        _show(sender, as_json=as_json)
        return
    _end_by(sender.stopping)
    done = sender.run()
    _say(done, as_json=as_json)
    if done.too_long:
        raise SourceError(f"{done.too_long:,} records were too long for {stream.name} and were left out, see above")


def _stream(kinesis: str | None, firehose: str | None, region: str | None) -> Stream:
    if (kinesis is None) == (firehose is None):
        raise ConfigError("say where the records go: --kinesis STREAM or --firehose STREAM, one of the two")
    return Kinesis(stream=kinesis, region=region) if kinesis else Firehose(stream=str(firehose), region=region)


def _splitting(starts_with: str | None) -> Splitting:
    try:
        return Splitting(begins=None if starts_with is None else re.compile(starts_with.encode()))
    except re.error as error:
        raise ConfigError(f"--starts-with {starts_with} is no regular expression: {error}") from error


def _end_by(stopping: Event) -> None:
    """Let SIGTERM and Ctrl-C end the agent when what is on its way has arrived; a second one ends it at once."""

    def end(number: int, _frame: object) -> None:
        stopping.set()
        signal.signal(number, signal.SIG_DFL)

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, end)


def _say(now: Progress, *, as_json: bool) -> None:
    if as_json:
        print(json.dumps(asdict(now)), flush=True)
        return
    for one in now.told:
        console.print(Text(one), style="red", soft_wrap=True)
    text = f"{now.records:,} records ({size(now.bytes)}) in {now.seconds:,.0f} s, {size(now.behind)} behind"
    more = f"; waiting: {now.waiting_for}" if now.waiting_for else ""
    console.print(Text(f"{text}{more}"), soft_wrap=True)


def _show(sender: Agent, *, as_json: bool) -> None:
    """Show which files would be read from where, and how their first records would look."""
    tail = sender.tail
    tail.files = sender.checkpoint.read()
    tail.scan(now=True)
    files = [{"path": one.path, "from": one.sent.offset, "to": one.size or Path(one.path).stat().st_size}
             for one in tail.files]  # fmt: skip
    samples = [sender.encoder.value(one).decode(errors="replace") for one in tail.read()[:_SAMPLE]]
    if as_json:
        print(json.dumps({"files": files, "samples": samples, "told": tail.told}, ensure_ascii=False))
        return
    for file in files:
        console.print(Text("{path}: bytes {from:,} to {to:,}".format(**file)), soft_wrap=True)
    for text in [*(f"sample  {one}" for one in samples), *tail.told]:
        console.print(Text(text), soft_wrap=True)
    console.print(f"{len(files):,} files; nothing was sent", highlight=False)
