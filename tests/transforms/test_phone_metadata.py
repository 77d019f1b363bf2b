from __future__ import annotations

import re
from dataclasses import asdict
from functools import cache

import phonenumbers
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lakehouse.transforms.phone_automata import Descriptions, Edit, Prefix
from lakehouse.transforms.phone_layout import overlapped
from lakehouse.transforms.phone_metadata import numbering_plans, source, tables_of
from lakehouse.transforms.phone_pattern import compiled
from lakehouse.transforms.phone_plan import Leaf
from lakehouse.transforms.phone_tables import PhoneTables, phone_tables
from lakehouse.transforms.phone_walk import DEEPEST

AGAIN = (
    f"the file of tables is of phonenumbers {phone_tables().version}, installed is {phonenumbers.__version__} with "
    "other numbering plans: run python -m lakehouse.transforms.phone_metadata and commit its file"
)
PLANS = [plan for plans in numbering_plans().values() for plan in plans.values()]
PATTERNS = sorted({str(plan.general_desc.national_number_pattern) for plan in PLANS if plan.general_desc})
PREFIXES = sorted({str(plan.national_prefix_for_parsing) for plan in PLANS if plan.national_prefix_for_parsing})


def test_the_file_is_of_the_numbering_plans_that_are_installed() -> None:
    assert phone_tables().source == source(numbering_plans()), AGAIN


@pytest.mark.slow
def test_the_tables_of_the_file_are_those_that_its_command_makes() -> None:
    made = tables_of(numbering_plans())
    assert PhoneTables(**{**asdict(phone_tables()), "version": made["version"]}) == PhoneTables(**made), AGAIN  # type: ignore[arg-type]


def test_no_walk_is_deeper_than_the_digits_that_are_looked_at() -> None:
    tables = phone_tables()

    @cache
    def depth(way: int) -> int:
        return 0 if way >= tables.outcomes else 1 + max(depth(tables.numbers[way + digit]) for digit in range(10))

    # Behind three digits each, the beginnings of all walks come first.
    begins = tables.numbers[tables.valid : tables.dialled + 25 * (len(tables.regions) + 1)]
    assert max(map(depth, begins)) == DEEPEST


@given(st.lists(st.lists(st.integers(0, 2), min_size=10, max_size=10), min_size=1, max_size=20))
def test_rows_that_share_their_ends_are_whole_where_they_are_said_to_be(rows: list[list[Leaf | int]]) -> None:
    at, laid = overlapped(rows)
    assert [laid[place : place + 10] for place in at] == rows
    assert len(laid) <= 10 * len(rows)


@given(st.sampled_from(PATTERNS), st.text("0123456789", max_size=15))
def test_a_pattern_fits_what_it_fits_in_python(pattern: str, digits: str) -> None:
    followed = Descriptions([("it", pattern)])
    fits = bool(followed.fitting(followed.behind(digits)))
    assert fits is bool(re.fullmatch(pattern, digits))


@given(st.sampled_from(PREFIXES), st.text("0123456789", min_size=1, max_size=15))
def test_a_prefix_ends_where_it_ends_in_python(pattern: str, digits: str) -> None:
    prefix = Prefix(pattern)
    trail = prefix.start(len(digits))
    for place, digit in enumerate(digits):
        trail = prefix.after(trail, int(digit), place, len(digits))
    found = re.match(pattern, digits)
    assert trail.best == (Edit(rest=found.end()) if found else None)


@pytest.mark.parametrize("pattern", ["a", r"\w", "[^0]", "(?=1)2", "1*", "1+", "(1", "1)"])
def test_a_pattern_in_another_dialect_is_refused(pattern: str) -> None:
    with pytest.raises(ValueError, match="the pattern"):
        compiled(pattern)
