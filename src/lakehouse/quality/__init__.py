"""Rules, scores, the gate and the report."""

from lakehouse.quality.gate import Decision, decide
from lakehouse.quality.mask import with_quality
from lakehouse.quality.observed import Observed, observe
from lakehouse.quality.rule_set import RuleSet, rule_set
from lakehouse.quality.rules import (
    Between,
    Dimension,
    EmailSyntax,
    Holds,
    Matches,
    NotBlank,
    NotNull,
    OneOf,
    Rule,
    Severity,
    Uuid,
)
from lakehouse.quality.score import measure, require, score
from lakehouse.quality.table_score import RuleScore, TableScore

__all__ = [
    "Between", "Decision", "Dimension", "EmailSyntax", "Holds", "Matches", "NotBlank", "NotNull", "Observed", "OneOf",
    "Rule", "RuleScore", "RuleSet", "Severity", "TableScore", "Uuid", "decide", "measure", "observe", "require",
    "rule_set", "score", "with_quality",
]  # fmt: skip
