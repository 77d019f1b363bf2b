"""Relay a live HTTP API of the RandomUser format to Kafka."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator

import requests
from requests.adapters import HTTPAdapter
from urllib3.util import Retry

from lakehouse.errors import SourceError
from lakehouse.local.dirt import Message
from lakehouse.local.produce import Produced, produce

_BATCH = 500
_TRIES = 4


def relay(
    url: str,
    *,
    bootstrap_servers: str,
    topic: str,
    count: int,
    rate: float | None = None,
    on_progress: Callable[[int], None] = lambda _: None,
) -> Produced:
    """Fetch people from ``url`` (``?results=N&format=json`` is added) and send each as a message.

    Raises:
        SourceError: The address does not answer, or answers something else than ``{"results": [...]}``.
    """
    people = (person for size in _sizes(count) for person in _fetch(url, size))
    sample = (
        Message(number=index, key=_key(person), value=json.dumps(person, ensure_ascii=False).encode(), kind="live")
        for index, person in enumerate(people)
    )
    return produce(sample, bootstrap_servers=bootstrap_servers, topic=topic, rate=rate, on_progress=on_progress)


def _sizes(count: int) -> Iterator[int]:
    while count > 0:
        yield min(count, _BATCH)
        count -= _BATCH


def _fetch(url: str, size: int) -> list[dict[str, object]]:
    adapter = HTTPAdapter(
        max_retries=Retry(_TRIES, backoff_factor=0.5, status_forcelist=(429, 500, 502, 503, 504), raise_on_status=False)
    )
    with requests.Session() as session:
        session.mount("http://", adapter)
        session.mount("https://", adapter)
        try:
            answer = session.get(url, params={"results": str(size), "format": "json"}, timeout=20)
            answer.raise_for_status()
            found: list[dict[str, object]] = answer.json()["results"]
        except (requests.RequestException, KeyError, TypeError) as error:
            raise SourceError(
                f'{url} did not give people: {error}. It has to answer {{"results": [...]}} as the RandomUser API does'
            ) from error
    return found


def _key(person: dict[str, object]) -> bytes | None:
    login = person.get("login")
    return str(login["uuid"]).encode() if isinstance(login, dict) and "uuid" in login else None
