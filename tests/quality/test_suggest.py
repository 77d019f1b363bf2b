from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from pyspark.sql import DataFrame, SparkSession

import lakehouse
import lakehouse.quality
from lakehouse.contract.table import TableSpec, spec_of
from lakehouse.quality import (
    Between,
    Col,
    EmailSyntax,
    Fresh,
    Holds,
    Length,
    Matches,
    NotNull,
    OneOf,
    RequiredIf,
    Rule,
    Severity,
    Unique,
    UniqueApprox,
)
from lakehouse.quality.profile import ColumnProfile, Profile, profile
from lakehouse.quality.rule_code import Suggestion, code, source_of
from lakehouse.quality.rule_set import BoundRule, RuleSet
from lakehouse.quality.score import measure
from lakehouse.quality.suggest import suggest

ROWS = 400
HOLDING = (NotNull, OneOf, Between, Length)
SQL = f"""
SELECT id AS order_id, concat('user', id, '@example.org') AS email,
  element_at(array('open', 'it\\'s "paid"'), 1 + int(id % 2)) AS status,
  int(id % 90) - 7 AS age, double(id) / 7 AS price, float(0.1) * float(id % 3) AS rate, decimal(id * 1.25) AS amount,
  date_add(date'2021-12-31', int(id)) AS day,
  timestamp'2023-12-31 23:30:00' + make_interval(0, 0, 0, 0, int(id)) AS seen,
  concat('AB-', lpad(id, 4, '0')) AS code, element_at(array('DE', 'NO', 'FR'), 1 + int(id % 3)) AS country,
  repeat('wörd ', 1 + int(id % 13)) AS remark, if(id % 5 = 0, NULL, id % 17) AS gaps, uuid() AS token,
  int(10 * (id % 3)) AS step, array(id) AS ids, named_struct('x', id) AS spot, id AS `class`,
  bigint(9223372036854775807) - id AS huge, double('NaN') AS nan
FROM range({ROWS})
"""


@dataclass(frozen=True)
class Made:
    """Rows, and what was suggested from them."""

    rows: DataFrame
    suggestions: tuple[Suggestion, ...]

    def of(self, column: str) -> list[Rule]:
        return [one.rule for one in self.suggestions if one.column == column]


@pytest.fixture(scope="module")
def made(spark: SparkSession) -> Made:
    rows = spark.sql(SQL).coalesce(1)
    return Made(rows, suggest(profile(rows)))


def declared(text: str) -> TableSpec:
    """Paste code into a class and declare it as a table."""
    lines = text.splitlines()
    imports = [line.removeprefix("    # ") for line in lines if line.startswith("    # from ")]
    body = [
        "import lakehouse",
        *imports,
        "@lakehouse.table('silver.pasted')",
        "class Pasted(lakehouse.Schema):",
        *lines,
    ]
    space: dict[str, Any] = {"__name__": __name__}
    # Not with this module's import from the future.
    exec(compile("\n".join(body), "pasted", "exec", dont_inherit=True), space)
    return spec_of(space["Pasted"])


def test_suggestions_hold_on_the_rows_that_they_were_made_from(made: Made) -> None:
    bound = [
        BoundRule(name=f"{one.column}_{one.rule.kind}", column=one.column, rule=one.rule)
        for one in made.suggestions
        if isinstance(one.rule, HOLDING)
    ]
    found = measure(made.rows, RuleSet(table="silver.made", rules=tuple(bound)))
    assert {type(one.rule) for one in bound} >= set(HOLDING)
    assert [(rule.name, rule.failed) for rule in found.rules if rule.score != 1] == []


@pytest.mark.parametrize(
    ("column", "expected"),
    [
        ("order_id", [NotNull(), Unique("order_id")]),
        ("email", [NotNull(), EmailSyntax(), Unique("email")]),
        ("status", [NotNull(), OneOf('it\'s "paid"', "open")]),
        ("age", [NotNull(), Between(-10, 90)]),
        ("price", [NotNull(), Between(0, 60)]),
        ("day", [NotNull(), Between(date(2021, 1, 1), date(2023, 12, 31))]),
        ("code", [NotNull(), Matches("[A-Z]{2}-[0-9]{4}"), Unique("code")]),
        ("gaps", [Between(0, 20)]),
        ("step", [NotNull(), OneOf(0, 10, 20)]),
        ("ids", [NotNull()]),
        ("nan", [NotNull()]),
    ],
)
def test_a_column_gets_the_rules_that_fit_it(made: Made, column: str, expected: list[Rule]) -> None:
    assert made.of(column) == expected


def test_formats_are_told_by_patterns_and_codes_by_the_name_too(made: Made) -> None:
    assert [rule.kind for rule in made.of("country")] == ["not_null", "country_code"]
    assert [rule.kind for rule in made.of("token")] == ["not_null", "uuid", "unique"]


def test_evidence_has_the_figures(made: Made) -> None:
    said = [one.evidence for one in made.suggestions if one.column == "email"]
    assert said == ["0 of 400 null", "100% of 400 sampled look like an address", "no value occurs twice in 400 rows"]


def test_the_same_rows_give_the_same_code(made: Made) -> None:
    without = made.rows.select("status", "age", "code")
    assert code(suggest(profile(without))) == code(suggest(profile(without.repartition(3))))


def test_pasted_code_declares_a_table_with_the_suggested_rules(made: Made) -> None:
    spec = declared(code(made.suggestions))
    pasted = {column.name: [mark for mark in column.marks if isinstance(mark, Rule)] for column in spec.columns}
    marks = {name: [rule for rule in made.of(name) if not isinstance(rule, Unique)] for name in made.rows.columns}
    assert pasted == {name: rules for name, rules in marks.items() if rules and name not in {"class", "spot"}}
    types = dict(made.rows.dtypes)
    assert [(one.name, one.type.simpleString()) for one in spec.columns] == [(name, types[name]) for name in pasted]


def test_what_cannot_be_an_annotation_is_a_comment(made: Made) -> None:
    lines = code(made.suggestions).splitlines()
    assert '    # in @table(…, rules=(…)): Unique("code"),  # no value occurs twice in 400 rows' in lines
    assert "    # 'class': NotNull()  # 0 of 400 null" in lines
    assert "    # 'spot': NotNull()  # 0 of 400 null" in lines


def test_a_line_is_an_annotation_with_its_evidence() -> None:
    column = ColumnProfile(
        name="email",
        type="string",
        shortest=9,
        longest=30,
        distinct=90_000,
        sampled=1000,
        formats=(("email_syntax", 991),),
    )
    lines = code(suggest(Profile(rows=92_243, sampled=1000, columns=(column,)))).splitlines()
    assert lines[-1] == (
        "    email: Annotated[Column[StringType], NotNull(), EmailSyntax()]"
        "  # 0 of 92,243 null; 99.1% of 1,000 sampled look like an address"
    )


def test_values_with_line_ends_and_quotes_stay_values(spark: SparkSession) -> None:
    wild = ['a"b', "c'd", "e\n    import os", "f\\"]
    text = code(suggest(profile(spark.createDataFrame([(one,) for one in wild] * 50, "v string"))))
    marks = declared(text).column("v").marks
    assert OneOf(*sorted(wild)) in marks


def test_nothing_is_suggested_from_few_values(spark: SparkSession) -> None:
    few = spark.range(99).selectExpr("id", "'x' AS v")
    assert suggest(profile(few)) == ()
    assert code(()) == ""


def test_hidden_columns_get_no_rule_that_tells_a_value(made: Made) -> None:
    hidden = suggest(profile(made.rows.select("status", "age", "email"), hidden=("status", "age", "email")))
    assert [(one.column, one.rule.kind) for one in hidden] == [
        ("status", "not_blank"), ("status", "length"), ("age", "not_null"),
        ("email", "not_null"), ("email", "email_syntax"), ("email", "unique"),
    ]  # fmt: skip


CHOICE = ColumnProfile(
    name="v", type="string", minimum="a", maximum="b", distinct=2, shortest=1, longest=1, sampled=500, commonest=300,
    choices=("a", "b"),
)  # fmt: skip


@pytest.mark.parametrize(
    ("column", "one_of"),
    [
        (CHOICE, True),
        (replace(CHOICE, distinct=3), False),
        (replace(CHOICE, maximum="c"), False),
        (replace(CHOICE, choices=()), False),
    ],
)
def test_a_choice_of_a_sample_is_suggested_only_if_the_scan_saw_no_other_value(
    column: ColumnProfile, one_of: bool
) -> None:
    found = suggest(Profile(rows=1000, sampled=500, columns=(column,)))
    assert any(isinstance(one.rule, OneOf) for one in found) == one_of


@pytest.mark.parametrize(("distinct", "commonest", "unique"), [(980, 1, True), (900, 1, False), (980, 2, False)])
def test_a_key_is_told_by_an_estimate_and_by_no_value_twice_in_the_sample(
    distinct: int, commonest: int, unique: bool
) -> None:
    key = ColumnProfile(name="k", type="bigint", distinct=distinct, sampled=500, commonest=commonest)
    found = [one for one in suggest(Profile(rows=1000, sampled=500, columns=(key,))) if isinstance(one.rule, Unique)]
    assert [one.evidence for one in found] == ["about 980 different in 1,000 rows, approximate"] * unique


@pytest.mark.parametrize(
    ("rule", "source"),
    [
        (NotNull(), "NotNull()"),
        (NotNull(weight=0.5, severity=Severity.WARN), "NotNull(severity=Severity.WARN, weight=0.5)"),
        (OneOf("a", 'b"', name="x"), """OneOf("a", 'b"', name="x")"""),
        (Between(0, Col("most")), 'Between(0, Col("most"))'),
        (Between(Decimal("0.5"), 100_000), "Between(Decimal('0.5'), 100_000)"),
        (Between(0.5, float("inf")), 'Between(0.5, float("inf"))'),
        (Between(datetime(2024, 1, 1, tzinfo=UTC), datetime(2025, 1, 1, tzinfo=UTC)),
         "Between(datetime(2024, 1, 1, 0, 0, tzinfo=UTC), datetime(2025, 1, 1, 0, 0, tzinfo=UTC))"),
        (UniqueApprox("a", severity=Severity.ERROR), 'UniqueApprox("a", severity=Severity.ERROR)'),
        (UniqueApprox("a"), 'UniqueApprox("a")'),
        (Fresh(column="at", within=timedelta(hours=6)), 'Fresh(column="at", within=timedelta(seconds=21600))'),
        (Holds("paid", "a > 0"), 'Holds("paid", "a > 0")'),
        (RequiredIf("a", because="why"), 'RequiredIf("a", because="why")'),
        (Matches(r"\d"), r'Matches("\\d")'),
    ],
)  # fmt: skip
def test_the_source_of_a_rule_makes_the_same_rule(rule: Rule, source: str) -> None:
    names = {**vars(lakehouse.quality), "Decimal": Decimal, "datetime": datetime, "timedelta": timedelta, "UTC": UTC}
    assert source_of(rule) == source
    assert eval(source, names) == rule
