"""docs/performance.md, made from the files of build/bench: nothing in it is typed by hand."""

from __future__ import annotations

import json
import os
import platform
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.result import FOLDER

PAGE = Path("docs/performance.md")
_CHAOS = "chaos.json"
_WRONG = {
    "doubled": "doubled",
    "lost": "lost",
    "taken_back": "of aborted transactions",
    "misplaced": "good rows and dead letters mixed up",
    "not_newest": "merged keys not at their newest",
}


def write() -> Path:
    """Write the page from what was measured last, with the machine and the date."""
    files = sorted(file for file in FOLDER.glob("*.json") if file.name != _CHAOS)
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
    lines += _chaos(FOLDER / _CHAOS)
    PAGE.write_text("\n".join(lines) + "\n")
    return PAGE


def _chaos(file: Path) -> list[str]:
    """Give the section about the streams that were killed; nothing where that was not run."""
    if not file.exists():
        return []
    facts = json.loads(file.read_text())
    wrong = ", ".join(f"{facts[key]:,} {text}" for key, text in _WRONG.items())
    return [
        "",
        "## Chaos",
        "",
        f"Streams ({'; '.join(facts['streams'])}) were killed with SIGKILL {facts['kills']:,} times and started again",
        f"until they had caught up, with a count of every number {facts['counts']:,} times in between:",
        f"{facts['records']:,} records, {facts['aborted']:,} of aborted transactions beside them,",
        f"{facts['restarts']:,} restarts, {facts['seconds']:,} seconds, seed {facts['seed']}. Found: {wrong}.",
        *_counted("killed when", facts["by_moment"]),
        *_counted("what was left behind", facts["left_behind"]),
    ]


def _counted(title: str, counts: dict[str, int]) -> list[str]:
    rows = [f"| {name} | {count:,} |" for name, count in counts.items()]
    return ["", f"| {title} | kills |", "|---|---:|", *rows]
