"""Rules and transforms that are declared for Sail, each with rows that it is tried with there and on Spark."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime

from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F

from lakehouse.contract.versions import VALID_FROM
from lakehouse.quality import (
    Between,
    Complete,
    DerivedFrom,
    EmailSyntax,
    Holds,
    IpAddress,
    Length,
    Matches,
    NotBlank,
    NotEmpty,
    NotNull,
    OneOf,
    Ordered,
    RequiredIf,
    Unique,
    Uuid,
)  # fmt: skip
from lakehouse.quality.rule import Col, Rule
from lakehouse.quality.rule_set import BoundRule, RuleSet
from lakehouse.quality.score import measure, with_table_rules
from lakehouse.quality.table_rule import Facts
from lakehouse.transforms.countries import continent, country_code, country_name
from lakehouse.transforms.deduplicate import keep_newest
from lakehouse.transforms.demographics import age_at, age_group, generation, tenure
from lakehouse.transforms.scd2 import versions
from lakehouse.transforms.text import squeeze
from tests.engines.sail_cases import ROWS, frame

_TEXTS = [
    "ada@example.org", "Ada.Lovelace@sub.example.co", "a..b@example.org", "@example.org", "a@b", "ä@example.org",
    "550e8400-e29b-41d4-a716-446655440000", "550E8400-E29B-41D4-A716-44665544000", "not-a-uuid\n",
    "127.0.0.1", "256.1.1.1", "::1", "2001:db8::8a2e:370:7334", "1::2::3", "01.2.3.4",
    "Deutschland", "u.s.a.", "DE", "côte d’ivoire", "Cote d'Ivoire", "日本", "nl", "Atlantis", "", " ",
    " a\u3000 b ", None,
]  # fmt: skip
NOW = datetime(2026, 2, 28, 12, tzinfo=UTC)

ROW_RULES: Mapping[type[Rule], tuple[tuple[str, Rule], ...]] = {
    NotNull: (("s", NotNull()), ("place", NotNull())),
    NotBlank: (("text", NotBlank()),),
    NotEmpty: (("words", NotEmpty()), ("numbers", NotEmpty())),
    RequiredIf: (("s", RequiredIf("n > 0")),),
    Complete: (("", Complete("s", "n", "t")),),
    Matches: (("t", Matches(r"\d{4}-\d{2}.*")), ("s", Matches(r"[\p{L} ]+"))),
    Length: (("s", Length(1, 10)),),
    Between: (("n", Between(-7, 13)), ("d", Between(-1.0, 1e15)), ("t", Between(0, 50)), ("n", Between(0, Col("big")))),
    OneOf: (("s", OneOf("true", "")), ("n", OneOf(0, 13))),
    Holds: (("", Holds("known", "n >= 0 and day is not null")),),
    Ordered: (("", Ordered("day", "at")),),
    DerivedFrom: (("n", DerivedFrom("id", tolerance=6)),),
    EmailSyntax: (("text", EmailSyntax()),),
    Uuid: (("text", Uuid()),),
    IpAddress: (("text", IpAddress()),),
}
TABLE_RULES: Mapping[type[Rule], Rule] = {Unique: Unique("n")}
COLUMNS: Mapping[Callable[..., Column], Callable[[], list[Column]]] = {
    squeeze: lambda: [squeeze(F.col("text"))],
    country_code: lambda: [country_code(F.col("text"))],
    country_name: lambda: [country_name(F.col("text"))],
    continent: lambda: [continent(F.col("text"))],
    age_at: lambda: [age_at(F.col("day"), NOW)],
    age_group: lambda: [age_group(F.col("n"))],
    generation: lambda: [generation(F.col("day"))],
    tenure: lambda: [tenure(F.col("at"), NOW)],
}
FRAMES: Mapping[Callable[..., DataFrame], Callable[[DataFrame], DataFrame]] = {
    keep_newest: lambda df: keep_newest(df, key=["n"], newest_by=["at", "number"]).orderBy("id"),
    versions: lambda df: versions(
        df.where("at is not null"), key=["n"], effective=F.col("at"), newest_by=["number"], compared=["s", "flag"]
    ).orderBy("n", VALID_FROM),
}


def answers(spark: SparkSession) -> dict[str, str]:
    """Give what each makes of the rows, as text; errors as such."""
    found = {}
    for name, asked in _asked(spark):
        try:
            found[name] = repr(asked())
        except Exception as error:  # whatever an engine raises
            found[name] = f"error {type(error).__name__}: {next(iter(str(error).splitlines()), '')}"
    return found


def _asked(spark: SparkSession) -> Iterator[tuple[str, Callable[[], object]]]:
    df = _rows(spark)

    def selected(columns: list[Column]) -> Callable[[], object]:
        made = [one.alias(f"c{at}") for at, one in enumerate(columns)]
        return lambda: df.select("number", *made).orderBy("number").collect()

    for kind, cases in ROW_RULES.items():
        rules = tuple(BoundRule(name=f"r{at}", column=column, rule=rule) for at, (column, rule) in enumerate(cases))
        of_kind = RuleSet(table="t", rules=rules)
        yield kind.__name__, lambda of_kind=of_kind: measure(df, of_kind)  # type: ignore[misc]
    for kind, rule in TABLE_RULES.items():
        of_table = RuleSet(table="t", rules=(), table_rules=(BoundRule(name="r", column="", rule=rule),))
        yield (
            kind.__name__,
            lambda of_table=of_table: with_table_rules(  # type: ignore[misc]
                measure(df, of_table), df, of_table, Facts(instant=NOW)
            ),
        )
    for function, columns in COLUMNS.items():
        yield function.__name__, selected(columns())
    for transform, made in FRAMES.items():
        yield transform.__name__, lambda made=made: made(df).collect()  # type: ignore[misc]


def _rows(spark: SparkSession) -> DataFrame:
    texts = spark.createDataFrame(list(enumerate(_TEXTS)), "number int, text string")
    return texts.join(frame(spark), F.expr(f"number % {len(ROWS)} + 1 = id"))
