"""``lakehouse ingest``: files into a bronze table."""

from __future__ import annotations

import importlib
import json
import re
import time
from dataclasses import asdict
from pathlib import PurePosixPath
from typing import Annotated, cast

import typer
from rich.console import Console
from rich.text import Text

from lakehouse.catalog.connect import pyiceberg_properties
from lakehouse.catalog.file_ledger import FileStamp
from lakehouse.cli.options import AsJson, ConfigFile, Override, lake_of, settings_of
from lakehouse.cli.terminal import console
from lakehouse.errors import ConfigError, SourceError
from lakehouse.observe.progress import Step, Steps
from lakehouse.pipeline.graph import discover
from lakehouse.pipeline.source_preview import Preview, preview
from lakehouse.pipeline.take import Took, payload_of, take
from lakehouse.sources.file_listing import Folder
from lakehouse.sources.files import Changed, FileFormat, FileSource
from lakehouse.sources.protocol import Source

_SHOWN = 20


def ingest(
    path: Annotated[
        str,
        typer.Argument(
            metavar="SOURCE",
            help="A file, a folder, an address such as s3://bucket/prefix, or a source of one's own as module:Class.",
        ),
    ],
    into: Annotated[str, typer.Option("--into", metavar="TABLE", help="A bronze table whose class is a FileRecord.")],
    config: ConfigFile = None,
    overrides: Override = None,
    format_: Annotated[
        FileFormat | None, typer.Option("--format", help="Of all files; without it each by its suffix.")
    ] = None,
    pattern: Annotated[str, typer.Option(help="Of the names of files, such as 'sales-*.csv'.")] = "*",
    option: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME=VALUE",
            help="What is not to be found out: delimiter, quote, escape, header, encoding, decimal, null, multi_line, "
            "dates, dates.COLUMN; of JSON documents records=$.path.",
        ),
    ] = None,
    changed: Annotated[Changed, typer.Option(help="Of a file that was taken and is another one now.")] = Changed.LEAVE,
    retry_unreadable: Annotated[
        bool, typer.Option("--retry-unreadable", help="Try those once more that could not be read.")
    ] = False,
    settle_seconds: Annotated[
        float, typer.Option(help="How long a file must not have changed to be whole.", min=0, max=3600)
    ] = 2.0,
    whole_folders: Annotated[
        bool, typer.Option("--whole-folders", help="Only of folders that have a file _SUCCESS.")
    ] = False,
    batch_files: Annotated[int, typer.Option(help="Most files of a commit.", min=1)] = 10_000,
    max_record_bytes: Annotated[int, typer.Option(help="Longer records become dead letters.", min=1)] = 1_000_000,
    every: Annotated[
        float | None, typer.Option(metavar="SECONDS", help="Look again so often, until Ctrl-C or SIGTERM.", min=0.1)
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would be taken, and write nothing.")] = False,
    as_json: AsJson = False,
) -> None:
    """Take the files of a folder into a bronze table, each once; bad records become dead letters with their line.

    It can be killed and started again at any moment. Exit code 3 when a file was left out or cannot be read.

    Examples:

        lakehouse ingest inbox/ --into bronze.sales_raw --dry-run

        lakehouse ingest s3://shop/exports/ --into bronze.sales_raw --pattern "*.csv.gz" --option delimiter=";"
    """
    settings = settings_of(config, overrides)
    if settings.environment:
        raise ConfigError(f"files fill production's tables, which {settings.environment} only reads; leave --env out")
    spec = discover(settings.packages).table(into)
    payload_of(spec)
    source = _own_source(path) or FileSource(
        folder=Folder(
            location=path,
            pattern=pattern,
            settle_seconds=settle_seconds,
            whole_folders=whole_folders,
            properties=pyiceberg_properties(settings),
        ),
        format=format_,
        options=options_of(option),
        changed=changed,
        retry_unreadable=retry_unreadable,
        max_files=batch_files,
    )
    if dry_run:
        with Steps(console).step(f"look at {path}") as step:
            seen = preview(lake_of(settings), spec, source, max_record_bytes=max_record_bytes)
            step.done = sum(seen.counts.values())
        print(json.dumps(asdict(seen), indent=2, ensure_ascii=False)) if as_json else _show(seen)
        return
    if isinstance(source, FileSource):
        # What is wrong with the place is said before Java starts.
        source.folder.demand_there()
    lake = lake_of(settings)
    while True:
        with Steps(console).step(f"ingest {into}") as step:
            took = take(lake, spec, source, max_record_bytes=max_record_bytes, on_batch=lambda one: _advance(step, one))
        _tell(took, as_json=as_json)
        if every is None:
            break
        time.sleep(every)
    if wrong := len(took.unreadable) + len(took.left_out):
        raise SourceError(f"{wrong:,} of the files at {path} were left out or cannot be read, see above")


def _own_source(path: str) -> Source | None:
    """Give what ``module:name`` makes, called without arguments; None where the text is a path."""
    module, _, name = path.partition(":")
    if not re.fullmatch(r"[A-Za-z_][\w.]*:[A-Za-z_]\w*", path):
        return None
    try:
        made = getattr(importlib.import_module(module), name)()
    except (ImportError, AttributeError, TypeError) as error:
        raise ConfigError(f"the source {path} cannot be made: {error}") from error
    return cast("Source", made)


def options_of(given: list[str] | None) -> dict[str, str]:
    """Read what --option says, once or several times."""
    found = {}
    for one in given or ():
        name, equals, value = one.partition("=")
        if not equals or not name:
            raise ConfigError(f"--option {one}: write NAME=VALUE, such as delimiter=;")
        found[name] = value
    return found


def _advance(step: Step, stamp: FileStamp) -> None:
    step.at(step.done + (stamp.added or stamp.records))


def _tell(took: Took, *, as_json: bool) -> None:
    if as_json:
        print(json.dumps(asdict(took)))
        return
    console.print(f"{took.pieces:,} files, {took.records:,} records", highlight=False)
    for bad in took.unreadable[:_SHOWN]:
        _line("set aside", bad.piece.source, f"{bad.reason}: {bad.detail}")
    for left in took.left_out[:_SHOWN]:
        _line("left out", left.source, left.why)


def _line(what: str, source: str, why: str) -> None:
    console.print(Text.assemble((f"{what}  ", "bold"), f"{PurePosixPath(source).name}: {why}"), soft_wrap=True)


def _show(seen: Preview) -> None:
    out = Console()
    for part in seen.portions:
        more = f" and {part.files - 1:,} more" if part.files > 1 else ""
        out.print(Text(f"{part.first}{more}: {part.records:,} records", style="bold"), soft_wrap=True)
        for note in part.notes:
            out.print(Text(f"  {note}"), soft_wrap=True)
        for drift in part.undeclared:
            found = f"  undeclared: {drift.field} ({drift.found_type}), in {drift.messages:,} of {drift.sampled:,}"
            out.print(Text(found), soft_wrap=True)
    out.print(Text("columns  " + ", ".join(f"{name} {kind}" for name, kind in seen.columns.items())), soft_wrap=True)
    for sample in seen.samples:
        out.print(Text(f"sample   {sample}"), soft_wrap=True)
    for reason, count in seen.counts.items():
        out.print(Text(f"{count:>12,}  {reason or 'good rows'}", style="red" if reason else "green"))
    for bad in seen.rejected:
        why = f"{PurePosixPath(bad.source).name}:{bad.line}  {bad.reason}: {bad.detail}"
        out.print(Text(f"rejected {why}"), soft_wrap=True)
    for left in seen.left_out:
        out.print(Text(f"left out {PurePosixPath(left.source).name}: {left.why}"), soft_wrap=True)
