"""A catalog, the place of its tables, and its clock."""

from __future__ import annotations

import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import pytest

from lakehouse.config import Settings
from lakehouse.config.settings import CatalogSettings
from lakehouse.doctor.catalog import catalog_checks, writers_check
from lakehouse.doctor.clock import clock_address, clock_check, skew_seconds
from lakehouse.doctor.finding import Finding, Level, within
from lakehouse.doctor.kafka import kafka_checks, topics_check


def checked(uri: str, warehouse: Path, *, write: bool = True) -> dict[str, Finding]:
    settings = Settings.model_validate({"catalog": {"uri": uri, "warehouse": str(warehouse)}})
    return {one.check: one for one in catalog_checks(settings, {}, tables=(), write=write)}


def test_a_marker_is_put_and_nothing_is_left(tmp_path: Path) -> None:
    found = checked(f"sqlite:///{tmp_path}/c.db", tmp_path / "w")
    assert (found["catalog"].level, found["write"].level) == (Level.OK, Level.OK)
    assert list((tmp_path / "w").iterdir()) == []


def test_a_warehouse_that_cannot_be_written_is_wrong(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    write = checked(f"sqlite:///{tmp_path}/c.db", tmp_path / "file")["write"]
    assert (write.level, "put of a marker" in write.found, "KMS" in write.todo) == (Level.WRONG, True, True)


def test_without_being_asked_it_says_that_it_did_not_try_to_write(tmp_path: Path) -> None:
    write = checked(f"sqlite:///{tmp_path}/c.db", tmp_path / "w", write=False)["write"]
    assert (write.level, "--write" in write.found, (tmp_path / "w").exists()) == (Level.NOT_TOLD, True, False)


def test_a_catalog_that_cannot_be_opened_is_wrong_and_no_table_is_asked_for(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    found = checked(f"sqlite:///{tmp_path}/file/c.db", tmp_path / "w", write=False)
    assert (found["catalog"].level, "read" in found) == (Level.WRONG, False)


def test_the_password_of_a_catalog_is_not_shown(tmp_path: Path) -> None:
    found = checked("postgresql://ada:hunter2@127.0.0.1:1/lake", tmp_path / "w", write=False)
    assert [one.check for one in found.values() if "hunter2" in f"{one}"] == []
    assert found["catalog"].level is Level.WRONG


@pytest.mark.parametrize(
    ("catalog", "words"),
    [
        ({}, "several may write"),
        ({"type": "rest", "uri": "http://h"}, "several may write"),
        ({"type": "glue"}, "several may write"),
        ({"type": "glue", "properties": {"glue.endpoint": "http://127.0.0.1:5000"}}, "single writer"),
        ({"type": "glue", "properties": {"glue.endpoint": "https://glue.eu-west-1.amazonaws.com"}}, "several may"),
        ({"uri": "postgresql://h/db"}, "not tried with postgresql"),
    ],
)
def test_who_may_write_depends_on_the_catalog(catalog: dict[str, object], words: str) -> None:
    assert words in writers_check(CatalogSettings.model_validate(catalog)).found


@pytest.mark.parametrize(
    ("skew", "level", "words"),
    [(2, Level.OK, "within 5 s"), (-30, Level.WARNING, "30 s behind"), (300, Level.WRONG, "300 s ahead of")],
)
def test_a_clock_that_is_off_by_a_minute_is_wrong(skew: float, level: Level, words: str) -> None:
    found = clock_check(skew, "https://glue")
    assert (found.level, words in found.found) == (level, True)


@pytest.mark.parametrize(
    ("catalog", "environ", "address"),
    [
        ({}, {"AWS_REGION": "eu-west-1"}, None),
        ({"type": "rest", "uri": "https://h/api"}, {}, "https://h/api"),
        ({"type": "glue"}, {}, None),
        ({"type": "glue"}, {"AWS_REGION": "eu-west-1"}, "https://glue.eu-west-1.amazonaws.com"),
        ({"warehouse": "s3://b/w", "properties": {"s3.endpoint": "http://h:9000"}}, {}, "http://h:9000"),
    ],
)
def test_the_clock_is_asked_of_the_catalog(
    catalog: dict[str, object], environ: dict[str, str], address: str | None
) -> None:
    assert clock_address(CatalogSettings.model_validate(catalog), environ) == address


class Refusing(BaseHTTPRequestHandler):
    """A server whose clock is behind, and that wants to know who asks."""

    def do_HEAD(self) -> None:
        self.send_response_only(403)
        self.send_header("Date", "Sun, 01 Nov 2020 10:00:00 GMT")
        self.end_headers()


@pytest.fixture(name="server")
def refusing_server() -> Iterator[str]:
    with HTTPServer(("127.0.0.1", 0), Refusing) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def test_a_refusal_has_a_date_too(server: str) -> None:
    assert skew_seconds(server, 5) > 365 * 86_400


def test_who_does_not_answer_is_not_waited_for() -> None:
    begun = time.monotonic()
    with pytest.raises(TimeoutError, match="no answer within 0 s"):
        within(lambda: time.sleep(5), seconds=0.1)
    assert time.monotonic() - begun < 3


STREAMS = Settings.model_validate({"streams": {"bronze.a": {"topic": "a, b"}}})


def test_a_broker_that_is_down_is_wrong_within_the_time_given() -> None:
    (found,) = kafka_checks(STREAMS, {}, servers="127.0.0.1:1", seconds=0.5)
    assert (found.level, "no Kafka broker answers at 127.0.0.1:1" in found.found) == (Level.WRONG, True)


def test_no_address_is_a_thing_to_look_at_only_where_there_are_streams() -> None:
    found = [kafka_checks(settings, {}, servers="")[0].level for settings in (STREAMS, Settings())]
    assert found == [Level.WARNING, Level.NOT_TOLD]


def test_topics_of_streams_that_are_not_there_are_named() -> None:
    found = [topics_check(STREAMS, known) for known in (["a"], ["a", "b"])]
    assert [(one.level, one.found) for one in found] == [
        (Level.WARNING, "not there: b"),
        (Level.OK, "those of all streams are there"),
    ]
