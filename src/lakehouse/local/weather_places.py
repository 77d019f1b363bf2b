"""Places whose weather the sample tells: two cities of each country in which people of the sample live."""

from __future__ import annotations

import json
import math
from functools import lru_cache
from typing import NamedTuple

from lakehouse.local.people import mix
from lakehouse.local.person_pool import make_pool

# Degrees north and east of a country's middle, and the minutes that its clocks are ahead of UTC in winter.
_MIDDLES = {
    "AU": (-33.9, 151.2, 660), "BR": (-23.5, -46.6, -180), "CA": (43.7, -79.4, -300), "CH": (47.4, 8.5, 60),
    "DE": (52.5, 13.4, 60), "DK": (55.7, 12.6, 60), "ES": (40.4, -3.7, 60), "FI": (60.2, 24.9, 120),
    "FR": (48.9, 2.4, 60), "GB": (51.5, -0.1, 0), "IE": (53.3, -6.3, 0), "IN": (28.6, 77.2, 330),
    "IR": (35.7, 51.4, 210), "MX": (19.4, -99.1, -360), "NL": (52.4, 4.9, 60), "NO": (59.9, 10.8, 60),
    "NZ": (-36.8, 174.8, 780), "RS": (44.8, 20.5, 60), "TR": (39.9, 32.9, 180), "UA": (50.5, 30.5, 120),
    "US": (40.7, -74.0, -300),
}  # fmt: skip
_PER_COUNTRY = 2
_FREEZING = 273.15
_DAY = 86_400
# OpenWeather's code, group and description.
_CLEAR, _CLOUDS, _FOG = (800, "Clear", "clear sky"), (803, "Clouds", "broken clouds"), (741, "Fog", "fog")
_RAIN, _SNOW, _STORM = (500, "Rain", "light rain"), (600, "Snow", "light snow"), (211, "Thunderstorm", "thunderstorm")
_SKIES = (_CLEAR, _CLEAR, _CLOUDS, _CLOUDS, _CLOUDS, _FOG, _RAIN, _RAIN, _RAIN, _STORM)


class WeatherPlace(NamedTuple):
    """A city: its number with OpenWeather, name, country, degrees, and seconds ahead of UTC."""

    number: int
    name: str
    country: str
    latitude: float
    longitude: float
    zone: int


class Sky(NamedTuple):
    """The weather of a place at an instant [K, hPa, %, m/s, mm/h], and what OpenWeather calls it."""

    temperature: float
    pressure: int
    humidity: int
    wind: float
    clouds: int
    wet: float
    kind: tuple[int, str, str]


@lru_cache(maxsize=4)
def weather_places(seed: int) -> tuple[WeatherPlace, ...]:
    """Give the places: those of the users of the same seed."""
    found = list[WeatherPlace]()
    for country in make_pool(seed).countries:
        latitude, longitude, minutes = _MIDDLES[country.code]
        for name in list(dict.fromkeys(country.city))[:_PER_COUNTRY]:
            number = 1_000_000 + len(found)
            city = json.loads(f'"{name}"')
            found.append(WeatherPlace(number, city, country.code, latitude, longitude, minutes * 60))
    return tuple(found)


def sky(seed: int, place: WeatherPlace, at: int) -> Sky:
    """Give the weather of a place in a second since 1970: warmest in the afternoon, and of one kind for hours."""
    day, hour = at // _DAY, (at + place.zone) % _DAY / 3_600
    draw = mix(seed, place.number * 100_000 + day, 51)
    season = math.cos(2 * math.pi * (day - 15) / 365.25) * (-12 if place.latitude > 0 else 8)
    warmth = 300 - abs(place.latitude) / 2.5 + season + 4 * math.cos(2 * math.pi * (hour - 15) / 24) + draw % 80 / 10
    kind = _SKIES[mix(seed, place.number * 100_000 + at // (_DAY // 2), 52) % len(_SKIES)]
    if kind == _RAIN and warmth < _FREEZING:
        kind = _SNOW
    wet = 0.2 + (draw >> 8) % 30 / 10 if kind in (_RAIN, _SNOW, _STORM) else 0.0
    clouds = 5 if kind == _CLEAR else 60 + (draw >> 16) % 41
    return Sky(
        temperature=round(warmth, 2), pressure=990 + (draw >> 24) % 45, humidity=40 + (draw >> 32) % 60,
        wind=(draw >> 40) % 150 / 10, clouds=clouds, wet=round(wet, 2), kind=kind,
    )  # fmt: skip
