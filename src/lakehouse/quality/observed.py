"""Scores that cost no scan: counted while the rows are written."""

from __future__ import annotations

import threading
import uuid
from dataclasses import dataclass
from typing import Any

from pyspark.sql import DataFrame, Observation

from lakehouse.quality.rule_set import RuleSet
from lakehouse.quality.score import aggregates, score_of
from lakehouse.quality.table_score import TableScore


@dataclass(frozen=True)
class Observed:
    """Counts that arrive when the observed rows have been written."""

    observation: Observation
    rules: RuleSet

    def score(self, *, timeout_seconds: float = 20) -> TableScore | None:
        """Give the score, or None when the engine did not deliver it: then the written rows have to be measured.

        ``Observation.get`` blocks for ever when the optimiser removed the observed node (SPARK-54620), so it is asked
        on a thread that nobody waits for longer than this.
        """
        found: list[dict[str, Any]] = []

        def ask() -> None:
            try:
                found.append(self.observation.get)
            except Exception:
                # Whatever it is, there are no counts here; the caller measures the rows instead.
                return

        asking = threading.Thread(target=ask, daemon=True)
        asking.start()
        asking.join(timeout_seconds)
        try:
            return score_of(self.rules, found[0]) if found else None
        except KeyError:
            return None


def observe(df: DataFrame, rules: RuleSet) -> tuple[DataFrame, Observed]:
    """Attach the counts of a score to rows that have their mask. Rows and columns: unchanged."""
    observation = Observation(f"quality-{uuid.uuid4().hex[:12]}")
    first, *others = aggregates(rules)
    return df.observe(observation, first, *others), Observed(observation, rules)
