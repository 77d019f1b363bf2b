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
        "Made by `python -m benchmarks page` from `build/bench/*.json`. Each figure stands beside a reference that ran",
        "in turn with it on the same machine; the ratio is of CPU seconds, above 1 the library is cheaper.",
        "",
        f"{datetime.now(UTC):%Y-%m-%d}, {os.cpu_count()} cores, Python {platform.python_version()}.",
        "",
        "| figure | ours | reference | ratio | CPU s | reference CPU s | repeats | note |",
        "|---|---:|---:|---:|---:|---:|---:|---|",
    ]
    for file in files:
        for r in json.loads(file.read_text()):
            theirs = f"{r['reference_value']:,} {r['unit']} ({r['reference']})"
            cells = [r["name"], f"{r['value']:,} {r['unit']}", theirs, f"{r['ratio']:.2f}"]
            cells += [str(r[key]) for key in ("cpu_seconds", "reference_cpu_seconds", "repeats", "note")]
            lines.append(f"| {' | '.join(cells)} |")
    PAGE.write_text("\n".join(lines) + "\n")
    return PAGE
