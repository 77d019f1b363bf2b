"""Data contracts of the Open Data Contract Standard: read as a file of rules, and written from a contract."""

from __future__ import annotations

import re
import sys
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from pyspark.sql.types import BinaryType, IntegerType, LongType, StringType, TimestampType

from lakehouse import Column, Pii, Schema, Scored, doc, required, table
from lakehouse.contract.schema import ArrayType, MapType, StructType
from lakehouse.contract.table import TableSpec, spec_of
from lakehouse.errors import ConfigError, ContractError, MissingExtraError
from lakehouse.quality import (
    Agrees,
    Arrived,
    Between,
    CastableTo,
    Col,
    Complete,
    CountryCode,
    CurrencyCode,
    DerivedFrom,
    Distribution,
    Email,
    EmailSyntax,
    Finite,
    Fresh,
    Gate,
    HasColumns,
    Holds,
    Iban,
    IpAddress,
    JsonText,
    LanguageCode,
    Length,
    Luhn,
    Matches,
    NotBlank,
    NotEmpty,
    NotInFuture,
    NotNull,
    OneOf,
    Ordered,
    PhoneNumber,
    PhoneSyntax,
    References,
    RequiredIf,
    RowCount,
    RowCountAsBefore,
    RowRule,
    Rule,
    Severity,
    SumOf,
    TableRule,
    Unique,
    UniqueApprox,
    Url,
    Uuid,
    rule_set,
)
from lakehouse.quality.odcs_pattern import pattern_from_odcs, pattern_to_odcs
from lakehouse.quality.odcs_write import to_odcs
from lakehouse.quality.rule_file import parse_rules, rule_kinds
from tests.cli.command_line import lakehouse

ROOT = Path(__file__).parent.parent.parent


class Place(Schema):
    city: Annotated[Column[StringType], doc("Where"), required, NotBlank()]


@table(
    "silver.people",
    key=("person_id",),
    rules=(Holds("adult", "age >= 18"), Unique("person_id"), Gate(minimum=0.9, rules={"adult": 1.0})),
)
class People(Scored):
    """One row per person."""

    person_id: Annotated[Column[StringType], doc("Identifier")]
    email: Annotated[Column[StringType], NotNull(weight=0.5), EmailSyntax(), Pii.CONTACT]
    age: Annotated[Column[IntegerType], doc("Age", unit="years"), Between(0, 150)]
    place: Annotated[Column[StructType[Place]], NotNull(severity=Severity.WARN, because="Letters are sent")]
    tags: Column[ArrayType[StringType]]
    counts: Column[MapType[StringType, LongType]]
    picture: Column[BinaryType]
    seen_at: Column[TimestampType]


PEOPLE = spec_of(People)
# Without rules, so that only those that are read stand in a set.
BARE = replace(
    PEOPLE, columns=tuple(replace(one, marks=(), fields=()) for one in PEOPLE.columns), rules=()
)  # fmt: skip

EACH: list[Rule] = [
    NotNull(), NotBlank(), NotEmpty(), RequiredIf("age > 1"), Complete("email", "age"),
    Matches("[0-9]{4,5}"), Matches("a|b"), Matches("(?:a|b)"), Matches("(?:a)(?:b)"), Matches(r"\s*\p{L}++\.?"),
    Matches(""), Matches(r"a\$"), Length(1, 5),
    Between(0, 1), Between(0.0, 1), Between(float("-inf"), 5), Between(Decimal("0.10"), Decimal("1E+3")),
    Between(date(1900, 1, 1), Col("seen_at")), Between(datetime(2026, 1, 1, 0, 0, 0, 5), datetime(2027, 1, 1)),
    Between(datetime(2026, 1, 1, tzinfo=UTC), datetime(2027, 1, 1, 1, 2, 3, 4, tzinfo=UTC)),
    Finite(), OneOf("NO", "1", "null", "", " a\n\x85b", "2026-01-01"), OneOf(1, 2.0), OneOf(True, False),
    CastableTo("decimal(12,2)"), EmailSyntax(), PhoneSyntax(), Uuid(), Iban(), Luhn(), CountryCode(), CurrencyCode(),
    Email(), PhoneNumber(), PhoneNumber(country="DE"), PhoneNumber(country=Col("nationality")),
    LanguageCode(), Url(), IpAddress(), JsonText(), Holds("h", "age > 0\n  -- a comment: here"),
    Ordered("age", "person_id"), DerivedFrom("age + 1", tolerance=0.1), SumOf("age", "age2", tolerance=1.0),
    Agrees(columns=("age",), table="gold.people", on=("person_id",)), Unique("email"), Unique("email", "age"),
    Unique("place.city"), UniqueApprox("email"), UniqueApprox("email", rsd=0.05, severity=Severity.ERROR),
    Fresh(column="seen_at", within=timedelta(days=3)), Fresh(column="seen_at", within=timedelta(hours=30)),
    Fresh(column="seen_at", within=timedelta(seconds=1, microseconds=7)), Fresh(column="seen_at", within=timedelta(0)),
    Arrived(column="seen_at", within=timedelta(minutes=90), arrival="came_at"), NotInFuture(column="seen_at"),
    References(columns=("age", "email"), table="gold.ages", keys=("a", "e")),
    Distribution(column="email", shares={None: 0.25, "NO": 0.75}), Distribution(column="email", shares={"column": 1.0}),
    RowCount(), RowCount(at_least=1), RowCount(at_most=9), RowCount(at_least=3, at_most=9),
    RowCount(at_least=4, at_most=4), RowCount(at_least=0, at_most=0), RowCountAsBefore(),
    RowCountAsBefore(within=0.25, last=5, least=2),
    HasColumns(types={"column": "int"}), HasColumns(types={"a": "int", "decimal": "string"}, others=False),
]  # fmt: skip
COMMON: list[dict[str, Any]] = [
    {},
    {"name": "a name: of its own", "severity": Severity.WARN, "weight": 0.3, "because": "Said\nin two # lines"},
]


def again(spec: TableSpec, *more: tuple[str, Rule]) -> tuple[list[tuple[str, Rule]], str]:
    """Write a contract with rules, and read it: the rules, and what was written."""
    text = to_odcs(spec, rule_set(spec, more=more))
    return parse_rules(text, file="c.yaml").get(spec.name, []), text


def column_of(rule: Rule) -> str:
    return "" if isinstance(rule, RowRule | TableRule) else "email"


def common_of(rule: Rule, more: dict[str, Any]) -> Rule:
    """Give a rule with other common arguments; its constructor may take its own by position."""
    changed = object.__new__(type(rule))
    changed.__dict__.update({**vars(rule), **more})
    return changed


def test_every_kind_of_rule_is_tried() -> None:
    ours = {kind for kind, rule in rule_kinds().items() if rule.__module__.startswith("lakehouse.")}
    assert ours - {rule.kind for rule in EACH} == set()


@pytest.mark.parametrize("common", COMMON, ids=["plain", "with all that rules have"])
@pytest.mark.parametrize("rule", EACH, ids=lambda rule: rule.kind)
def test_reading_what_was_written_gives_the_same_rule(rule: Rule, common: dict[str, Any]) -> None:
    wanted = (column_of(rule), common_of(rule, common))
    found, _ = again(BARE, wanted)
    assert found == [wanted]
    assert repr(found) == repr([wanted])


@settings(deadline=None)
@given(st.lists(st.text(), min_size=1), st.text(), st.text())
def test_any_text_comes_back(values: list[str], name: str, because: str) -> None:
    wanted = ("email", OneOf(*values, name=name or None, because=because))
    assert again(BARE, wanted)[0] == [wanted]


def test_a_contract_gives_its_rules_back_in_their_order_and_so_with_the_same_fingerprint() -> None:
    found, _ = again(PEOPLE)
    assert rule_set(BARE, more=found).id == rule_set(PEOPLE).id
    assert ("place.city", NotBlank()) in found


def test_what_the_standard_has_a_word_for_is_written_with_it() -> None:
    _, text = again(PEOPLE, ("", RowCount(at_least=3, at_most=9)), ("email", Matches("a|b")))
    written = yaml.safe_load(text)
    assert {key: written[key] for key in ("apiVersion", "kind", "id", "version", "status")} == {
        "apiVersion": "v3.1.0", "kind": "DataContract", "id": "silver.people", "version": "1.0.0", "status": "active",
    }  # fmt: skip
    people = written["schema"][0]
    assert (people["physicalName"], people["description"]) == ("silver.people", "One row per person.")
    columns = {one["name"]: one for one in people["properties"]}
    key, email = columns["person_id"], columns["email"]
    assert (key["required"], key["primaryKey"], key["description"]) == (True, True, "Identifier")
    assert (email["logicalType"], email["physicalType"], email["classification"]) == ("string", "string", "pii:contact")
    assert "required" not in email
    assert [one.get("metric", one["type"]) for one in email["quality"]] == ["nullValues", "custom", "invalidValues"]
    assert email["quality"][2]["arguments"] == {"pattern": "^(?:a|b)$"}
    assert columns["place"]["properties"][0]["required"] is True
    assert columns["tags"]["items"] == {"logicalType": "string", "physicalType": "string"}
    assert (columns["counts"]["logicalType"], columns["age"]["description"]) == ("object", "Age [years]")
    # Both numbers of mustBeBetween are left out, so says the standard.
    assert [one["mustBeBetween"] for one in people["quality"] if one.get("metric") == "rowCount"] == [[2, 10]]
    assert "minimum 0.9; rules {'adult': 1.0}" in people["quality"][-1]["description"]


def test_a_rule_that_text_cannot_hold_is_refused() -> None:
    wrong = ("email", Between(0, 1, name=5))  # type: ignore[arg-type]
    with pytest.raises(ContractError, match="cannot be written into a data contract"):
        again(BARE, wrong)


def contract(properties: str = "", quality: str = "", *, head: str = "apiVersion: v3.1.0") -> str:
    """Give a contract of silver.t, from lines of YAML."""
    lines = [f"kind: DataContract\n{head}\nschema:\n- name: t\n  physicalName: silver.t"]
    lines += [f"  {key}:\n" + "\n".join(f"  {line}" for line in text.strip("\n").splitlines()) for key, text in
              (("properties", properties), ("quality", quality)) if text]  # fmt: skip
    return "\n".join(lines)


def read(text: str) -> list[tuple[str, Rule]]:
    return parse_rules(text, file="c.yaml").get("silver.t", [])


@pytest.mark.parametrize(
    ("described", "rules"),
    [
        ("required: true", [("c", NotNull())]),
        ("required: false, unique: true", [("", Unique("c"))]),
        ("primaryKey: true, unique: true", [("", Unique("c"))]),
        ("physicalName: d, required: true", [("d", NotNull())]),
        ("logicalType: string, logicalTypeOptions: {minLength: 2, maxLength: 5}", [("c", Length(2, 5))]),
        ("logicalType: string, logicalTypeOptions: {maxLength: 5}", [("c", Length(0, 5))]),
        ("logicalType: string, logicalTypeOptions: {minLength: 5}", [("c", Length(5, 2**31 - 1))]),
        ("logicalType: string, logicalTypeOptions: {pattern: '^[A-Z]+$'}", [("c", Matches("[A-Z]+"))]),
        ("logicalType: string, logicalTypeOptions: {format: uuid}", [("c", Uuid())]),
        ("logicalType: string, logicalTypeOptions: {format: password}", []),
        ("logicalType: integer, logicalTypeOptions: {minimum: 1, maximum: 9}", [("c", Between(1, 9))]),
        ("logicalType: integer, logicalTypeOptions: {exclusiveMinimum: 1, maximum: 9}", [("c", Between(2, 9))]),
        ("logicalType: number, logicalTypeOptions: {minimum: 0.5}", [("c", Between(0.5, float("inf")))]),
        ("logicalType: number, logicalTypeOptions: {maximum: 1}", [("c", Between(float("-inf"), 1))]),
        (
            "logicalType: date, logicalTypeOptions: {format: yyyy-MM-dd, minimum: '1900-01-01'}",
            [("c", Between(date(1900, 1, 1), date.max))],
        ),
        (
            "logicalType: date, logicalTypeOptions: {minimum: 1900-01-01, exclusiveMaximum: 2000-01-01}",
            [("c", Between(date(1900, 1, 1), date(1999, 12, 31)))],
        ),
        (
            "logicalType: timestamp, "
            "logicalTypeOptions: {minimum: '2026-01-01T00:00:00', maximum: 2026-02-01T01:00:00+01:00}",
            [("c", Between(datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 2, 1, tzinfo=UTC)))],
        ),
        ("enum: [{value: a, label: A}, {value: b}]", [("c", OneOf("a", "b"))]),
        ("logicalType: object, properties: [{name: d, required: true}]", [("c.d", NotNull())]),
        ("required: true, quality: [{metric: nullValues, mustBe: 0, severity: warning}]", [
            ("c", NotNull(severity=Severity.WARN))]),
        ("logicalType: array, items: {logicalType: object, properties: [{name: d}]}", []),
    ],
)  # fmt: skip
def test_what_a_property_demands_by_itself_is_a_rule(described: str, rules: list[tuple[str, Rule]]) -> None:
    assert read(contract(f"- {{name: c, {described}}}")) == rules


@pytest.mark.parametrize(
    ("item", "rule"),
    [
        ("metric: nullValues, mustBe: 0", NotNull()),
        ("type: library, metric: nullValues, mustBeLessThan: 1, unit: rows", NotNull()),
        ("metric: nullValues, mustBeLessOrEqualTo: 0, unit: percent, dimension: cp", NotNull()),
        ("metric: missingValues, arguments: {missingValues: [null]}, mustBe: 0", NotNull()),
        ("metric: invalidValues, arguments: {validValues: [a, null]}, mustBe: 0", OneOf("a")),
        ("metric: invalidValues, arguments: {pattern: '^(?:a|b)$'}, mustBe: 0, name: n", Matches("a|b", name="n")),
        ("metric: duplicateValues, mustBe: 0, severity: info", Unique("c", severity=Severity.WARN)),
        ("metric: nullValues, mustBe: 0, description: Why, businessImpact: x, tags: [a]", NotNull(because="Why")),
        ("type: custom, engine: lakehouse, implementation: {rule: length, low: 1, high: 2}", Length(1, 2)),
        ("type: custom, engine: lakehouse, implementation: 'rule: iban', severity: error", Iban()),
        (
            "type: custom, engine: lakehouse, implementation: {rule: fresh, within: 2 h}",
            Fresh(column="c", within=timedelta(hours=2)),
        ),
        ("type: text, description: For people, severity: whatever", None),
    ],
)  # fmt: skip
def test_an_item_of_a_property_is_a_rule(item: str, rule: Rule | None) -> None:
    found = read(contract(f"- name: c\n  quality:\n  - {{{item}}}"))
    assert [one for _, one in found] == ([rule] if rule else [])


@pytest.mark.parametrize(
    ("item", "rule"),
    [
        ("metric: rowCount, mustBeBetween: [100, 120]", RowCount(at_least=101, at_most=119)),
        ("metric: rowCount, mustBeGreaterThan: 100, mustBeLessThan: 120", RowCount(at_least=101, at_most=119)),
        ("metric: rowCount, mustBeGreaterOrEqualTo: 100", RowCount(at_least=100)),
        ("metric: rowCount, mustBeLessOrEqualTo: 9.5", RowCount(at_most=9)),
        ("metric: rowCount, mustBe: 7, dimension: completeness", RowCount(at_least=7, at_most=7)),
        ("metric: duplicateValues, arguments: {properties: [b, a]}, mustBe: 0", Unique("bb", "a")),
        (
            "type: custom, engine: lakehouse, name: h, implementation: {rule: holds, condition: a > 0}",
            Holds("h", "a > 0"),
        ),
    ],
)
def test_an_item_of_a_table_is_a_rule(item: str, rule: Rule) -> None:
    assert read(contract("- name: a\n- {name: b, physicalName: bb}", f"- {{{item}}}")) == [("", rule)]


def test_a_primary_key_of_several_columns_is_one_rule_in_the_order_of_their_positions() -> None:
    properties = (
        "- {name: a, primaryKey: true, primaryKeyPosition: 2}\n- {name: b, primaryKey: true, primaryKeyPosition: 1}"
    )
    assert read(contract(properties)) == [("", Unique("b", "a"))]


def test_a_rule_of_the_table_takes_the_place_of_what_a_property_demands() -> None:
    quality = "- {metric: duplicateValues, arguments: {properties: [a]}, mustBe: 0, name: once}"
    assert read(contract("- {name: a, unique: true, primaryKey: true}", quality)) == [("", Unique("a", name="once"))]


@pytest.mark.parametrize(
    ("item", "told"),
    [
        (
            "metric: nulValues, mustBe: 0",
            "item 1 (nulValues): there is no metric 'nulValues'; did you mean 'nullValues'?",
        ),
        ("metric: nullValues, mustBeLessThan: 5", "mustBeLessThan: 5 lets some rows by"),
        ("metric: nullValues, mustBeLessThan: 1, unit: percent", "write mustBe: 0, and demand a share of the rows"),
        ("metric: nullValues, mustNotBe: 0", "mustNotBe: 0 lets some rows by"),
        ("metric: nullValues, mustBe: true", "mustBe: True lets some rows by"),
        ("metric: nullValues", "nullValues needs one operator, found none; write mustBe: 0"),
        ("metric: nullValues, mustBe: 0, unit: share", "unit 'share' is not known; write rows or percent"),
        ("metric: nullValues, mustBe: 0, arguments: {x: 1}", "nullValues has no argument 'x'"),
        ("metric: missingValues, arguments: {missingValues: [null, '']}, mustBe: 0", "such as not_blank"),
        ("metric: invalidValues, arguments: {validvalues: [a]}, mustBe: 0", "did you mean 'validValues'?"),
        (
            "metric: invalidValues, validValues: [a], mustBe: 0",
            "validValues stands beside the metric; write it under arg",
        ),
        ("metric: invalidValues, arguments: {validValues: [a], pattern: ^a$}, mustBe: 0", "write two items"),
        ("metric: invalidValues, arguments: {validValues: [a, 1]}, mustBe: 0", "values are all text"),
        ("metric: invalidValues, arguments: {pattern: a}, mustBe: 0", "write ^(?:…)$"),
        ("metric: rowCount, mustBe: 0", "rowCount is a metric of the table; move it to the quality of the table"),
        ("metric: nullValues, mustBe: 0, severity: high", "severity 'high' is not known; write error, or warning"),
        (
            "metric: nullValues, mustBe: 0, dimension: accuracy",
            "not_null counts for completeness, found dimension 'acc",
        ),
        ("metric: nullValues, mustBe: 0, dimensionn: x", "no key 'dimensionn' here; did you mean 'dimension'?"),
        ("metric: nullValues, mustBe: 0, scheduler: cron", "scheduler cannot be kept: rules are judged whenever"),
        ("metric: nullValues, mustBe: 0, customProperties: [{property: x, value: 1}]", "only lakehouseWeight is known"),
        ("rule: nullCheck, mustBe: 0", "rule is the former name of metric; write metric"),
        (
            "type: sql, query: SELECT 1, mustBe: 0",
            "type sql is a query for one engine, and no rule; write type: custom",
        ),
        (
            "type: custom, engine: soda, implementation: x",
            "engine 'soda' is not run here; write type: custom, engine: la",
        ),
        ("type: custom, engine: lakehouse, implementation: x", "rule and its arguments are expected, found 'x'"),
        ("type: custom, engine: lakehouse, implementation: {rule: not_nul}", "did you mean 'not_null'?"),
        (
            "type: custom, engine: lakehouse, implementation: {rule: unique, columns: [c]}",
            "unique judges more than a col",
        ),
        ("type: custom, engine: lakehouse, implementation: {rule: iban, column: d}", "column 'd' is not the property"),
        ("type: custom, engine: lakehouse, name: a, implementation: {rule: iban, name: b}", "name is said in impl"),
        ("type: librari, metric: nullValues", "there is no type 'librari'; did you mean 'library'?"),
    ],
)
def test_an_item_that_no_rule_says_exactly_is_refused_with_its_place(item: str, told: str) -> None:
    with pytest.raises(ConfigError) as error:
        read(contract(f"- name: c\n  quality:\n  - {{{item}}}"))
    assert told in str(error.value)
    assert "the rules in c.yaml cannot be used:\n  - silver.t.c, quality item 1" in str(error.value)


@pytest.mark.parametrize(
    ("item", "told"),
    [
        ("metric: nullValues, mustBe: 0", "move it to the quality of a property"),
        ("metric: rowCount, mustNotBe: 0", "mustNotBe is no range of rows"),
        ("metric: rowCount, mustBeBetween: 5", "two numbers are expected"),
        ("metric: rowCount", "rowCount needs an operator"),
        ("metric: duplicateValues, mustBe: 0", "needs arguments with properties"),
        ("metric: duplicateValues, mustBe: 0, arguments: {properties: [kolumn]}", "did you mean 'column'?"),
        ("type: custom, engine: lakehouse, implementation: {rule: iban}", "iban judges a column; move it"),
    ],
)
def test_an_item_of_a_table_that_no_rule_says_is_refused(item: str, told: str) -> None:
    with pytest.raises(ConfigError, match=r"silver\.t, quality item 1") as error:
        read(contract("- name: column", f"- {{{item}}}"))
    assert told in str(error.value)


@pytest.mark.parametrize(
    ("described", "told"),
    [
        ("requiredd: true", "silver.t.c: there is no key 'requiredd'; did you mean 'required'?"),
        ("required: 'yes'", "silver.t.c: required: true or false is expected, found 'yes'"),
        ("logicalType: string, logicalTypeOptions: {maxLenght: 5}", "did you mean 'maxLength'?"),
        ("logicalType: string, logicalTypeOptions: {format: hostname}", "format 'hostname' of text is no rule here"),
        (
            "logicalType: number, logicalTypeOptions: {exclusiveMinimum: 0}",
            "exclusiveMinimum: no rule leaves a limit of",
        ),
        ("logicalType: integer, logicalTypeOptions: {multipleOf: 5}", "no rule says 'multipleOf' of type integer"),
        (
            "logicalType: array, logicalTypeOptions: {uniqueItems: true}",
            "'uniqueItems' of type 'array' is no rule here",
        ),
        ("logicalType: date, logicalTypeOptions: {minimum: soon}", "minimum: 'soon' is no date; write 2026-01-31"),
        (
            "logicalType: array, items: {logicalType: string, required: true}",
            "silver.t.c: required under items is about",
        ),
        ("logicalType: object, properties: [{name: d, unique: true}]", "silver.t.c.d: unique: a field of a struct"),
        ("logicalType: object, properties: [{name: d, primaryKey: true}]", "silver.t.c.d: primaryKey on a field"),
        ("quality: {metric: nullValues}", "silver.t.c: quality is a list"),
    ],
)
def test_a_demand_of_a_property_that_no_rule_says_is_refused(described: str, told: str) -> None:
    with pytest.raises(ConfigError) as error:
        read(contract(f"- {{name: c, {described}}}"))
    assert told in str(error.value)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("kind: DataContract\napiVersion: v2.2.2", "c.yaml is a data contract of version 'v2.2.2', and v3 is read"),
        ("kind: DataContract\napiVersion: v3.1.0", "c.yaml is a data contract without tables; write them under schema"),
        (
            "kind: DataContract\napiVersion: v3.0.2\nschema: [{name: silver.t, physicalName: tbl_1}]",
            "schema 1: found 'tbl_1'; write physicalName: namespace.table",
        ),
    ],
)
def test_a_contract_that_cannot_be_placed_is_refused(text: str, told: str) -> None:
    with pytest.raises(ConfigError) as error:
        read(text)
    assert told in str(error.value)


def test_all_that_is_wrong_is_told_at_once() -> None:
    with pytest.raises(ConfigError) as error:
        read(contract("- {name: a, uniquee: true, quality: [{metric: x}]}\n- {name: b, required: 1}", "- {type: sql}"))
    assert str(error.value).count("\n  - ") == 4


def test_a_contract_for_a_table_without_a_physical_name_goes_by_its_name() -> None:
    text = "kind: DataContract\napiVersion: v3.2.0\nschema: [{name: gold.t, properties: [{name: c, required: true}]}]"
    assert parse_rules(text, file="c.yaml") == {"gold.t": [("c", NotNull())]}


@pytest.mark.parametrize("pattern", ["^a|b$", "a", "^a", "a$", r"^a\$", "^[[a]$", "^[a&&b]$", "^(?:a|b)|(?:c)$"])
def test_a_pattern_that_would_match_something_else_is_refused(pattern: str) -> None:
    with pytest.raises(ValueError, match="pattern"):
        pattern_from_odcs(pattern)


@pytest.mark.parametrize("pattern", [r"\s", r"\p{L}", "a++", "(?i)a", "(?<=a)b", "[a[b]]", r"a\b", r"[\s]", "a$b"])
def test_a_pattern_that_others_read_in_another_way_is_not_given_to_them(pattern: str) -> None:
    assert pattern_to_odcs(pattern) is None


@given(st.text(alphabet=r"ab|()?:[]\^$+*.d0{}-", max_size=12))
def test_a_pattern_that_is_written_is_read_as_it_was(pattern: str) -> None:
    written = pattern_to_odcs(pattern)
    assert written is None or pattern_from_odcs(written) == pattern


def test_without_a_writer_of_yaml_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "yaml", None)
    with pytest.raises(MissingExtraError, match="yaml"):
        to_odcs(BARE, rule_set(BARE))


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "conf").mkdir()
    (tmp_path / "conf" / "base.toml").write_text((ROOT / "conf" / "base.toml").read_text())
    return tmp_path


def test_the_command_line_prints_a_contract_with_the_rules_of_files(folder: Path) -> None:
    text = contract("- {name: country, quality: [{metric: nullValues, mustBe: 0, name: from_a_contract}]}")
    (folder / "more.yaml").write_text(text.replace("silver.t", "silver.users"))
    options = ["--set", 'quality.rule_files=["more.yaml"]', "--output", "out/c.yaml"]
    shown = lakehouse("quality", "contract", "silver.users", *options)
    assert shown.exit_code == 0, shown.output
    found = parse_rules((folder / "out" / "c.yaml").read_text(), file="c.yaml")["silver.users"]
    assert ("country", NotNull(name="from_a_contract")) in found


@pytest.mark.usefixtures("folder")
def test_the_command_line_prints_to_standard_output_and_knows_its_tables() -> None:
    shown = lakehouse("quality", "contract", "silver.users", "--version", "2.0.0", "--status", "draft")
    written = yaml.safe_load(shown.stdout)
    assert (written["id"], written["version"], written["status"]) == ("silver.users", "2.0.0", "draft")
    assert lakehouse("quality", "contract", "silver.usrs").exit_code == 3


def test_the_contract_of_the_guide_is_read() -> None:
    (text,) = re.findall(r"^```yaml\n(.*?)^```", (ROOT / "docs" / "quality.md").read_text(), re.MULTILINE | re.DOTALL)
    assert parse_rules(text, file="users.odcs.yaml") == {
        "silver.users": [
            ("user_id", NotNull()),
            ("postcode", Length(2, 10)),
            ("postcode", Matches("[0-9A-Z -]+", severity=Severity.WARN, because="The carrier knows no others")),
            ("", Unique("user_id")),
            ("", Holds("adult", "age >= 18")),
        ]
    }
