"""Rules on how the columns of a row fit together."""

from __future__ import annotations

from dataclasses import dataclass

from pyspark.sql import Column
from pyspark.sql import functions as F

from lakehouse.quality.rule import Dimension, RowRule, Severity


@dataclass(frozen=True, init=False)
class Holds(RowRule):
    """A condition over the whole row, in SQL; null where a column that it needs is null: then nothing is judged."""

    condition: str

    dimension = Dimension.CONSISTENCY
    kind = "holds"

    def __init__(
        self, name: str, condition: str, *, severity: Severity = Severity.ERROR, weight: float = 1.0, because: str = ""
    ) -> None:
        self._fill(name=name, condition=condition, severity=severity, weight=weight, because=because)
        super().__post_init__()

    def holds(self) -> Column:
        """Give the condition."""
        return F.expr(self.condition)
