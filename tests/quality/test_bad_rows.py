"""Rows that failed, to look at: which, which cells are marked, and that nothing personal leaves."""

from __future__ import annotations

from typing import Annotated, Any

import pytest
from pyspark.sql import SparkSession
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


def test_long_values_are_cut_and_columns_without_a_fault_are_left_out(found: dict[str, BadRow]) -> None:
    cells = {cell.column: cell.text for cell in found["3"].cells}
    assert list(cells) == ["id", "email", "age", "note"]
    assert cells["note"] == "X" * 59 + "…"
