"""What a benchmark says, and where it is kept."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

FOLDER = Path("build/bench")


@dataclass(frozen=True, kw_only=True)
class Result:
    """One figure beside its reference. ``ratio`` is ours to the reference's: above 1 ours is better."""

    name: str
    value: float
    unit: str
    reference: str
    reference_value: float
    ratio: float
    repeats: int
    cpu_seconds: float
    reference_cpu_seconds: float
    note: str = ""


def save(name: str, results: list[Result]) -> Path:
    """Write the results of a benchmark as a JSON list."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    file = FOLDER / f"{name}.json"
    file.write_text(json.dumps([asdict(result) for result in results], indent=2, ensure_ascii=False) + "\n")
    return file
