"""``lakehouse up`` and ``down``: the broker of a laptop."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from lakehouse.cli.options import ConfigFile, Override, settings_of
from lakehouse.cli.terminal import console
from lakehouse.config import Settings
from lakehouse.engines.jars import resolve_jars
from lakehouse.errors import ConfigError
from lakehouse.local.broker import Broker, broker, running_broker, start_broker, stop_broker


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
