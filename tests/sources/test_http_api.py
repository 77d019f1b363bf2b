"""APIs as sources, from a server that misbehaves: each page once, and the next run goes on behind it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from lakehouse.catalog.file_ledger import Held
from lakehouse.catalog.iceberg import Lake
from lakehouse.errors import ConfigError, SourceError
from lakehouse.pipeline.take import take
from lakehouse.pipeline.verify_files import verify_files
from lakehouse.sources.http_api import HttpApi, Next
from lakehouse.sources.http_client import HttpClient
from lakehouse.sources.open_weather import current_weather
from lakehouse.sources.patience import Patience
from lakehouse.sources.random_user import random_users
from tests.sources.api_server import ApiServer, api_server
from tests.sources.sales import fresh_spec


@pytest.fixture
def server() -> Iterator[ApiServer]:
    """A server with three pages of sales."""
    with api_server() as found:
        for page in (1, 2, 3):
            found.pages[str(page)] = {"results": [{"number": page * 10}, {"number": page * 10 + 1}]}
        yield found


class Slept:
    """Notes the pauses in place of making them."""

    def __init__(self) -> None:
        self.pauses: list[float] = []
        self.patience = Patience(wait_seconds=60, sleep=self.sleep, clock=lambda: sum(self.pauses))

    def sleep(self, seconds: float) -> None:
        """Note a pause."""
        self.pauses.append(seconds)


def test_each_page_is_taken_once_and_a_later_run_goes_on_behind_it(lake: Lake, unique: str, server: ApiServer) -> None:
    spec, slept = fresh_spec(unique), Slept()
    server.pages["2"] = {"results": [{"number": "x"}, {"number": 21}]}
    server.wrong = [429, 500, 200, "cut", "html"]
    for pages in (2, 3):
        api = random_users(seed="s", pages=pages, results=2, url=server.url, patience=slept.patience)
        take(lake, spec, api, max_record_bytes=1_000)
    rows = lake.rows(spec).orderBy("source", "line").collect()
    assert [one.record and one.record.number for one in rows] == [10, 11, None, 21, 30, 31]
    assert (rows[2].dead_letter.reason, rows[2].line) == ("wrong_type", 1)
    assert rows[0].source == f"{server.url}?seed=s&page=1&results=2"
    assert slept.pauses[0] == 7
    assert [path.split("page=")[1][0] for path in server.asked] == list("1112223")
    assert verify_files(lake.catalog, spec).problems == ()


def test_a_server_that_never_answers_well_ends_the_run_and_nothing_is_taken(server: ApiServer) -> None:
    server.wrong = [500] * 1_000
    slept = Slept()
    with pytest.raises(SourceError, match=r"HTTP 500, for 60 s\. Nothing is lost"):
        HttpClient(what="it", patience=slept.patience).get(server.url)
    assert len(slept.pauses) < 30


def test_the_key_of_an_api_is_in_the_request_and_nowhere_else(
    server: ApiServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WEATHER_KEY", "hush")
    api = current_weather(places={"Gent": (51.05, 3.72)}, key="secret://env/WEATHER_KEY", url=server.url)
    page = api._page(api.begin(""))
    assert "appid=hush" in server.asked[0]
    assert "hush" not in f"{page} {api}"


def test_a_key_that_is_no_reference_is_refused() -> None:
    with pytest.raises(ConfigError, match="give a reference"):
        current_weather(places={"Gent": (51.05, 3.72)}, key="hush")


def test_an_address_that_is_refused_is_told_without_asking_again(server: ApiServer) -> None:
    server.wrong = [403]
    api = random_users(seed="s", pages=1, url=server.url)
    with pytest.raises(SourceError, match="HTTP 403: check its key or token"):
        next(api.batches(None, None, Held()))  # type: ignore[arg-type]
    assert len(server.asked) == 1


def test_pages_that_go_in_a_circle_are_told(server: ApiServer) -> None:
    client = HttpClient(what="it")
    api = HttpApi(
        name="it", client=client, begin=lambda _: server.url, follow=lambda page, _: Next(url=page.url, cursor="")
    )
    with pytest.raises(SourceError, match="goes in a circle"):
        next(api.batches(None, None, Held()))  # type: ignore[arg-type]
