"""A live HTTP API is relayed: all of it, through short troubles, and never silently not."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import pytest

from lakehouse.errors import SourceError
from lakehouse.local.broker import Broker
from lakehouse.local.people import person_json
from lakehouse.local.relay import relay
from lakehouse.sources.topics import ensure_topic, topic_size


class Api(BaseHTTPRequestHandler):
    """Gives people; fails once where the path asks for it."""

    failed: bool = False

    def do_GET(self) -> None:
        asked = urlsplit(self.path)
        is_down = asked.path == "/flaky" and not Api.failed
        Api.failed = Api.failed or is_down
        people = [json.loads(person_json(1, n)) for n in range(int(parse_qs(asked.query)["results"][0]))]
        body = {"/error": {"error": "too many"}}.get(asked.path, {"results": people})
        self.send_response(503 if is_down else 404 if asked.path == "/missing" else 200)
        self.end_headers()
        self.wfile.write(b"<html>" if asked.path == "/html" else json.dumps(body).encode())

    def log_message(self, *_: object) -> None:
        """Stay silent."""


@pytest.fixture(scope="module")
def api() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Api) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.mark.parametrize("path", ["/api", "/flaky"])
def test_as_many_people_arrive_as_were_asked_for(kafka: Broker, unique: str, api: str, path: str) -> None:
    ensure_topic(kafka.bootstrap_servers, unique)

    relay(f"{api}{path}", bootstrap_servers=kafka.bootstrap_servers, topic=unique, count=620)

    assert topic_size(kafka.bootstrap_servers, unique) == 620


@pytest.mark.parametrize("path", ["/missing", "/html", "/error"])
def test_an_answer_without_people_is_an_error_with_the_address(kafka: Broker, unique: str, api: str, path: str) -> None:
    ensure_topic(kafka.bootstrap_servers, unique)

    with pytest.raises(SourceError, match=f"{api}{path}"):
        relay(f"{api}{path}", bootstrap_servers=kafka.bootstrap_servers, topic=unique, count=1)
