"""Rules, scores, the gate and the report."""

from lakehouse.quality.accuracy import Agrees, Distribution, References
from lakehouse.quality.check_digits import Iban, Luhn
from lakehouse.quality.codes import CountryCode, CurrencyCode, LanguageCode
from lakehouse.quality.completeness import Complete, NotBlank, NotEmpty, NotNull, RequiredIf
from lakehouse.quality.consistency import DerivedFrom, Holds, Ordered, SumOf
from lakehouse.quality.formats import Email, EmailSyntax, IpAddress, JsonText, PhoneNumber, PhoneSyntax, Url, Uuid
from lakehouse.quality.gate import Decision, Gate, Policy, decide
from lakehouse.quality.mask import with_kept_quality, with_quality
from lakehouse.quality.observed import Observed, observe
from lakehouse.quality.rule import Col, Dimension, RowRule, Rule, Severity
from lakehouse.quality.rule_set import RuleSet, rule_set
from lakehouse.quality.score import measure, require, score
from lakehouse.quality.table_rule import Facts, Finding, TableRule
from lakehouse.quality.table_score import RuleScore, ScoredAt, TableScore
from lakehouse.quality.timeliness import Arrived, Fresh, NotInFuture
from lakehouse.quality.uniqueness import Unique, UniqueApprox
from lakehouse.quality.validity import Between, CastableTo, Finite, Length, Matches, OneOf
from lakehouse.quality.volume import HasColumns, RowCount, RowCountAsBefore

__all__ = [
    "Agrees", "Arrived", "Between", "CastableTo", "Col", "Complete", "CountryCode", "CurrencyCode", "Decision",
    "DerivedFrom", "Dimension", "Distribution", "Email", "EmailSyntax", "Facts", "Finding", "Finite", "Fresh", "Gate",
    "HasColumns", "Holds", "Iban", "IpAddress", "JsonText", "LanguageCode", "Length", "Luhn", "Matches", "NotBlank",
    "NotEmpty", "NotInFuture", "NotNull", "Observed", "OneOf", "Ordered", "PhoneNumber", "PhoneSyntax", "Policy",
    "References", "RequiredIf", "RowCount", "RowCountAsBefore", "RowRule", "Rule", "RuleScore", "RuleSet", "ScoredAt",
    "Severity", "SumOf", "TableRule", "TableScore", "Unique", "UniqueApprox", "Url", "Uuid", "decide", "measure",
    "observe", "require", "rule_set", "score", "with_kept_quality",
    "with_quality",
]  # fmt: skip
