"""The reference lake's builds, as functions: no Kafka, no catalog."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest
from chispa import assert_df_equality
from pyspark.sql import SparkSession

from lakehouse import DataSet
from lakehouse.contract.table import spec_of
from lakehouse.domains.users.bronze import UsersRaw
from lakehouse.domains.users.gold import DimUser, dim_user, user_demographics, user_growth_daily
from lakehouse.domains.users.silver import Users, users
from lakehouse.quality import score
from lakehouse.testing import assert_build_laws, build_rows, make_rows

NOW = datetime(2026, 6, 1, tzinfo=UTC)
UUID = "0da65356-f20e-47b7-8164-cd7fddebe842"


def message(*, hour: int = 8, offset: int = 0, **record: Any) -> dict[str, Any]:
    payload = {"login": {"uuid": UUID}, **record}
    at = datetime(2026, 1, 1, hour, tzinfo=UTC)
    return {"record": payload, "kafka_timestamp": at, "partition": 0, "offset": offset}


def silver(spark: SparkSession, *messages: dict[str, Any]) -> DataSet[Users]:
    return build_rows(users, raw=make_rows(spark, UsersRaw, messages))


def test_of_several_messages_about_a_person_the_newest_wins_and_the_offset_breaks_ties(spark: SparkSession) -> None:
    old, tie, new = (message(hour=h, offset=n, email=f"{n}@x.org") for h, n in ((7, 9), (9, 1), (9, 2)))
    (row,) = silver(spark, new, old, tie).collect()
    assert (row.email, row.source_offset) == ("2@x.org", 2)


def test_an_identifier_in_other_case_is_the_same_person(spark: SparkSession) -> None:
    assert silver(spark, message(), message(login={"uuid": f" {UUID.upper()} "}, offset=1)).count() == 1


def test_text_is_trimmed_and_addresses_are_lower_case(spark: SparkSession) -> None:
    name = {"title": "Ms", "first": "ANNE", "last": " de  Vries "}
    (row,) = silver(spark, message(email=" Anne@Example.COM ", name=name, nat="nl")).collect()
    found = (row.email, row.first_name, row.last_name, row.nationality)
    assert found == ("anne@example.com", "Anne", "de Vries", "NL")


def test_dates_that_are_no_dates_are_null(spark: SparkSession) -> None:
    (row,) = silver(spark, message(dob={"date": "yesterday"}, registered={"date": "2020-02-30T00:00:00Z"})).collect()
    assert (row.born_on, row.registered_at) == (None, None)


def test_rules_find_what_is_wrong_with_a_person(spark: SparkSession) -> None:
    bad = message(email="nobody", dob={"date": "2199-01-01T00:00:00.000Z", "age": 212}, nat="XX")
    bad["record"]["registered"] = {"date": "2020-01-01T00:00:00.000Z", "age": 6}
    failed = {rule.name for rule in score(silver(spark, bad), Users).rules if rule.failed}
    assert {"email_syntax", "age_between", "nationality_one_of", "registered_after_birth"} <= failed


def test_a_consistent_person_breaks_no_rule_of_the_row(spark: SparkSession) -> None:
    fine = message(dob={"date": "1990-05-01T00:00:00.000Z", "age": 35})
    fine["record"]["registered"] = {"date": "2020-01-01T00:00:00.000Z", "age": 6}
    rules = {rule.name: (rule.failed, rule.assessed) for rule in score(silver(spark, fine), Users).rules}
    assert (rules["registered_after_birth"], rules["age_fits_birth"]) == ((0, 1), (0, 1))


def person(number: int, **columns: Any) -> dict[str, Any]:
    return {"user_id": str(number), "nationality": "NO", "gender": "female", "born_on": date(2000, 6, 1), **columns}


def test_growth_counts_registrations_by_day_and_in_total(spark: SparkSession) -> None:
    days = [datetime(2020, 1, day, 23, tzinfo=UTC) for day in (1, 1, 3)]
    people = make_rows(spark, Users, [person(n, registered_at=day) for n, day in enumerate(days)])
    expected = [(date(2020, 1, 1), 2, 2), (date(2020, 1, 3), 1, 3)]
    wanted = spark.createDataFrame(expected, "day date, new_users long, total_users long")
    assert_df_equality(user_growth_daily(people), wanted, ignore_row_order=True, ignore_nullable=True)


def test_a_person_described_for_reports_has_an_age_at_the_instant_of_the_run(spark: SparkSession) -> None:
    people = make_rows(spark, Users, [person(1, first_name="Kari", last_name="Nord", quality_score=0.5)])
    (row,) = dim_user(people, NOW).collect()
    assert (row.full_name, row.age, row.age_group, row.quality_score) == ("Kari Nord", 26, "25-34", 0.5)


def test_contact_data_does_not_reach_gold() -> None:
    assert not {"email", "phone", "cell", "street"} & set(spec_of(DimUser).struct.names)


def test_people_of_whom_something_is_unknown_are_counted_as_unknown(spark: SparkSession) -> None:
    people = make_rows(spark, Users, [person(1), person(2, nationality=None, born_on=None)])
    found = user_demographics(dim_user(people, NOW)).collect()
    assert {(r.nationality, r.gender, r.age_group): (r.users, r.mean_age) for r in found} == {
        ("NO", "female", "25-34"): (1, 26.0),
        ("unknown", "female", "unknown"): (1, None),
    }


def test_make_rows_refuses_a_name_that_the_contract_has_not(spark: SparkSession) -> None:
    with pytest.raises(ValueError, match="Users has no emial"):
        make_rows(spark, Users, [{"emial": "x"}])


@pytest.mark.slow  # some dozen small jobs for each build
def test_the_builds_follow_their_inputs_as_they_say(spark: SparkSession) -> None:
    messages = [
        message(offset=n, nat="NO", login={"uuid": f"{UUID[:-1]}{n % 3}"}, email=f"{n}@x.org") for n in range(8)
    ]
    assert_build_laws(users, raw=make_rows(spark, UsersRaw, messages))
    people = [person(n, gender=("male", "female", None)[n % 3]) for n in range(9)]
    assert_build_laws(dim_user, now=NOW, people=make_rows(spark, Users, people))
    described = [{**one, "age_group": ("18-24", None)[n % 2]} for n, one in enumerate(people)]
    described = [{name: value for name, value in one.items() if name != "born_on"} for one in described]
    assert_build_laws(user_demographics, people=make_rows(spark, DimUser, described))
