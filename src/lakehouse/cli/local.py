"""``lakehouse up``, ``down`` and ``produce``: the broker and the sample data of a laptop."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Literal

import typer

from lakehouse.cli.options import AsJson, ConfigFile, Override, settings_of
from lakehouse.cli.terminal import console
from lakehouse.config import Settings
from lakehouse.engines.jars import resolve_jars
from lakehouse.errors import ConfigError
from lakehouse.local.broker import Broker, broker, running_broker, start_broker, stop_broker
from lakehouse.local.produce import produce as send
from lakehouse.local.produce import produce_once
from lakehouse.local.relay import relay
from lakehouse.local.samples import samples_of
from lakehouse.observe.progress import Steps
from lakehouse.sources.topics import ensure_topic


def up(config: ConfigFile = None, overrides: Override = None) -> None:
    """Start the local Kafka broker and leave it running.

    Examples:

        lakehouse up
    """
    settings = settings_of(config, overrides)
    jars = resolve_jars("kafka", folder=Path(settings.local.jars))
    found = start_broker(folder=broker_folder(settings), jars=jars, detach=True)
    console.print(f"Kafka answers at {found.bootstrap_servers} (process {found.pid}); `lakehouse down` stops it")


def down(
    config: ConfigFile = None,
    overrides: Override = None,
    quiet: Annotated[bool, typer.Option("--quiet", help="Say nothing when none runs.")] = False,
) -> None:
    """Stop the local Kafka broker. What was produced stays in .lake.

    Examples:

        lakehouse down
    """
    found = running_broker(broker_folder(settings_of(config, overrides)))
    if found:
        stop_broker(found)
    if not quiet:
        console.print(f"stopped the broker at {found.bootstrap_servers}" if found else "no local broker is running")


def produce(
    config: ConfigFile = None,
    overrides: Override = None,
    sample: Annotated[
        Literal["users", "customers", "orders"], typer.Option(help="Of what: people, or a shop.")
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

    Examples:

        lakehouse produce --count 10000 --rate 500

        lakehouse produce --sample orders

        lakehouse produce --set kafka.bootstrap_servers=broker:9092 --topic users --seed 8
    """
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


@contextmanager
def reachable_broker(settings: Settings) -> Iterator[str]:
    """Give the address of the broker of the settings, or of the local one, which is started when it does not run."""
    if settings.kafka.bootstrap_servers:
        yield settings.kafka.bootstrap_servers
        return
    running: Broker | None = running_broker(broker_folder(settings))
    if running:
        yield running.bootstrap_servers
        return
    with broker(broker_folder(settings), resolve_jars("kafka", folder=Path(settings.local.jars))) as started:
        yield started.bootstrap_servers


def broker_address(settings: Settings) -> str:
    """Give the address of the broker of the settings, or of the local one that runs.

    Raises:
        ConfigError: There is neither.
    """
    running = None if settings.kafka.bootstrap_servers else running_broker(broker_folder(settings))
    found = settings.kafka.bootstrap_servers or (running.bootstrap_servers if running else "")
    if not found:
        raise ConfigError(
            "no Kafka: kafka.bootstrap_servers is not set and no local broker runs; start one: lakehouse up"
        )
    return found


def broker_folder(settings: Settings) -> Path:
    """Where the local broker keeps its data."""
    return Path(settings.local.folder) / "kafka"
