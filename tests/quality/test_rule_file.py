"""Rules from a file: what they become, and what is said of one that cannot be used."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from lakehouse.errors import ConfigError
from lakehouse.quality import Between, Col, Fresh, Holds, Matches, NotNull, OneOf, Rule, Severity, Unique
from lakehouse.quality.rule_file import parse_rules, rule_kinds

GOOD = """
[["silver.users"]]
rule = "matches"
column = "postcode"
pattern = "[0-9]{4,5}"
severity = "warn"
weight = 0.5
because = "The carrier knows no others"

[["silver.users"]]
rule = "one_of"
column = "gender"
values = ["female", "male"]

[["silver.users"]]
rule = "between"
column = "born_on"
low = 1900-01-01
high = { column = "registered_on" }

[["silver.users"]]
rule = "unique"
columns = ["user_id"]

[["silver.users"]]
rule = "fresh"
column = "updated_at"
within = "2 h"

[["silver.users"]]
rule = "holds"
name = "adult"
condition = "age >= 18"

[["gold.dim_user"]]
rule = "not_null"
column = "country"
"""

EXPECTED: list[tuple[str, Rule]] = [
    ("postcode", Matches("[0-9]{4,5}", severity=Severity.WARN, weight=0.5, because="The carrier knows no others")),
    ("gender", OneOf("female", "male")),
    ("born_on", Between(date(1900, 1, 1), Col("registered_on"))),
    ("", Unique("user_id")),
    ("", Fresh(column="updated_at", within=timedelta(hours=2))),
    ("", Holds("adult", "age >= 18")),
]


def test_a_file_gives_the_rules_that_code_would() -> None:
    assert parse_rules(GOOD, file="rules.toml") == {
        "silver.users": EXPECTED,
        "gold.dim_user": [("country", NotNull())],
    }


def test_yaml_says_the_same() -> None:
    text = """
silver.users:
  - {rule: one_of, column: gender, values: [female, male]}
  - {rule: holds, name: adult, condition: age >= 18}
"""
    assert parse_rules(text, file="rules.yaml") == {"silver.users": [EXPECTED[1], EXPECTED[5]]}


@pytest.mark.parametrize(
    ("entry", "told"),
    [
        ('rule = "not_nul"\ncolumn = "a"', "silver.t, rule 1: there is no rule 'not_nul'; did you mean 'not_null'?"),
        ('rule = "matches"\ncolumn = "a"\npatern = "x"', "matches has no argument 'patern'; did you mean 'pattern'?"),
        ('rule = "matches"\ncolumn = "a"\npattern = "("', "is no regular expression"),
        ('rule = "matches"\ncolumn = "a"', "matches needs pattern"),
        ('rule = "not_null"\ncolumn = "a"\nweight = -1', "a weight is a number greater than 0"),
        ('rule = "not_null"\ncolumn = "a"\nseverity = "bad"', "'bad' is not a valid Severity"),
        (
            'rule = "fresh"\ncolumn = "a"\nwithin = "soon"',
            "'soon' is no length of time; write 30 s, 5 min, 2 h or 3 days",
        ),
        ('column = "a"', "there is no rule None"),
    ],
)
def test_an_entry_that_cannot_be_used_is_told_with_its_place(entry: str, told: str) -> None:
    with pytest.raises(ConfigError) as error:
        parse_rules(f'[["silver.t"]]\n{entry}', file="rules.toml")
    assert told in str(error.value)
    assert "rules.toml" in str(error.value)


def test_all_wrong_entries_are_told_at_once() -> None:
    with pytest.raises(ConfigError) as error:
        parse_rules('[["a.b"]]\nrule = "x"\n[["a.b"]]\nrule = "y"', file="rules.toml")
    assert str(error.value).count("there is no rule") == 2


@pytest.mark.parametrize(
    ("text", "file"), [("[[", "r.toml"), ("a: [", "r.yaml"), ("- 1", "r.yml"), ("a = 1", "r.toml")]
)
def test_what_is_no_file_of_rules_is_told(text: str, file: str) -> None:
    with pytest.raises(ConfigError, match=file):
        parse_rules(text, file=file)


def test_each_kind_of_rule_has_a_name_of_its_own() -> None:
    kinds = rule_kinds()
    assert len(set(kinds.values())) == len(kinds) >= 35
