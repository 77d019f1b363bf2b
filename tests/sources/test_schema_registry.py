"""The registry's client: what it asks, what it keeps, how it waits, and what it never shows."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest

from lakehouse.config.settings import RegistrySettings
from lakehouse.errors import SourceError
from lakehouse.sources.patience import Patience
from lakehouse.sources.schema_registry import SchemaRegistry
from lakehouse.transforms.avro_schema import parse_avro
from tests.sources.avro_bytes import record
from tests.sources.registry_server import RegistryServer, registry_server

NOWHERE = "http://127.0.0.1:1"


@dataclass
class Clock:
    """Time that passes only while one sleeps."""

    now: float = 0.0
    slept: list[float] = field(default_factory=list)

    def patience(self, seconds: float) -> Patience:
        return Patience(wait_seconds=seconds, sleep=self.sleep, clock=lambda: self.now)

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


@pytest.fixture
def server() -> Iterator[RegistryServer]:
    with registry_server() as running:
        yield running


def test_a_schema_is_asked_for_once(server: RegistryServer) -> None:
    number = server.register("users-value", record("User", id="string"))
    registry = SchemaRegistry(url=f"{server.url}/")
    first, second = registry.schema(number), registry.schema(number)
    assert first is second
    assert first is not None
    assert json.loads(first.text)["name"] == "User"
    assert server.asked == [f"/schemas/ids/{number}"]


def test_an_id_that_is_not_there_is_none_and_asked_for_again(server: RegistryServer) -> None:
    registry = SchemaRegistry(url=server.url)
    assert registry.schema(1) is None
    server.register("users-value", record("User", id="string"))
    assert registry.schema(1) is not None


def test_the_ids_of_a_subject_are_those_of_its_versions(server: RegistryServer) -> None:
    first = server.register("users-value", record("User", id="string"))
    server.register("other-value", record("Other", id="string"))
    second = server.register("users-value", record("User", id="string", name="string"))
    registry = SchemaRegistry(url=server.url)
    assert registry.ids("users-value") == (first, second)
    assert registry.ids("nobody-value") == ()


def test_references_come_with_a_schema_each_after_its_own(server: RegistryServer) -> None:
    server.register("city", record("a.City", name="string"))
    server.register("place", record("a.Place", city="a.City"), references=[_reference("city")])
    number = server.register(
        "users", record("a.User", home="a.Place", work="City"), references=[_reference("place"), _reference("city")]
    )
    found = SchemaRegistry(url=server.url).schema(number)
    assert found is not None
    written = json.loads(parse_avro(found.text, found.references).text())
    home, work = (one["type"] for one in written["fields"])
    assert (home["fields"][0]["type"]["fields"][0]["name"], work) == ("name", "w.a.City")


def _reference(subject: str) -> dict[str, object]:
    return {"name": subject, "subject": subject, "version": 1}


def test_a_busy_registry_is_asked_again(server: RegistryServer) -> None:
    number, clock = server.register("users-value", record("User", id="string")), Clock()
    server.failing = [503, 429, 500]
    assert SchemaRegistry(url=server.url, patience=clock.patience(60)).schema(number) is not None
    assert len(clock.slept) == 3


def test_a_registry_that_is_down_is_said_once_a_minute_and_given_up_in_time(caplog: pytest.LogCaptureFixture) -> None:
    clock = Clock()
    with caplog.at_level(logging.WARNING), pytest.raises(SourceError, match="Nothing is lost") as told:
        SchemaRegistry(url=NOWHERE, patience=clock.patience(600)).schema(1)
    assert NOWHERE in str(told.value)
    assert clock.now == pytest.approx(600)
    assert 8 <= len(caplog.records) <= 11


def test_pauses_grow_but_not_for_ever() -> None:
    clock = Clock()
    with pytest.raises(SourceError):
        SchemaRegistry(url=NOWHERE, patience=clock.patience(600)).schema(1)
    assert clock.slept[0] < 1
    assert 15 <= max(clock.slept[:-1]) <= 30


@pytest.mark.parametrize(
    ("kind", "secret", "header"), [("basic", "user:pa:ss", "Basic dXNlcjpwYTpzcw=="), ("bearer", "tok", "Bearer tok")]
)
def test_a_registry_that_asks_who_is_there_is_told(server: RegistryServer, kind: str, secret: str, header: str) -> None:
    settings = RegistrySettings.model_validate({"url": server.url, "auth": "secret://env/WHO", "auth_type": kind})
    server.password = header
    registry = SchemaRegistry(url=server.url, authorization=lambda: settings.authorization({"WHO": secret}))
    assert registry.ids("users-value") == ()


def test_a_refusal_is_told_without_the_secret(server: RegistryServer) -> None:
    server.password = "Basic right"
    registry = SchemaRegistry(url=server.url, authorization=lambda: "Basic wrong-and-secret")
    with pytest.raises(SourceError, match=r"HTTP 401.*registry\.auth") as told:
        registry.schema(1)
    assert "secret" not in f"{told.value}{told.value.__cause__}{registry!r}"


def test_a_secret_that_is_no_header_does_not_show_in_the_error(server: RegistryServer) -> None:
    registry = SchemaRegistry(url=server.url, authorization=lambda: "Basic hidden\r\nX: y")
    with pytest.raises(SourceError) as told:
        registry.schema(1)
    assert "hidden" not in str(told.value)
    assert told.value.__cause__ is None


def test_an_address_that_is_no_registry_is_told_at_once(server: RegistryServer) -> None:
    with pytest.raises(SourceError, match=r"HTTP 404, not as a schema registry does: check registry\.url"):
        SchemaRegistry(url=f"{server.url}/wrong").schema(1)
