"""Rows that failed, to look at: which, which cells are marked, and that nothing personal leaves."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

import pytest
from pyspark.sql import DataFrame, Row, SparkSession
from pyspark.sql.types import IntegerType, StringType

from lakehouse import Column, Pii, Scored, doc, table
from lakehouse.contract.table import spec_of
from lakehouse.quality import Between, EmailSyntax, Holds, Matches, NotNull, Severity, rule_set, with_quality
from lakehouse.quality.bad_rows import BadRow, sample_bad_rows


@table("silver.clients", key=("id",), rules=(Holds("grown", "age >= 18"),))
class Clients(Scored):
    """Clients."""

    id: Annotated[Column[StringType], doc("Identifier")]
    email: Annotated[Column[StringType], NotNull(), EmailSyntax(), Pii.CONTACT]
    age: Annotated[Column[IntegerType], Between(0, 120)]
    note: Annotated[Column[StringType], Matches("[a-z]*", severity=Severity.WARN)]
    other: Column[StringType]


@table("silver.subscribers", key=("email", "list"))
class Subscribers(Scored):
    """Who reads which list, by address."""

    email: Annotated[Column[StringType], doc("Address"), Pii.CONTACT]
    list: Annotated[Column[IntegerType], doc("Which list")]
    age: Annotated[Column[IntegerType], Between(0, 120)]


class Watched:
    """A DataFrame of which all that comes to the driver is noted."""

    def __init__(self, df: DataFrame, seen: list[Row]) -> None:
        self.df, self.seen = df, seen

    def __getattr__(self, name: str) -> Any:
        found = getattr(self.df, name)
        return self._noting(found) if callable(found) else found

    def _noting(self, method: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any) -> Any:
            given = method(*args)
            if isinstance(given, DataFrame):
                return Watched(given, self.seen)
            self.seen.extend(given)
            return given

        return call


ROWS: list[tuple[Any, ...]] = [
    ("1", "ann@example.org", 30, "", "good"),
    ("2", "secret-ann", 300, "", "bad"),
    ("3", None, 30, "X" * 90, "bad"),
    ("4", "bob@example.org", 30, "WARNED", "only warned"),
    ("5", "eve@example.org", 7, "", "bad"),
]


def sample(spark: SparkSession, *, most: int = 20) -> dict[str, BadRow]:
    rules = rule_set(Clients)
    df = spark.createDataFrame(ROWS, "id string, email string, age int, note string, other string").repartition(3)
    found = sample_bad_rows(with_quality(df, rules), spec_of(Clients), rules, most=most)
    return {str(row.cells[0].text): row for row in found}


@pytest.fixture(scope="module")
def found(spark: SparkSession) -> dict[str, BadRow]:
    return sample(spark)


def test_rows_that_fail_an_error_come_before_those_that_only_warn(found: dict[str, BadRow]) -> None:
    assert list(found) == ["2", "3", "5", "4"]


def test_no_more_rows_than_asked_are_given(spark: SparkSession) -> None:
    assert list(sample(spark, most=2)) == ["2", "3"]


def test_the_cells_that_a_failed_rule_judges_are_marked(found: dict[str, BadRow]) -> None:
    assert [cell.column for cell in found["2"].cells if cell.bad] == ["email", "age"]
    assert found["2"].failed == ("email_syntax", "age_between")


def test_a_rule_of_the_row_is_named_and_marks_no_cell(found: dict[str, BadRow]) -> None:
    assert (found["5"].failed, [cell for cell in found["5"].cells if cell.bad]) == (("grown",), [])


def test_personal_values_are_masked_and_null_is_null(found: dict[str, BadRow]) -> None:
    cells = {id_: {cell.column: cell.text for cell in row.cells} for id_, row in found.items()}
    assert cells["2"]["email"] == "•••• (contact, 10 characters)"
    assert cells["3"]["email"] is None
    assert "secret-ann" not in repr(found)


def subscribers(spark: SparkSession, seen: list[Row]) -> list[tuple[str | None, ...]]:
    """Give the cells of subscribers of a wrong age; notes what came to the driver."""
    rules = rule_set(Subscribers)
    rows = [("ann@a.org", 10, 200), ("ann@a.org", 9, 200), ("zoe-marie@a.org", 9, 200)]
    df: Any = Watched(with_quality(spark.createDataFrame(rows, "email string, list int, age int"), rules), seen)
    return [tuple(cell.text for cell in row.cells) for row in sample_bad_rows(df, spec_of(Subscribers), rules)]


def test_personal_keys_do_not_come_to_the_driver(spark: SparkSession) -> None:
    seen: list[Row] = []
    subscribers(spark, seen)
    assert len(seen) == 3
    assert "a.org" not in repr(seen)


def test_the_order_of_rows_tells_nothing_of_personal_keys(spark: SparkSession) -> None:
    long, short = "•••• (contact, 15 characters)", "•••• (contact, 9 characters)"
    assert subscribers(spark, []) == [(long, "9", "200"), (short, "9", "200"), (short, "10", "200")]


def test_long_values_are_cut_and_columns_without_a_fault_are_left_out(found: dict[str, BadRow]) -> None:
    cells = {cell.column: cell.text for cell in found["3"].cells}
    assert list(cells) == ["id", "email", "age", "note"]
    assert cells["note"] == "X" * 59 + "…"
