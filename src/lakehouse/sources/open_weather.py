"""OpenWeather: how the weather is now at some places, a request for each."""

from __future__ import annotations

import os
from collections.abc import Mapping
from urllib.parse import urlencode

from lakehouse.config.secrets import resolve_secret
from lakehouse.errors import ConfigError
from lakehouse.sources.http_api import HttpApi, Next, Page
from lakehouse.sources.http_client import HttpClient
from lakehouse.sources.patience import Patience


def current_weather(
    *,
    places: Mapping[str, tuple[float, float]],
    key: str,
    url: str = "https://api.openweathermap.org/data/2.5/weather",
    patience: Patience | None = None,
) -> HttpApi:
    """Give the weather at each place, anew in each run.

    Args:
        places: Name → latitude and longitude, degrees.
        key: Of the API, as ``secret://env/OPENWEATHER_KEY``; it is read when it is needed and never shown.
        url: Of the API.
        patience: How long to wait for an answer.

    Raises:
        ConfigError: There are no places, or the key is none of a reference.
    """
    if not places:
        raise ConfigError("OpenWeather is asked for places, and there are none")
    if not key.startswith("secret://"):
        raise ConfigError("the key of OpenWeather is a secret; give a reference, such as secret://env/OPENWEATHER_KEY")
    # The name is for people who read where a record came from; the API does not know it.
    asked = [
        f"{url}?{urlencode({'lat': latitude, 'lon': longitude, 'units': 'metric', 'place': name})}"
        for name, (latitude, longitude) in places.items()
    ]

    def follow(page: Page, cursor: str) -> Next:
        after = asked.index(page.url) + 1
        return Next(url=asked[after] if after < len(asked) else "", cursor=cursor)

    return HttpApi(
        name="openweather",
        client=HttpClient(
            what=f"OpenWeather at {url}",
            secret_parameters=lambda: {"appid": resolve_secret(key, environ=os.environ)},
            patience=patience or Patience(),
        ),
        begin=lambda _: asked[0],
        follow=follow,
    )
