"""The sample of the weather: the same bytes for an index, in the cities of the users, dirt as often as stated."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import fields
from functools import lru_cache

import pytest

from lakehouse.local.dirt import Message
from lakehouse.local.person_pool import make_pool
from lakehouse.local.weather import WeatherDirt, weather_messages
from lakehouse.local.weather_places import weather_places

COUNT = 4_000


@lru_cache
def some() -> list[Message]:
    return list(weather_messages(seed=7, count=COUNT))


def test_an_answer_is_the_same_wherever_the_sample_begins_and_ends() -> None:
    whole = some()[:300]
    assert [next(weather_messages(seed=7, count=at + 1, start=at)) for at in range(300)] == whole


def test_each_place_is_a_city_of_the_users() -> None:
    cities = {(country.code, json.loads(f'"{name}"')) for country in make_pool(7).countries for name in country.city}
    assert {(place.country, place.name) for place in weather_places(7)} <= cities


def test_a_day_of_a_place_is_a_forecast_and_four_observations() -> None:
    clean = [json.loads(one.value or b"") for one in weather_messages(seed=1, count=420, dirt=WeatherDirt.none())]
    kinds = Counter((one["city"]["id"], "list") if "list" in one else (one["id"], "dt") for one in clean)
    assert set(kinds.values()) == {2, 8}
    assert {len(one["list"]) for one in clean if "list" in one} == {8}


@pytest.mark.parametrize("kind", [field.name for field in fields(WeatherDirt)])
def test_each_kind_comes_as_often_as_stated(kind: str) -> None:
    found, stated = sum(message.kind == kind for message in some()), getattr(WeatherDirt(), kind)
    # Five standard deviations of a binomial count.
    assert abs(found - stated * COUNT) < 5 * (COUNT * stated * (1 - stated)) ** 0.5


def test_weather_without_a_fault_could_be() -> None:
    answers = [json.loads(one.value or b"") for one in some() if one.kind in ("clean", "repeated")]
    told = [reading for one in answers for reading in one.get("list", [one])]
    assert all(200 < one["main"]["temp"] < 325 and one["main"]["humidity"] <= 100 for one in told)
    assert {one["weather"][0]["main"] for one in told} >= {"Clear", "Clouds", "Rain", "Snow"}
