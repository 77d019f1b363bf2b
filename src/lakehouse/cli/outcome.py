"""What came of a quickstart: the facts of ``build/run.json``."""

from __future__ import annotations

import platform
from dataclasses import dataclass, field
from importlib.metadata import version
from typing import Any

from lakehouse.pipeline.run import Built
from lakehouse.serving.protocol import Probe


@dataclass(kw_only=True)
class Outcome:
    """What ``build/run.json`` holds."""

    produced_by_topic: dict[str, int] = field(default_factory=dict)
    dead_letters: dict[str, int] = field(default_factory=dict)
    bronze_rows: int = 0
    replayed: int = 0
    built: list[Built] = field(default_factory=list)
    gold: dict[str, int] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)
    probes: tuple[Probe, ...] = ()
    readable_after: float | None = None

    @property
    def produced(self) -> int:
        """Records of all topics."""
        return sum(self.produced_by_topic.values())

    @property
    def balanced(self) -> bool:
        """Whether every record that was produced is in the table, as a good row or as a dead letter.

        A dead letter that was replayed is both.
        """
        return self.produced == self.bronze_rows + sum(self.dead_letters.values()) - self.replayed

    @property
    def silver_rows(self) -> int:
        """Rows of all silver tables."""
        return sum(one.rows for one in self.built if one.table.startswith("silver."))

    def to_dict(self) -> dict[str, Any]:
        """Give it as plain data."""
        return {
            "produced": self.produced,
            "produced_by_topic": self.produced_by_topic,
            "bronze_rows": self.bronze_rows,
            "dead_letters": sum(self.dead_letters.values()),
            "replayed": self.replayed,
            "dead_letters_by_reason": self.dead_letters,
            "balanced": self.balanced,
            "silver_rows": self.silver_rows,
            "gold": self.gold,
            "warehouse": {
                "tables": len(self.probes),
                "right": sum(one.right for one in self.probes),
                "readable_seconds_after_publish": self.readable_after,
            },
            "quality": {one.table: one.score.score for one in self.built if one.score},
            "seconds": self.seconds,
            "versions": versions(),
        }


def versions() -> dict[str, str]:
    """Give the versions that a figure depends on."""
    return {"python": platform.python_version()} | {
        name: version(name) for name in ("lakehouse", "pyspark", "pyiceberg", "duckdb")
    }
