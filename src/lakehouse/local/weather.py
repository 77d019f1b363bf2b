"""Weather as OpenWeather's API answers it, observed and forecast, with the dirt of real life."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from typing import Any

from lakehouse.local.customers import FIRST_AT as FIRST_CUSTOMER_AT
from lakehouse.local.dirt import Message
from lakehouse.local.lives import beside, check_rates, chosen
from lakehouse.local.people import mix
from lakehouse.local.weather_places import Sky, WeatherPlace, sky, weather_places

_OF_MESSAGES = ("broken_json", "error_answer", "metric_units", "broken_sensor")


@dataclass(frozen=True, kw_only=True)
class WeatherDirt:
    """How often each kind of dirt comes, 0 to 1, as a share of all messages. What is left is clean."""

    repeated: float = 0.01  # an earlier clean answer again, byte for byte
    broken_json: float = 0.003  # cut off in the middle
    error_answer: float = 0.003  # what the API says of too many requests, instead of weather
    metric_units: float = 0.005  # asked for in degrees Celsius, and not in the API's own kelvin
    broken_sensor: float = 0.005  # a humidity that cannot be

    def __post_init__(self) -> None:
        check_rates(self, ("repeated",), _OF_MESSAGES)

    @staticmethod
    def none() -> WeatherDirt:
        """Give no dirt at all."""
        return WeatherDirt(**{field.name: 0.0 for field in fields(WeatherDirt)})


FIRST_AT = FIRST_CUSTOMER_AT
"""The first instant that is told of."""
_ROUNDS = ("forecast", "current", "current", "current", "current")
"""What each place is asked for in a day: the forecast of the day, then observations six hours apart."""
_DAY, _OBSERVED_EVERY, _FORECAST_EVERY = 86_400, 21_600, 10_800
_REACH = 200


def weather_messages(*, seed: int, count: int, start: int = 0, dirt: WeatherDirt | None = None) -> Iterator[Message]:
    """Make the messages ``start`` to ``count`` of the answers: message i is the same whatever the count.

    Day by day each place is told of once with the forecast of the day and four times with what was observed. ``kind``
    is the message's dirt, or ``clean``.

    Cost: some 100 µs a message, and a second for the places of a new seed.
    """
    plan = dirt if dirt is not None else WeatherDirt()
    for index in range(start, count):
        yield _message(seed, index, plan)


def _message(seed: int, index: int, dirt: WeatherDirt) -> Message:
    before, is_repeated = beside(index, dirt.repeated)
    number = index - before
    if is_repeated and number:
        newest = number - 1 - mix(seed, index, 53) % min(number, _REACH)
        earlier = (_answer(seed, one, dirt) for one in range(newest, max(-1, newest - 64), -1))
        found = next((one for one in earlier if one.kind == "clean"), None)
        if found is not None:
            return found._replace(number=index, kind="repeated")
    return _answer(seed, number, dirt)._replace(number=index)


def _answer(seed: int, number: int, dirt: WeatherDirt) -> Message:
    places = weather_places(seed)
    at, place = number // len(places), places[number % len(places)]
    day, step = divmod(at, len(_ROUNDS))
    begin = FIRST_AT + day * _DAY
    kind = chosen(mix(seed, number, 54), dirt, _OF_MESSAGES) or "clean"
    if kind == "error_answer":
        answer: dict[str, Any] = {"cod": 429, "message": "Your account is temporary blocked due to exceeding of limit"}
    elif _ROUNDS[step] == "forecast":
        answer = _forecast(seed, place, begin, kind)
    else:
        answer = _current(seed, place, begin + (step - 1) * _OBSERVED_EVERY, kind)
    text = json.dumps(answer, ensure_ascii=False, separators=(",", ":"))
    if kind == "broken_json":
        text = text[: 20 + mix(seed, number, 55) % (len(text) - 40)]
    return Message(number, str(place.number).encode(), text.encode(), kind)


def _current(seed: int, place: WeatherPlace, at: int, kind: str) -> dict[str, Any]:
    """Give an answer of ``/data/2.5/weather``."""
    return {
        "coord": {"lon": place.longitude, "lat": place.latitude},
        "base": "stations",
        **_reading(sky(seed, place, at), kind, hours=1),
        "dt": at,
        "sys": {"type": 2, "id": place.number % 9_999, "country": place.country},
        "timezone": place.zone,
        "id": place.number,
        "name": place.name,
        "cod": 200,
    }


def _forecast(seed: int, place: WeatherPlace, begin: int, kind: str) -> dict[str, Any]:
    """Give an answer of ``/data/2.5/forecast`` for one day, three hours apart."""
    instants = range(begin, begin + _DAY, _FORECAST_EVERY)
    hours = [
        {
            "dt": at,
            **_reading(sky(seed, place, at), kind, hours=3),
            "dt_txt": f"{datetime.fromtimestamp(at, UTC):%Y-%m-%d %H:%M:%S}",
        }
        for at in instants
    ]
    city = {
        "id": place.number,
        "name": place.name,
        "coord": {"lat": place.latitude, "lon": place.longitude},
        "country": place.country,
        "timezone": place.zone,
    }
    return {"cod": "200", "message": 0, "cnt": len(hours), "list": hours, "city": city}


def _reading(now: Sky, kind: str, *, hours: int) -> dict[str, Any]:
    code, group, description = now.kind
    off = 273.15 if kind == "metric_units" else 0.0
    main = {
        "temp": round(now.temperature - off, 2),
        "feels_like": round(now.temperature - now.wind / 3 - off, 2),
        "pressure": now.pressure,
        "humidity": 3_000 if kind == "broken_sensor" else now.humidity,
    }
    fallen = {"snow" if group == "Snow" else "rain": {f"{hours}h": round(now.wet * hours, 2)}} if now.wet else {}
    return {
        "weather": [{"id": code, "main": group, "description": description, "icon": "01d"}],
        "main": main,
        "visibility": 10_000,
        "wind": {"speed": now.wind, "deg": now.pressure * 7 % 360},
        "clouds": {"all": now.clouds},
        **fallen,
    }
