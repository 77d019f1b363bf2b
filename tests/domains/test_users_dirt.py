"""What becomes of each kind of dirt of the sample, from the bytes of a message to its end: silver or a dead letter."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import islice

import pytest
from pyspark.sql import Row, SparkSession

from lakehouse.catalog.iceberg import good_rows
from lakehouse.contract.table import spec_of
from lakehouse.domains.users.bronze import UsersRaw
from lakehouse.domains.users.silver import UserChanges, user_changes, users
from lakehouse.domains.users.silver_identities import user_identities
from lakehouse.local.dirt import Dirt, Message, messages
from lakehouse.pipeline.bronze_rows import to_bronze
from lakehouse.quality import rule_set, with_quality
from lakehouse.testing import build_rows

KINDS = [field.name for field in fields(Dirt)]
EACH = 12
RECORD = """
    topic string, partition int, offset long, timestamp timestamp, key binary, value binary,
    headers array<struct<key: string, value: binary>>
"""
NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)

DEAD_LETTERS = {
    "broken_json": {"malformed_json"},
    "empty": {"empty"},
    "tombstone": {"tombstone"},
    "missing_required": {"missing_required"},
    "wrong_type": {"wrong_type"},
}
FLAGGED = {
    "impossible_age": {"age_between", "age_fits_birth"},
    "born_in_future": {"registered_after_birth", "age_between", "age_fits_birth"},
    "bad_email": {"email_syntax"},
}
NULLED = {"email_not_null", "city_not_null", "first_name_not_null", "phone_not_null", "born_on_not_null"}
AGAIN = "second_account"
UNHARMED = ("duplicate", "correction", "late", "emoji", "long")


@cache
def sample() -> tuple[Message, ...]:
    """Take the first messages of each kind, and those of the same people before them."""
    rate = 0.9 / len(KINDS)
    dirty = Dirt(**dict.fromkeys(KINDS, rate))
    made = list(messages(seed=7, count=1_500, dirt=dirty))
    chosen = {m.number for kind in KINDS for m in islice((m for m in made if m.kind == kind), EACH)}
    keys = {m.key for m in made if m.number in chosen}
    return tuple(m for m in made if m.key in keys)


@pytest.fixture(scope="module")
def ends(spark: SparkSession) -> dict[int, Row]:
    """What became of each message: its dead letter, or its row of ``silver.user_changes`` with the rules it breaks."""
    records = [("users", 0, m.number, NOW - timedelta(seconds=m.late_seconds), m.key, m.value, None) for m in sample()]
    bronze = to_bronze(spark.createDataFrame(records, RECORD), spec_of(UsersRaw), max_bytes=1_000_000).localCheckpoint()
    changes = build_rows(user_changes, raw=good_rows(bronze, UsersRaw))
    # Kept in memory, not at a checkpoint: that would take along all that Spark can tell of so large expressions.
    judged = with_quality(changes, rule_set(spec_of(UserChanges))).cache()
    dead = bronze.where("dead_letter is not null").select("offset", "dead_letter.*")
    found = {row.offset: row for row in dead.collect()} | {row.source_offset: row for row in judged.collect()}
    people = build_rows(users, changes=judged.select(*changes.columns)).cache()
    newest = {row.user_id: row.source_offset for row in people.collect()}
    persons = {row.user_id: row.person_id for row in build_rows(user_identities, people=people).collect()}
    judged.unpersist()
    people.unpersist()
    return found | {-1: Row(newest=newest, persons=persons)}


def of_kind(kind: str) -> Iterator[Message]:
    return (message for message in sample() if message.kind == kind)


def test_every_message_has_one_end(ends: dict[int, Row]) -> None:
    assert set(ends) - {-1} == {message.number for message in sample()}
    assert {message.kind for message in sample()} == {"clean", *KINDS}
    assert {*DEAD_LETTERS, *FLAGGED, "null_fields", AGAIN, *UNHARMED} == set(KINDS)


@pytest.mark.parametrize("kind", DEAD_LETTERS)
def test_what_cannot_be_read_is_a_dead_letter_with_its_bytes(ends: dict[int, Row], kind: str) -> None:
    for message in of_kind(kind):
        end = ends[message.number]
        assert {end.reason} == DEAD_LETTERS[kind]
        assert (end.key, end.value) == (message.key, message.value)


@pytest.mark.parametrize("kind", FLAGGED)
def test_what_cannot_be_true_is_in_silver_with_the_rules_that_it_breaks(ends: dict[int, Row], kind: str) -> None:
    for message in of_kind(kind):
        assert set(ends[message.number].failed_rules) & FLAGGED[kind], message


def test_what_is_missing_is_told_by_its_own_rule(ends: dict[int, Row]) -> None:
    missing = {rule for message in of_kind("null_fields") for rule in ends[message.number].failed_rules} & NULLED
    assert missing >= {"email_not_null", "city_not_null", "first_name_not_null"}
    assert all(set(ends[message.number].failed_rules) & NULLED for message in of_kind("null_fields"))


@pytest.mark.parametrize("kind", ["duplicate", "correction"])
def test_what_is_said_of_a_person_once_more_is_a_change_and_the_newest_is_the_person(
    ends: dict[int, Row], kind: str
) -> None:
    for message in of_kind(kind):
        change = ends[message.number]
        assert ends[-1].newest[change.user_id] >= message.number


def test_a_correction_says_something_new_and_a_duplicate_does_not(ends: dict[int, Row]) -> None:
    emails = {
        kind: [ends[m.number].email.startswith("moved.") for m in of_kind(kind)] for kind in ("correction", "duplicate")
    }
    assert all(emails["correction"])
    assert not any(emails["duplicate"])


def test_a_late_message_keeps_its_own_instant(ends: dict[int, Row]) -> None:
    for message in of_kind("late"):
        assert ends[message.number].updated_at == (NOW - timedelta(seconds=message.late_seconds)).replace(tzinfo=None)


def test_letters_of_any_kind_and_length_go_through_whole(ends: dict[int, Row]) -> None:
    assert {ends[message.number].first_name for message in of_kind("emoji")} == {"Zoë 🦄👩‍🚀"}
    assert all(len(ends[message.number].city) >= 10_000 for message in of_kind("long"))


def test_a_second_account_is_a_row_of_its_own_and_mostly_of_the_same_person(ends: dict[int, Row]) -> None:
    persons = ends[-1].persons
    accounts = {ends[message.number].user_id for message in of_kind(AGAIN)}
    assert accounts <= set(ends[-1].newest)
    # One with another address, one number and an initial for a name shares too little to be told.
    assert len(accounts & set(persons)) >= 0.7 * len(accounts)
    assert all(sum(person == persons[one] for person in persons.values()) >= 2 for one in accounts & set(persons))
