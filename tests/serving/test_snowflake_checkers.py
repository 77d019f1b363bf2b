"""What sqlfluff and our grammars see of a statement: what the one cannot read, and which faults the two find."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from random import Random

import pytest
from sqlfluff.core import Linter

from lakehouse.serving.snowflake.check import check, check_all
from lakehouse.serving.snowflake.grammars import KINDS
from lakehouse.serving.snowflake.statement import Statement
from lakehouse.serving.snowflake.tokens import tokens
from tests.serving.snowflake_lake import distinct, golden
from tests.serving.sql_mutations import OPERATORS, Mutant, joined, mutants

UNREADABLE = {
    "catalog integration glue rest",
    "catalog integration refresh",
    "catalog integration s3 tables",
    "dynamic table settings",
    "iceberg refresh",
    "linked database",
    "storage integration",
    "stream",
}
"""Kinds that sqlfluff 4.5 does not read, though Snowflake's pages have them: our grammar alone stands for these."""
ENOUGH = 0.95


class Sqlfluff:
    """One linter for all: to make one takes longer than to use it."""

    def __init__(self) -> None:
        self._linter = Linter(dialect="snowflake")

    def reads(self, sql: str) -> bool:
        """Whether a statement can be read; rules of style are not asked."""
        return not [one for one in self._linter.parse_string(f"{sql}\n").violations if one.rule_code() == "PRS"]


@pytest.fixture(scope="module")
def sqlfluff() -> Sqlfluff:
    return Sqlfluff()


def one_of_each_kind() -> Iterator[Statement]:
    yield from {one.kind: one for one in distinct().values()}.values()


def test_every_kind_of_statement_is_in_the_golden_files() -> None:
    assert {one.kind for one in one_of_each_kind()} == set(KINDS)


def test_what_sqlfluff_cannot_read_is_what_is_listed(sqlfluff: Sqlfluff) -> None:
    assert {one.kind for one in one_of_each_kind() if not sqlfluff.reads(one.sql)} == UNREADABLE


@pytest.mark.slow  # each statement
def test_sqlfluff_reads_each_statement_of_the_other_kinds(sqlfluff: Sqlfluff) -> None:
    assert [name for name, one in distinct().items() if sqlfluff.reads(one.sql) is (one.kind in UNREADABLE)] == []


def test_a_statement_that_nobody_broke_is_right_on_one_line_too() -> None:
    assert [one.sql for one in distinct().values() if check(replace(one, sql=joined(tokens(one.sql))))] == []


def all_mutants() -> list[Mutant]:
    return [mutant for one in distinct().values() for mutant in mutants(one, each=4, seed=7)]


def seen_in_order(mutant: Mutant) -> bool:
    """Whether the statements of a route do not fit together any more: one needs what another no longer makes."""
    route = next(found for found in golden().values() if mutant.original in found)
    return bool(check_all([mutant.statement if one == mutant.original else one for one in route]))


def test_of_the_faults_put_into_statements_enough_are_found(sqlfluff: Sqlfluff) -> None:
    made = all_mutants()
    # What a statement's own grammar finds needs no second look.
    missed = [one for one in made if not check(one.statement) and not seen_in_order(one)]
    unseen = [one for one in missed if one.statement.kind in UNREADABLE or sqlfluff.reads(one.statement.sql)]
    assert len(made) > 1000
    assert 1 - len(unseen) / len(made) >= ENOUGH, [(one.operator, one.statement.sql) for one in unseen]


@pytest.mark.slow  # sqlfluff on hundreds of statements
def test_the_faults_that_are_found_by_operator_and_checker(
    sqlfluff: Sqlfluff, capsys: pytest.CaptureFixture[str]
) -> None:
    found: dict[str, Counter[str]] = {operator: Counter() for operator in OPERATORS}
    for one in Random(7).sample(all_mutants(), 300):
        seen = {
            "sqlfluff": one.statement.kind not in UNREADABLE and not sqlfluff.reads(one.statement.sql),
            "grammar": bool(check(one.statement)),
        }
        seen["order"] = not seen["grammar"] and seen_in_order(one)
        found[one.operator] += Counter(made=1, all=any(seen.values()), **seen)
    with capsys.disabled():
        print("\n" + table(found))
    total = sum(found.values(), Counter[str]())
    assert total["all"] / total["made"] >= ENOUGH


def table(found: dict[str, Counter[str]]) -> str:
    """Give the figures as docs/snowflake.md shows them."""
    columns: Sequence[str] = ("made", "sqlfluff", "grammar", "order", "all")
    rows = [(operator, *(str(counts[name]) for name in columns)) for operator, counts in found.items()]
    total = sum(found.values(), Counter[str]())
    rows.append(("all", *(str(total[name]) for name in columns)))
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)
