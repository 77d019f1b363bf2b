"""Rules, scores, the gate and the report."""

from lakehouse.quality.check_digits import Iban, Luhn
from lakehouse.quality.codes import CountryCode, CurrencyCode, LanguageCode
from lakehouse.quality.completeness import Complete, NotBlank, NotEmpty, NotNull, RequiredIf
from lakehouse.quality.consistency import DerivedFrom, Holds, Ordered, SumOf
from lakehouse.quality.formats import EmailSyntax, IpAddress, JsonText, PhoneSyntax, Url, Uuid
from lakehouse.quality.gate import Decision, decide
from lakehouse.quality.mask import with_quality
from lakehouse.quality.observed import Observed, observe
from lakehouse.quality.rule import Col, Dimension, RowRule, Rule, Severity
from lakehouse.quality.rule_set import RuleSet, rule_set
from lakehouse.quality.score import measure, require, score
from lakehouse.quality.table_score import RuleScore, TableScore
from lakehouse.quality.validity import Between, CastableTo, Finite, Length, Matches, OneOf

__all__ = [
    "Between", "CastableTo", "Col", "Complete", "CountryCode", "CurrencyCode", "Decision", "DerivedFrom", "Dimension",
    "EmailSyntax", "Finite", "Holds", "Iban", "IpAddress", "JsonText", "LanguageCode", "Length", "Luhn", "Matches",
    "NotBlank", "NotEmpty", "NotNull", "Observed", "OneOf", "Ordered", "PhoneSyntax", "RequiredIf", "RowRule", "Rule",
    "RuleScore", "RuleSet", "Severity", "SumOf", "TableScore", "Url", "Uuid", "decide", "measure", "observe", "require",
    "rule_set", "score", "with_quality",
]  # fmt: skip
