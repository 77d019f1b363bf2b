"""Weather from the API's answers to the revenue by it: the builds as functions, and each kind of dirt to its end."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from pyspark.sql import DataFrame, Row, SparkSession

from lakehouse.catalog.iceberg import good_data
from lakehouse.contract.table import spec_of
from lakehouse.domains.orders.gold_facts import FactOrders
from lakehouse.domains.weather.bronze import WeatherRaw
from lakehouse.domains.weather.gold import WeatherDaily, revenue_by_weather, weather_daily
from lakehouse.domains.weather.silver import WeatherHourly, weather_hourly
from lakehouse.local.dirt import Message
from lakehouse.local.weather import WeatherDirt, weather_messages
from lakehouse.pipeline.bronze_rows import to_bronze
from lakehouse.quality import rule_set, with_quality
from lakehouse.testing import assert_build, assert_build_laws, build_rows, make_rows
from lakehouse.transforms.decoder import JsonDecoder
from lakehouse.transforms.undeclared import undeclared
from tests.domains.shop import records

DIRT = WeatherDirt(repeated=0.05, broken_json=0.04, error_answer=0.04, metric_units=0.05, broken_sensor=0.05)


@dataclass(frozen=True)
class Told:
    """Answers as they were sent, what became of each in bronze, and the hours of silver by the offset they are of."""

    sent: list[Message]
    dead: dict[int, Row]
    bronze: DataFrame
    hourly: DataFrame
    hours: dict[int, list[Row]]


@pytest.fixture(scope="module")
def told(spark: SparkSession) -> Told:
    sent = list(weather_messages(seed=5, count=650, dirt=DIRT))
    held = to_bronze(records(spark, sent), spec_of(WeatherRaw), max_bytes=100_000, decode=JsonDecoder())
    held = held.localCheckpoint()
    bronze = good_data(held, WeatherRaw)
    hourly = build_rows(weather_hourly, raw=bronze).localCheckpoint()
    hours: dict[int, list[Row]] = {}
    own = hourly.drop(*spec_of(WeatherHourly).generated)
    for row in with_quality(own, rule_set(WeatherHourly)).collect():
        hours.setdefault(row.source_offset, []).append(row)
    return Told(sent, {row.offset: row.dead_letter for row in held.collect() if row.dead_letter}, bronze, hourly, hours)


def is_dead(told: Told, message: Message) -> bool:
    found = told.dead.get(message.number)
    return found is not None and found.reason == "malformed_json"


def is_one_answer(told: Told, message: Message) -> bool:
    """Its hours are there once, of this answer or of a newer one."""
    newest = max(other.number for other in told.sent if (other.key, other.value) == (message.key, message.value))
    hours = told.hours.get(message.number, [])
    return message.number not in told.dead and (not hours or message.number == newest)


def flagged(told: Told, message: Message, rule: str) -> bool:
    return all(rule in row.failed_rules for row in told.hours.get(message.number, []))


ENDS: dict[str, Callable[[Told, Message], bool]] = {
    "repeated": is_one_answer,
    "broken_json": is_dead,
    "error_answer": lambda told, message: flagged(told, message, "place_is_known"),
    "metric_units": lambda told, message: flagged(told, message, "temperature_not_null"),
    "broken_sensor": lambda told, message: flagged(told, message, "humidity_between"),
}


@pytest.mark.parametrize("kind", [field.name for field in fields(WeatherDirt)])
def test_dirt_in_the_answers_comes_to_its_end(told: Told, kind: str) -> None:
    sent = [message for message in told.sent if message.kind == kind]
    assert any(message.number in told.hours or message.number in told.dead for message in sent)
    assert [message for message in sent if not ENDS[kind](told, message)] == []


def test_what_is_not_broken_is_no_dead_letter_and_clean_answers_break_no_rule(told: Told) -> None:
    assert set(told.dead) == {message.number for message in told.sent if message.kind == "broken_json"}
    clean = [row for m in told.sent if m.kind == "clean" for row in told.hours.get(m.number, [])]
    assert clean
    assert [row for row in clean if row.failed_rules] == []


def test_an_hour_is_what_was_observed_or_else_what_was_forecast(told: Told) -> None:
    rows = [row for found in told.hours.values() for row in found if row.place_id == 1_000_000]
    first = {row.hour.astimezone(UTC).hour: row.is_observed for row in rows if row.hour.astimezone(UTC).day == 31}
    assert first == {0: True, 3: False, 6: True, 9: False, 12: True, 15: False, 18: True, 21: False}


def test_an_hour_knows_what_the_clocks_there_show(told: Told) -> None:
    rows = [row for found in told.hours.values() for row in found if row.country_code == "IN"]
    shown = {(row.hour.astimezone(UTC) + timedelta(hours=5, minutes=30)).strftime("%Y-%m-%d %H") for row in rows}
    assert {f"{row.local_day} {row.local_hour:02}" for row in rows} == shown


def hour(number: int, **columns: Any) -> dict[str, Any]:
    own = {"place_id": 7, "hour": datetime(2026, 1, 1, number, tzinfo=UTC), "local_day": date(2026, 1, 1)}
    place = {"city": "Oslo", "country_code": "NO", "is_observed": True, "told_at": own["hour"]}
    return {**own, **place, "rain": 0.0, "snow": 0.0, "cloud_cover": 20.0, "temperature": float(number), **columns}


def test_a_day_is_the_mean_of_its_hours_and_what_fell_in_all_of_them(spark: SparkSession) -> None:
    given = [hour(0, rain=0.5), hour(6, is_observed=False), hour(12, temperature=None), hour(3, place_id=0)]
    expected = {"place_id": 7, "hours": 3, "observed_hours": 2, "coldest": 0.0, "warmest": 6.0, "mean": 3.0}
    assert_build(
        weather_daily, [{**expected, "rain": 4.0, "sky": "rain"}], hourly=make_rows(spark, WeatherHourly, given)
    )


def order(number: int, **columns: Any) -> dict[str, Any]:
    own = {"order_id": f"o{number}", "day": date(2026, 1, 1 + number % 2), "currency": "EUR", "customer_country": "NO"}
    return {**own, "net_amount": Decimal(10), **columns}


def test_orders_are_of_the_weather_of_their_country_and_day_and_none_is_lost(spark: SparkSession) -> None:
    orders = [order(0), order(1), order(2), order(3, customer_country=None), order(4, customer_country="SE")]
    days = [
        {"place_id": place, "day": date(2026, 1, 1), "country_code": "NO", "mean": mean, "rain": 0.0, "snow": snow}
        for place, mean, snow in ((1, -4.0, 0.0), (2, -2.0, 4.0))
    ]
    expected = [
        {"country_code": "NO", "sky": "snow", "days": 1, "orders": 2, "mean_temperature": -3.0},
        {"country_code": "NO", "sky": "unknown", "days": 1, "orders": 1, "mean_temperature": None},
        {"country_code": "SE", "sky": "unknown", "days": 1, "orders": 1, "mean_temperature": None},
        {"country_code": "unknown", "sky": "unknown", "days": 1, "orders": 1, "mean_temperature": None},
    ]
    weather = make_rows(spark, WeatherDaily, days)
    assert_build(revenue_by_weather, expected, orders=make_rows(spark, FactOrders, orders), weather=weather)


def test_every_field_of_the_sample_is_declared() -> None:
    values = [one.value for one in weather_messages(seed=7, count=400) if one.value]
    assert undeclared(values, [spec_of(WeatherRaw).column("record").type]) == {}


@pytest.mark.slow  # some dozen small jobs for each build
def test_the_builds_of_weather_follow_their_inputs_as_they_say(spark: SparkSession, told: Told) -> None:
    assert_build_laws(weather_hourly, raw=told.bronze.limit(40))
    given = [hour(n % 24, place_id=n % 3, local_day=date(2026, 1, 1 + n % 2)) for n in range(12)]
    assert_build_laws(weather_daily, hourly=make_rows(spark, WeatherHourly, given))
