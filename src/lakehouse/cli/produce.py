"""``lakehouse produce``: sample messages, or a file of CSV, into Kafka."""

from __future__ import annotations

import json
import os
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Literal

import typer
from rich.text import Text

from lakehouse.cli.ingest_files import options_of
from lakehouse.cli.local import reachable_broker
from lakehouse.cli.options import AsJson, ConfigFile, Override, settings_of
from lakehouse.cli.terminal import console
from lakehouse.config import Settings
from lakehouse.contract.kafka_record import PAYLOAD, KafkaRecord
from lakehouse.contract.table import TableSpec
from lakehouse.errors import ConfigError
from lakehouse.local.produce import produce as send
from lakehouse.local.produce import produce_once
from lakehouse.local.relay import relay
from lakehouse.local.samples import samples_of
from lakehouse.observe.progress import Steps
from lakehouse.pipeline.graph import discover
from lakehouse.sources.csv_messages import CsvFile
from lakehouse.sources.csv_producer import produce_csv
from lakehouse.sources.dialect import check_options
from lakehouse.sources.kafka_security import librdkafka_options
from lakehouse.sources.topics import ensure_topic


def produce(
    context: typer.Context,
    config: ConfigFile = None,
    overrides: Override = None,
    sample: Annotated[
        Literal["users", "customers", "orders", "weather"], typer.Option(help="Of what: people, a shop, or weather.")
    ] = "users",
    topic: Annotated[str | None, typer.Option(help="Default: that of the sample in the settings.")] = None,
    count: Annotated[int | None, typer.Option(help="Messages of the sample.", min=1)] = None,
    seed: Annotated[int | None, typer.Option(help="The same seed makes the same bytes.")] = None,
    rate: Annotated[
        float | None, typer.Option(help="Messages per second; default as fast as possible.", min=0.1)
    ] = None,
    again: Annotated[bool, typer.Option("--again", help="Send it even if this seed is in the topic already.")] = False,
    url: Annotated[str | None, typer.Option(help="Relay a live HTTP API of the RandomUser format instead.")] = None,
    as_json: AsJson = False,
) -> None:
    """Send sample messages to Kafka: seeded, with the dirt of real life.

    The sample of a seed is in a topic once: a second call sends nothing, one that was cut off goes on.

    A file of one's own is sent by `lakehouse produce csv`.

    Examples:

        lakehouse produce --count 10000 --rate 500

        lakehouse produce --sample orders

        lakehouse produce --set kafka.bootstrap_servers=broker:9092 --topic users --seed 8
    """
    if context.invoked_subcommand is not None:
        return
    settings = settings_of(config, overrides)
    if url and sample != "users":
        raise ConfigError(f"--url relays messages about people, and --sample says {sample}: leave one of the two out")
    chosen = samples_of(settings)[sample]
    topic, seed = topic or chosen.topic, settings.local.sample_seed if seed is None else seed
    count = count or chosen.count
    with reachable_broker(settings) as servers, Steps(console).step(f"produce to {topic}", total=count) as step:
        ensure_topic(servers, topic)
        if url:
            sent = relay(url, bootstrap_servers=servers, topic=topic, count=count, rate=rate, on_progress=step.at)
        elif again:
            made = chosen.make(seed=seed, count=count)
            sent = send(made, bootstrap_servers=servers, topic=topic, rate=rate, on_progress=step.at)
        else:
            sent = produce_once(
                seed=seed,
                count=count,
                bootstrap_servers=servers,
                topic=topic,
                name=chosen.name,
                make=chosen.make,
                rate=rate,
                on_progress=step.at,
            )
        step.at(sent.count)
    if as_json:
        print(json.dumps({"topic": topic, "produced": sent.count, "seconds": round(sent.seconds, 1)}))


def csv(
    file: Annotated[Path, typer.Argument(help="A file of CSV on this machine.")],
    topic: Annotated[str, typer.Option(help="Where it goes.")],
    config: ConfigFile = None,
    overrides: Override = None,
    table: Annotated[
        str | None, typer.Option("--as", metavar="TABLE", help="Whose messages; default: the table that streams TOPIC.")
    ] = None,
    key: Annotated[str, typer.Option(help="Column whose text is the key of a message.")] = "",
    option: Annotated[
        list[str] | None, typer.Option(metavar="NAME=VALUE", help="Of the file, as of `lakehouse ingest`.")
    ] = None,
    skip_bad: Annotated[bool, typer.Option("--skip-bad", help="Leave out records that are no message.")] = False,
    as_json: AsJson = False,
) -> None:
    """Send a file of CSV to Kafka as messages of a contract: typed, in transactions, each record once.

    Cut off at any moment and started again it goes on behind its last transaction; a file that was sent is not sent
    again. Exit code 3 at the first record that is no message.

    Examples:

        lakehouse produce csv scans.csv --topic scans --key parcel
    """
    settings, options = settings_of(config, overrides), options_of(option)
    check_options(options)
    spec = _messages_of(settings, topic, table)
    found = CsvFile.open(file, spec.column(PAYLOAD), options, key=key)
    secured = librdkafka_options(settings.kafka.resolved_options(os.environ))
    if secured is None:
        raise ConfigError("kafka.options have a login that only Java's client knows; produce with another one")
    with reachable_broker(settings) as servers, Steps(console).step(f"produce to {topic}") as step:
        if not settings.kafka.options:
            ensure_topic(servers, topic)
        sent = produce_csv(
            found, bootstrap_servers=servers, topic=topic, options=secured, skip_bad=skip_bad, on_progress=step.at
        )
    for one in sent.wrong:
        console.print(Text(f"left out  {one}"), soft_wrap=True)
    if as_json:
        print(json.dumps({"topic": topic, **asdict(sent)}))


def _messages_of(settings: Settings, topic: str, table: str | None) -> TableSpec:
    names = [table] if table else [name for name, one in settings.streams.items() if one.topic == topic]
    if len(names) != 1:
        raise ConfigError(f"{len(names) or 'no'} tables stream the topic {topic}; say whose messages: --as bronze.x")
    spec = discover(settings.packages).table(names[0])
    if not issubclass(spec.schema, KafkaRecord) or PAYLOAD not in spec.struct.names:
        raise ConfigError(f"{spec.name} is not filled by a stream, so it has no messages")
    return spec
