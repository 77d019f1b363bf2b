"""Who is one person under several identifiers, by the evidence."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from pyspark.sql import SparkSession

from lakehouse.domains.users.silver import Users
from lakehouse.domains.users.silver_identities import LEAST_SCORE, UserIdentities, user_identities
from lakehouse.quality import score
from lakehouse.testing import assert_build_laws, build_rows, make_rows

ANNA = {
    "first_name": "Anna", "last_name": "Müller", "born_on": date(1990, 5, 1), "email": "anna.muller@example.com",
    "email_provider": "corporate", "phone": "+4930123456", "cell": "+4915112345678",
}  # fmt: skip
OTHER_MAIL = {**ANNA, "first_name": "ANNA", "last_name": "MULLER", "email": "am@example.net"}
OTHER_NUMBERS = {**OTHER_MAIL, "phone": "call me", "cell": None}
NAMESAKE = {**ANNA, "born_on": date(1961, 12, 24), "phone": "+4989765432", "cell": "+4917298765430"}
SISTER = {
    **ANNA,
    "first_name": "Bea",
    "born_on": date(1993, 11, 30),
    "email": "bea@example.org",
    "cell": "+49176555444",
}
NOBODY = {"email": "nobody", "phone": "call me", "cell": "call me"}


def people(*rows: dict[str, Any]) -> list[dict[str, Any]]:
    return [{"user_id": f"u{number}", **row} for number, row in enumerate(rows)]


def test_accounts_of_one_person_are_connected_and_those_of_others_are_not(spark: SparkSession) -> None:
    rows = people(SISTER, ANNA, NAMESAKE, OTHER_MAIL, OTHER_NUMBERS, NOBODY, NOBODY)
    found = build_rows(user_identities, people=make_rows(spark, Users, rows)).orderBy("user_id").collect()
    assert [(row.user_id, row.person_id, row.closest_user_id) for row in found] == [
        ("u1", "u1", "u3"), ("u3", "u1", "u4"), ("u4", "u1", "u3")
    ]  # fmt: skip
    assert found[0].shared == ["cell", "name_and_birth", "phone"]
    assert (found[0].name_similarity, found[0].cell_similarity) == (1.0, 1.0)
    assert LEAST_SCORE < found[0].score < 1


def test_identities_are_of_people_that_there_are_and_break_no_rule(spark: SparkSession) -> None:
    # Fifty people, each second of them with a second account.
    own = [(f"+49151{n % 50:08d}", f"anna{n % 50}@example.com") for n in range(75)]
    rows = people(*({**ANNA, "phone": None, "cell": cell, "email": email} for cell, email in own))
    known = make_rows(spark, Users, rows)
    made = build_rows(user_identities, people=known).cache()
    persons = known.join(made, "user_id", "left").selectExpr("coalesce(person_id, user_id) AS person").distinct()
    assert (made.count(), persons.count()) == (50, 50)
    assert made.join(known, "user_id", "left_anti").count() == 0
    assert {rule.name: rule.failed for rule in score(made, UserIdentities).rules if rule.failed} == {}
    made.unpersist()


@pytest.mark.slow  # some small jobs for each change
def test_identities_follow_people_as_they_say(spark: SparkSession) -> None:
    rows = people(SISTER, ANNA, NAMESAKE, OTHER_MAIL, OTHER_NUMBERS, NOBODY, {**SISTER, "email": "b@example.com"})
    assert_build_laws(user_identities, people=make_rows(spark, Users, rows))
