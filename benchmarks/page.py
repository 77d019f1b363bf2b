"""docs/performance.md, made from the files of build/bench: nothing in it is typed by hand."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from benchmarks.result import FOLDER

PAGE = Path("docs/performance.md")
_CHAOS = "chaos.json"
_HEAD = (
    "# Performance",
    "",
    "Made by `python -m benchmarks page` from `build/bench/*.json`. Each figure stands beside a reference that ran",
    "in turn with it on the same machine, of two cores and with Python 3.11; the ratio is of CPU seconds, above 1 the",
    "library is cheaper.",
    "",
    "| figure | ours | reference | ratio | CPU s | reference CPU s | repeats | note | day |",
    "|---|---:|---:|---:|---:|---:|---:|---|---|",
)
_COLUMNS = 9
_WRONG = {
    "doubled": "doubled",
    "lost": "lost",
    "taken_back": "of aborted transactions",
    "misplaced": "good rows and dead letters mixed up",
    "not_newest": "merged keys not at their newest",
}


def write() -> Path:
    """Put what was measured here into the page; figures and kills of other days stay as they are."""
    before = PAGE.read_text().splitlines() if PAGE.exists() else []
    rows = {
        line.split(" | ")[0]: line for line in before if line.startswith("| ") and line.count(" | ") == _COLUMNS - 1
    }
    kept = dict(list(rows.items())[1:])  # behind the head
    for file in sorted(file for file in FOLDER.glob("*.json") if file.name != _CHAOS):
        day = datetime.fromtimestamp(file.stat().st_mtime, UTC).date()
        kept |= {line.split(" | ")[0]: line for line in (_row(r, day) for r in json.loads(file.read_text()))}
    chaos = _chaos(FOLDER / _CHAOS)
    if not chaos and "## Chaos" in before:
        chaos = ["", *before[before.index("## Chaos") :]]
    PAGE.write_text("\n".join([*_HEAD, *kept.values(), *chaos]) + "\n")
    return PAGE


def _row(r: dict[str, Any], day: date) -> str:
    theirs = f"{r['reference_value']:,} {r['unit']} ({r['reference']})"
    cells = [r["name"], f"{r['value']:,} {r['unit']}", theirs, f"{r['ratio']:.2f}"]
    cells += [str(r[key]) for key in ("cpu_seconds", "reference_cpu_seconds", "repeats", "note")]
    return f"| {' | '.join([*cells, f'{day}'])} |"


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
