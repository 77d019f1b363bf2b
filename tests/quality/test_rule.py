from __future__ import annotations

import math
from collections.abc import Callable

import pytest
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from lakehouse.errors import ContractError
from lakehouse.quality.check_digits import Iban, Luhn
from lakehouse.quality.codes import CountryCode, CurrencyCode, LanguageCode
from lakehouse.quality.completeness import Complete, NotBlank, NotEmpty, NotNull, RequiredIf
from lakehouse.quality.consistency import DerivedFrom, Holds, Ordered, SumOf
from lakehouse.quality.formats import EmailSyntax, IpAddress, JsonText, PhoneSyntax, Url, Uuid
from lakehouse.quality.rule import Col, RowRule, Rule, Severity
from lakehouse.quality.validity import Between, CastableTo, Finite, Length, Matches, OneOf

EACH: list[tuple[Rule, str]] = [
    (NotNull(), "text"), (NotBlank(), "text"), (NotEmpty(), "list"), (RequiredIf("number > 1"), "text"),
    (Complete("text", "number"), ""), (Matches("a+"), "text"), (Length(1, 2), "text"), (Between(0, 1), "number"),
    (Between(0, 1), "text"), (Between(Col("number"), 9), "number"), (Finite(), "number"), (OneOf("a"), "text"),
    (OneOf(1), "text"), (CastableTo("date"), "text"), (EmailSyntax(), "text"), (PhoneSyntax(), "text"),
    (Uuid(), "text"), (Iban(), "text"), (Luhn(), "text"), (CountryCode(), "text"), (CurrencyCode(), "text"),
    (LanguageCode(), "text"), (Url(), "text"), (IpAddress(), "text"), (JsonText(), "text"),
    (Holds("h", "number > 0"), ""), (Ordered("text", "text2"), ""),
    (DerivedFrom("number + 1", tolerance=0.1), "number"), (SumOf("number"), "number"),
]  # fmt: skip


@pytest.mark.parametrize(("rule", "column"), EACH, ids=lambda value: getattr(value, "kind", value))
def test_no_rule_takes_its_stage_out_of_code_generation(
    spark: SparkSession, capsys: pytest.CaptureFixture[str], rule: Rule, column: str
) -> None:
    made = "nullif(string(id), '1') text", "string(id) text2", "nullif(double(id), 1) number", "array(id) list"
    value = F.col(column or "text")
    spark.range(9).selectExpr(*made).select(rule.violated(value), rule.assessed(value)).explain()
    assert "*(1) Project" in capsys.readouterr().out


@pytest.mark.parametrize("weight", [0, -1, math.nan, math.inf])
def test_a_weight_that_cannot_be_summed_is_refused(weight: float) -> None:
    with pytest.raises(ContractError, match="greater than 0"):
        NotNull(weight=weight)


@pytest.mark.parametrize("make", [OneOf, Complete, Ordered, SumOf])
def test_rules_with_any_number_of_arguments_have_the_common_ones_too(make: Callable[..., Rule]) -> None:
    rule = make("a", "b", name="n", severity=Severity.WARN, weight=2.0, because="b")
    assert (rule.name, rule.severity, rule.weight, rule.because) == ("n", Severity.WARN, 2.0, "b")
    assert make("a", "b").severity is Severity.ERROR


def test_an_argument_that_a_rule_does_not_have_is_refused() -> None:
    with pytest.raises(TypeError, match="OneOf has no argument 'wieght'"):
        OneOf("a", wieght=2.0)  # type: ignore[call-arg]


def test_rules_are_equal_when_all_they_say_is_equal() -> None:
    assert OneOf("a") == OneOf("a") != OneOf("b")
    assert hash(Ordered("a", "b")) == hash(Ordered("a", "b"))


def test_a_rule_shows_what_it_says() -> None:
    assert "condition='a > 0'" in repr(Holds("positive", "a > 0"))


def test_a_column_as_an_argument_needs_a_name() -> None:
    with pytest.raises(ContractError, match="name of a column"):
        Col(" ")


def test_rules_of_the_row_are_told_by_their_class() -> None:
    rules = Holds("h", "true"), Complete("a"), Ordered("a", "b"), SumOf("a")
    assert [isinstance(rule, RowRule) for rule in rules] == [True, True, True, False]
