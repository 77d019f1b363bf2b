"""docs/performance.md, made from the files of build/bench: nothing in it is typed by hand."""

from __future__ import annotations

import json
import os
import platform
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.result import FOLDER

PAGE = Path("docs/performance.md")


def write() -> Path:
    """Write the page from what was measured last, with the machine and the date."""
    files = sorted(FOLDER.glob("*.json"))
    lines = [
        "# Performance",
        "",
        "Made by `python -m benchmarks page` from `build/bench/*.json`. Each figure stands beside a reference that ran in",
        "turn with it on the same machine; the ratio is of CPU seconds, above 1 the library is cheaper.",
        "",
        f"{datetime.now(UTC):%Y-%m-%d}, {os.cpu_count()} cores ({platform.machine()}), Python {platform.python_version()}.",
        "",
        "| figure | ours | reference | ratio | CPU s | reference CPU s | repeats | note |",
        "|---|---:|---:|---:|---:|---:|---:|---|",
    ]
    for file in files:
        for r in json.loads(file.read_text()):
            lines.append(
                f"| {r['name']} | {r['value']:,} {r['unit']} | {r['reference_value']:,} {r['unit']} ({r['reference']}) "
                f"| {r['ratio']:.2f} | {r['cpu_seconds']} | {r['reference_cpu_seconds']} | {r['repeats']} | {r['note']} |"
            )
    PAGE.write_text("\n".join(lines) + "\n")
    return PAGE
