"""``lakehouse package``: all that a platform of AWS needs to run a lake's jobs."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from lakehouse.cli.amounts import size
from lakehouse.cli.options import AsJson, ConfigFile, config_files
from lakehouse.cli.terminal import console
from lakehouse.config import Settings, load
from lakehouse.config.layers import layer_files
from lakehouse.errors import ConfigError
from lakehouse.observe.progress import Steps
from lakehouse.packaging.package import Package, plan_package
from lakehouse.packaging.submit import commands
from lakehouse.packaging.target import TARGETS, target_of
from lakehouse.packaging.write import Written, write_package


def package(
    target: Annotated[str, typer.Option(help=f"One of {', '.join(one.name for one in TARGETS)}.")],
    config: ConfigFile = None,
    out: Annotated[
        Path | None, typer.Option(help="Folder; default build/package/<target>.", show_default=False)
    ] = None,
    to: Annotated[
        str,
        typer.Option(metavar="S3://…", help="Where it will lie; default packages/<target> in the warehouse's bucket."),
    ] = "",
    extra: Annotated[list[str] | None, typer.Option(help="Extra of the library, beside aws and kafka.")] = None,
    python: Annotated[
        str, typer.Option("--python", metavar="PATH", help="EMR: where an image of your own has its Python.")
    ] = "",
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what it would be made of; nothing is written.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Make what a platform of AWS needs to run the jobs of this lake, and the commands that submit them.

    Code and libraries in the versions that are installed here, as wheels for that platform's Python; the jars that it
    has not; the files of settings; a submission for each job (builds, and each stream); Terraform. The same input makes
    the same bytes. Settings are those of files: what --set or a variable says on this machine is not of the package.

    Examples:

        lakehouse package --target glue-5.1 --config conf/glue.toml

        lakehouse package --target emr-serverless --config conf/glue.toml --to s3://acme-code/lake --dry-run
    """
    chosen, named = target_of(target), config_files(config)
    if to and not to.startswith("s3://"):
        raise ConfigError(f"--to {to}: name an s3:// prefix")
    settings = load(named, environ={}).settings
    planned = plan_package(
        settings, layer_files(named), chosen, place=to, interpreter=python, extras=tuple(extra or ())
    )
    folder = out or Path(settings.local.build) / "package" / chosen.name
    written = () if dry_run else _write(planned, settings, folder)
    if as_json:
        print(json.dumps(_as_data(planned, folder, written), indent=2))
    else:
        _show(planned, folder, written)


def _write(planned: Package, settings: Settings, folder: Path) -> tuple[Written, ...]:
    with Steps(console).step(f"package for {planned.target.name}") as step:
        return write_package(planned, settings, folder, on_step=step.say)


def _as_data(planned: Package, folder: Path, written: Sequence[Written]) -> dict[str, Any]:
    target = planned.target
    return {
        "target": target.name,
        "release": target.release,
        "spark": target.spark,
        "python": target.python,
        "place": planned.place,
        "folder": str(folder),
        "wheels": [wheel.file_name for wheel in planned.wheels],
        "libraries": list(planned.pins),
        "jars": dict(planned.jars),
        "files": [vars(one) for one in written],
        "commands": list(commands(planned, folder)),
    }


def _show(planned: Package, folder: Path, written: Sequence[Written]) -> None:
    out, target = Console(), planned.target
    out.print(Text(f"{target.name}: Spark {target.spark}, Python {target.python}", style="bold"))
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), show_header=False)
    for name, values in (
        ("code", [wheel.file_name for wheel in planned.wheels]),
        ("libraries", planned.pins),
        ("jars", [f"{name} {version}" for name, version in planned.jars.items()] or ["none: it has what is needed"]),
        ("settings", [str(file) for file in planned.files]),
        ("jobs", [job.name for job in planned.jobs]),
    ):
        table.add_row(Text(name, style="dim"), Text(", ".join(values)))
    out.print(table)
    for one in written:
        out.print(Text(f"{size(one.bytes):>10}  {folder / one.name}"), soft_wrap=True)
    if written:
        out.print(Text(f"{size(sum(one.bytes for one in written)):>10}  in all"))
    out.print(Text("\nupload and submit:" if written else "\nwould be submitted with:", style="bold"))
    for line in commands(planned, folder):
        out.print(Text(line), soft_wrap=True)
