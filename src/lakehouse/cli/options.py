"""What every command takes: ``--config`` and ``--set``, and the settings that come of them."""

from __future__ import annotations

import json
import logging
import os
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from lakehouse.catalog.connect import open_catalog, open_lake
from lakehouse.catalog.iceberg import Lake
from lakehouse.cli.terminal import console, take_interrupts_back
from lakehouse.config import Settings, load
from lakehouse.contract.build import BuildSpec
from lakehouse.contract.engine import SPARK, Engine
from lakehouse.errors import EngineRefusedError, LakehouseError
from lakehouse.session import make_session

ConfigFile = Annotated[
    list[Path] | None,
    typer.Option("--config", "-c", help="Settings on top of conf/base.toml. May be given several times; later wins."),
]
Override = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="A.B=VALUE", help="One setting, over the files. The environment is above both."),
]
Wait = Annotated[
    float | None,
    typer.Option("--wait", metavar="SECONDS", min=0, help="For another run that is at work on a table; 0: not at all."),
]
Env = Annotated[
    str | None,
    typer.Option(
        "--env", metavar="NAME", help="Work in an environment: what it builds is its own, the rest is production's."
    ),
]
Since = Annotated[
    str, typer.Option(metavar="RUN|SNAPSHOT|INSTANT", help="Make again what changed in the inputs since then.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for machines on standard output.")]

DEFAULT_CONFIG = Path("conf/local.toml")


def config_files(given: list[Path] | None) -> list[Path]:
    """Give the files to read: those given, else conf/local.toml when it is there."""
    return given or ([DEFAULT_CONFIG] if DEFAULT_CONFIG.exists() else [])


def settings_of(config: list[Path] | None, overrides: list[str] | None, env: str | None = None) -> Settings:
    """Read the settings of a command, of an environment where one is named."""
    overrides = [*(overrides or ()), *([] if env is None else [f"environment={json.dumps(env)}"])]
    return load(config_files(config), overrides=overrides, environ=os.environ).settings


def since_by_table(tables: list[str] | None, builds: Sequence[BuildSpec], since: str, *, full: bool) -> dict[str, str]:
    """Give since when rows are made again of each table that was named, of all where none was; those downstream follow.

    Raises:
        typer.BadParameter: All rows are to be made again as well.
    """
    if full and since:
        raise typer.BadParameter("--full makes all rows again, --since some of them; give one of the two")
    return dict.fromkeys(tables or [one.table.name for one in builds], since)


def lake_of(settings: Settings, *, on: tuple[Engine, ...] = SPARK) -> Lake:
    """Start a session and open the lake.

    Args:
        on: Engines that the verb runs on.

    Raises:
        EngineRefusedError: The configured one is none of them.
    """
    if Engine(settings.session.engine) not in on:
        raise EngineRefusedError(engine=settings.session.engine, what=("all but `lakehouse plan` and `lakehouse run`",))
    # What Spark refuses is told by our own errors; PySpark would print its stack trace as well.
    logging.getLogger("DataFrameQueryContextLogger").setLevel(logging.CRITICAL)
    with ThreadPoolExecutor(max_workers=1) as pool:
        # While Java starts, which takes seconds; to load the library of the catalog alone takes half of one.
        opened = pool.submit(open_catalog, settings)
        spark = make_session(settings)
        lake = open_lake(settings, spark, opened.result())
    if threading.current_thread() is threading.main_thread():
        take_interrupts_back()
    return lake


def ask(question: str, *, refused: str) -> None:
    """Ask for a yes before something that cannot be taken back.

    Raises:
        LakehouseError: The answer was no, or nobody is there to give one; it begins with ``refused``.
    """
    try:
        answer = console.input(Text(f"{question} [y/N] "))
    except EOFError:
        raise LakehouseError(f"{refused}: nobody is there to be asked; give --yes") from None
    if answer.strip().lower() not in {"y", "yes"}:
        raise LakehouseError(f"{refused}: the answer was no")
