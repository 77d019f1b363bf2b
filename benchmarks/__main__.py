"""``python -m benchmarks NAME [--size small|full]``, ``python -m benchmarks chaos``, ``python -m benchmarks page``."""

from __future__ import annotations

import importlib
from typing import Annotated, Literal

import typer
from rich.console import Console
from rich.table import Table

from benchmarks import page
from benchmarks.result import Result, save

NAMES = (
    "stream", "long_stream", "quality", "quality_append", "builds", "planner", "silver", "fit", "main_job", "publish",
    "phone", "email", "sail", "sources", "agent", "cluster",
)  # fmt: skip


def main(
    name: Annotated[
        str, typer.Argument(help=f"One of {', '.join(NAMES)}; `chaos` to kill streams; `page` for docs/performance.md.")
    ],
    size: Annotated[Literal["small", "full"], typer.Option(help="How much data.")] = "small",
    peers: Annotated[
        bool, typer.Option("--peers", help="Other tools as well; see benchmarks/peers/README.md.")
    ] = False,
) -> None:
    """Run a benchmark, print it and write build/bench/NAME.json."""
    if name == "page":
        print(page.write())
        return
    if name == "chaos":
        # It has no reference and no ratio: what it says is whether a promise was kept.
        raise typer.Exit(0 if importlib.import_module("benchmarks.chaos.report").run(size) else 1)
    if name not in NAMES:
        raise typer.BadParameter(f"there is no benchmark {name!r}; there is {', '.join(NAMES)}")
    benchmark = importlib.import_module(f"benchmarks.{name}")
    if peers and not hasattr(benchmark, "run_peers"):
        raise typer.BadParameter(f"{name} has no peers")
    results: list[Result] = benchmark.run(size)
    if peers:
        results += benchmark.run_peers(size, results)
    table = Table("figure", box=None)
    for column in ("ours", "reference", "ratio", "CPU s", "reference CPU s"):
        table.add_column(column, justify="right")
    for r in results:
        values = (f"{r.value:,} {r.unit}", f"{r.reference_value:,} {r.unit}", f"{r.ratio:.2f}")
        table.add_row(r.name, *values, f"{r.cpu_seconds}", f"{r.reference_cpu_seconds}")
    Console().print(table)
    print(save(name, results))


typer.run(main)
