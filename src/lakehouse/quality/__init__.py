"""Rules, scores, the gate and the report."""

from lakehouse.quality.completeness import NotBlank, NotNull
from lakehouse.quality.consistency import Holds
from lakehouse.quality.formats import EmailSyntax, Uuid
from lakehouse.quality.gate import Decision, decide
from lakehouse.quality.mask import with_quality
from lakehouse.quality.observed import Observed, observe
from lakehouse.quality.rule import Col, Dimension, RowRule, Rule, Severity
from lakehouse.quality.rule_set import RuleSet, rule_set
from lakehouse.quality.score import measure, require, score
from lakehouse.quality.table_score import RuleScore, TableScore
from lakehouse.quality.validity import Between, Matches, OneOf

__all__ = [
    "Between", "Col", "Decision", "Dimension", "EmailSyntax", "Holds", "Matches", "NotBlank", "NotNull", "Observed",
    "OneOf", "RowRule", "Rule", "RuleScore", "RuleSet", "Severity", "TableScore", "Uuid", "decide", "measure",
    "observe", "require", "rule_set", "score", "with_quality",
]  # fmt: skip
