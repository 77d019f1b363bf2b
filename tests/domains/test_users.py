"""The builds of people, as functions: no Kafka, no catalog."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest
from chispa import assert_df_equality
from pyspark.sql import SparkSession

from lakehouse import DataSet
from lakehouse.contract.table import spec_of
from lakehouse.domains.users.bronze import UsersRaw
from lakehouse.domains.users.gold_dimensions import DimUser, dim_date, dim_geography, dim_user
from lakehouse.domains.users.gold_facts import FactRegistration, fact_registration
from lakehouse.domains.users.gold_reports import (
    cohort_retention,
    data_freshness,
    geo_distribution,
    quality_trend,
    user_demographics,
    user_growth_daily,
)  # fmt: skip
from lakehouse.domains.users.silver import UserChanges, Users, user_changes, users
from lakehouse.quality import score
from lakehouse.testing import assert_build, assert_build_laws, build_rows, make_rows

NOW = datetime(2026, 6, 1, tzinfo=UTC)
UUID = "0da65356-f20e-47b7-8164-cd7fddebe842"


def message(*, hour: int = 8, offset: int = 0, **record: Any) -> dict[str, Any]:
    payload = {"login": {"uuid": UUID}, **record}
    at = datetime(2026, 1, 1, hour, tzinfo=UTC)
    return {"record": payload, "kafka_timestamp": at, "partition": 0, "offset": offset}


def changes(spark: SparkSession, *messages: dict[str, Any]) -> DataSet[UserChanges]:
    return build_rows(user_changes, raw=make_rows(spark, UsersRaw, messages))


def silver(spark: SparkSession, *messages: dict[str, Any]) -> DataSet[Users]:
    return build_rows(users, changes=changes(spark, *messages))


def test_of_several_messages_about_a_person_the_newest_wins_and_the_offset_breaks_ties(spark: SparkSession) -> None:
    old, tie, new = (message(hour=h, offset=n, email=f"{n}@x.org") for h, n in ((7, 9), (9, 1), (9, 2)))
    (row,) = silver(spark, new, old, tie).collect()
    assert (row.email, row.source_offset) == ("2@x.org", 2)


def test_an_identifier_in_other_case_is_the_same_person(spark: SparkSession) -> None:
    assert silver(spark, message(), message(login={"uuid": f" {UUID.upper()} "}, offset=1)).count() == 1


def test_text_is_trimmed_and_addresses_are_lower_case(spark: SparkSession) -> None:
    name = {"title": "Ms", "first": "ANNE", "last": " de  Vries "}
    (row,) = changes(spark, message(email=" Anne@Example.COM ", name=name, nat="nl")).collect()
    found = (row.email, row.email_provider, row.first_name, row.last_name, row.nationality)
    assert found == ("anne@example.com", "corporate", "Anne", "de Vries", "NL")


def test_telephone_numbers_are_those_of_the_country_that_a_person_lives_in(spark: SparkSession) -> None:
    (row,) = changes(spark, message(phone="030/123456", cell="call me", location={"country": "Deutschland"})).collect()
    assert (row.country_code, row.phone, row.cell) == ("DE", "+4930123456", "call me")


def test_dates_that_are_no_dates_are_null(spark: SparkSession) -> None:
    (row,) = changes(spark, message(dob={"date": "yesterday"}, registered={"date": "2020-02-30T00:00:00Z"})).collect()
    assert (row.born_on, row.registered_at, row.generation, row.tenure) == (None, None, None, None)


def test_generation_and_tenure_are_those_at_the_message(spark: SparkSession) -> None:
    said = message(dob={"date": "1990-05-01T00:00:00Z"}, registered={"date": "2023-03-01T00:00:00Z"})
    (row,) = changes(spark, said).collect()
    assert (row.generation, row.tenure) == ("millennial", "1-2 years")


def test_rules_find_what_is_wrong_with_a_person(spark: SparkSession) -> None:
    bad = message(email="nobody", phone="call me", dob={"date": "2199-01-01T00:00:00.000Z", "age": 212}, nat="XX")
    bad["record"]["registered"] = {"date": "2020-01-01T00:00:00.000Z", "age": 6}
    failed = {rule.name for rule in score(silver(spark, bad), Users).rules if rule.failed}
    wanted = {"email_syntax", "phone_matches", "age_between", "nationality_one_of", "registered_after_birth"}
    assert wanted <= failed


def test_a_consistent_person_breaks_no_rule_of_the_row(spark: SparkSession) -> None:
    fine = message(dob={"date": "1990-05-01T00:00:00.000Z", "age": 35})
    fine["record"]["registered"] = {"date": "2020-01-01T00:00:00.000Z", "age": 6}
    rules = {rule.name: (rule.failed, rule.assessed) for rule in score(silver(spark, fine), Users).rules}
    assert (rules["registered_after_birth"], rules["age_fits_birth"]) == ((0, 1), (0, 1))


def test_each_message_that_says_something_new_begins_a_version_of_the_person(spark: SparkSession) -> None:
    said = [message(hour=h, offset=h, location={"city": city}) for h, city in ((1, "Oslo"), (2, "Oslo"), (3, "Bergen"))]
    versions = build_rows(dim_user, changes=changes(spark, *said)).orderBy("valid_from").collect()
    assert [(v.city, v.valid_from.hour, v.is_current) for v in versions] == [("Oslo", 1, False), ("Bergen", 3, True)]


def test_contact_data_does_not_reach_gold() -> None:
    contact = {"email", "phone", "cell", "street", "postcode", "latitude", "longitude", "username"}
    assert not contact & {*spec_of(DimUser).struct.names, *spec_of(FactRegistration).struct.names}


def person(number: int, **columns: Any) -> dict[str, Any]:
    return {"user_id": str(number), "nationality": "NO", "gender": "female", "born_on": date(2000, 6, 1), **columns}


def test_places_are_named_once_and_unknown_ones_too(spark: SparkSession) -> None:
    oslo = {"country_code": "NO", "state": "Oslo", "city": "Oslo"}
    people = make_rows(spark, Users, [person(1, **oslo), person(2, **oslo), person(3)])
    unknown = dict.fromkeys(oslo, "unknown") | {"country": None, "continent": None}
    assert_build(dim_geography, [{**oslo, "country": "Norway", "continent": "Europe"}, unknown], people=people)


def test_there_is_a_day_for_each_day_since_the_first_registration(spark: SparkSession) -> None:
    people = make_rows(spark, Users, [person(1, registered_at=datetime(2024, 3, 5, tzinfo=UTC))])
    days = {row.day: row for row in dim_date(people, NOW).collect()}
    assert (min(days), max(days), len(days)) == (date(2024, 1, 1), date(2026, 12, 31), 366 + 365 + 365)
    new_year = days[date(2024, 12, 30)]
    assert (new_year.iso_year, new_year.iso_week, new_year.weekday_name) == (2025, 1, "Monday")


def registrations(spark: SparkSession, *days: datetime) -> DataSet[FactRegistration]:
    people = make_rows(spark, Users, [person(n, registered_at=day) for n, day in enumerate(days)])
    return fact_registration(people)


def test_growth_counts_registrations_by_day_and_in_total_and_leaves_no_day_out(spark: SparkSession) -> None:
    days = [datetime(2020, 1, day, 23, tzinfo=UTC) for day in (1, 1, 3)]
    expected = [(date(2020, 1, 1), 2, 2), (date(2020, 1, 2), 0, 2), (date(2020, 1, 3), 1, 3)]
    wanted = spark.createDataFrame(expected, "day date, new_users long, total_users long")
    found = user_growth_daily(registrations(spark, *days))
    assert_df_equality(found, wanted, ignore_row_order=True, ignore_nullable=True)


def test_people_of_whom_something_is_unknown_are_counted_as_unknown(spark: SparkSession) -> None:
    people = make_rows(spark, Users, [person(1), person(2, nationality=None, born_on=None)])
    found = user_demographics(people, NOW).collect()
    assert {(r.nationality, r.gender, r.age_group): (r.users, r.mean_age) for r in found} == {
        ("NO", "female", "25-34"): (1, 26.0),
        ("unknown", "female", "unknown"): (1, None),
    }


def test_of_a_cohort_those_are_retained_who_were_heard_of_later(spark: SparkSession) -> None:
    registered = registrations(spark, datetime(2025, 11, 3, tzinfo=UTC), datetime(2025, 11, 30, tzinfo=UTC))
    heard = make_rows(spark, UserChanges, [{"user_id": "1", "updated_at": datetime(2026, 1, 31, tzinfo=UTC)}] * 2)
    wanted = {"cohort": date(2025, 11, 1), "months": 2, "cohort_users": 2, "active_users": 1, "retention": 0.5}
    assert_build(cohort_retention, [wanted], registrations=registered, changes=heard)


def test_quality_is_that_of_the_messages_of_a_day(spark: SparkSession) -> None:
    at = datetime(2026, 1, 1, 9, tzinfo=UTC)
    said = [{"updated_at": at, "quality_score": 1.0, "failed_rules": []}]
    said += [{"updated_at": at, "quality_score": 0.5, "failed_rules": ["uuid"]}]
    wanted = {"day": date(2026, 1, 1), "messages": 2, "flawless": 1, "mean_score": 0.75}
    assert_build(quality_trend, [wanted], changes=make_rows(spark, UserChanges, said))


def test_freshness_is_counted_from_the_newest_message_of_each_partition(spark: SparkSession) -> None:
    said = [
        {"source_partition": 0, "source_offset": n, "updated_at": datetime(2026, 5, 31, 22 + n, tzinfo=UTC)}
        for n in (0, 1)
    ]
    wanted = {"source_partition": 0, "messages": 2, "last_offset": 1, "minutes_behind": 60.0}
    assert_build(data_freshness, [wanted], now=NOW, changes=make_rows(spark, UserChanges, said))


def test_gold_adds_up_to_silver(spark: SparkSession) -> None:
    days = [datetime(2020, 1 + n % 5, 1 + n % 28, tzinfo=UTC) if n % 7 else None for n in range(60)]
    places = [{"country_code": ("NO", "DE", None)[n % 3], "state": ("a", None)[n % 2]} for n in range(60)]
    rows = [person(n, registered_at=day, **place) for n, (day, place) in enumerate(zip(days, places, strict=True))]
    people = make_rows(spark, Users, rows)
    registered = fact_registration(people)
    growth = user_growth_daily(registered).orderBy("day").collect()
    for counted in (user_demographics(people, NOW), geo_distribution(people)):
        assert sum(row.users for row in counted.collect()) == people.count()
    assert sum(row.new_users for row in growth) == growth[-1].total_users == registered.count() == 51
    places_known = registered.join(dim_geography(people), ["country_code", "state", "city"])
    assert places_known.count() == registered.count()


def test_make_rows_refuses_a_name_that_the_contract_has_not(spark: SparkSession) -> None:
    with pytest.raises(ValueError, match="Users has no emial"):
        make_rows(spark, Users, [{"emial": "x"}])


@pytest.mark.slow  # some dozen small jobs for each build
def test_the_builds_of_changes_follow_them_as_they_say(spark: SparkSession) -> None:
    place = [{"source_partition": 0, "source_offset": n} for n in range(9)]
    scores = [{"quality_score": n / 8, "failed_rules": ["a"][n % 2 :]} for n in range(9)]
    days = [{"updated_at": datetime(2026, 1, 1 + n % 3, n, tzinfo=UTC)} for n in range(9)]
    who = [{"user_id": str(n % 3), "first_name": str(n % 2)} for n in range(9)]
    said = [{**a, **b, **c, **d} for a, b, c, d in zip(who, days, place, scores, strict=True)]
    changed = make_rows(spark, UserChanges, said)
    assert_build_laws(users, changes=changed)
    assert_build_laws(dim_user, changes=changed)
    assert_build_laws(quality_trend, changes=changed)


@pytest.mark.slow  # as above
def test_the_builds_of_people_follow_them_as_they_say(spark: SparkSession) -> None:
    since = [datetime(2020, 1, 1 + n, tzinfo=UTC) if n % 4 else None for n in range(9)]
    codes = [("NO", "DE", None)[n % 3] for n in range(9)]
    rows = [person(n, country_code=codes[n], registered_at=day) for n, day in enumerate(since)]
    people = make_rows(spark, Users, rows)
    assert_build_laws(dim_geography, people=people)
    assert_build_laws(fact_registration, people=people)
    assert_build_laws(geo_distribution, people=people)
