"""A schema registry in this process, over HTTP: what the fast tests ask. The slow ones start a real one."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import requests


@dataclass
class RegistryServer:
    """Its schemas by id, its subjects, and what is wrong with it."""

    url: str = ""
    schemas: dict[int, dict[str, Any]] = field(default_factory=dict)
    subjects: dict[str, list[int]] = field(default_factory=dict)
    failing: list[int] = field(default_factory=list)
    """HTTP codes that the next requests get, one each."""
    password: str = ""
    """The Authorization that is demanded."""
    asked: list[str] = field(default_factory=list)

    def register(self, subject: str, schema: Any, *, kind: str = "AVRO", references: list[Any] | None = None) -> int:
        """Register a schema as a producer does; the same one once more gets the same id."""
        body = {"schema": json.dumps(schema), "schemaType": kind, "references": references or []}
        answer = requests.post(f"{self.url}/subjects/{subject}/versions", json=body, timeout=10)
        return int(answer.json()["id"])

    def answer(self, path: str, authorization: str | None) -> tuple[int, object]:
        self.asked.append(path)
        if self.failing:
            return self.failing.pop(0), {"error_code": 50001}
        if self.password and authorization != self.password:
            return 401, {"error_code": 40101}
        if found := re.fullmatch(r"/schemas/ids/(\d+)", path):
            schema = self.schemas.get(int(found[1]))
            return (404, {"error_code": 40403}) if schema is None else (200, schema)
        if found := re.fullmatch(r"/subjects/([^/]+)/versions(?:/(\d+))?", path):
            ids = self.subjects.get(found[1])
            if ids is None:
                return 404, {"error_code": 40401}
            number = int(found[2] or 0)
            one = {"subject": found[1], "version": number, "id": ids[number - 1]} if number else {}
            return 200, {**one, **self.schemas[ids[number - 1]]} if number else list(range(1, len(ids) + 1))
        return 404, "no such page"

    def add(self, path: str, body: dict[str, Any]) -> tuple[int, object]:
        subject = path.split("/")[2]
        known = [one for one, schema in self.schemas.items() if schema == body]
        number = known[0] if known else len(self.schemas) + 1
        self.schemas[number] = body
        ids = self.subjects.setdefault(subject, [])
        if number not in ids:
            ids.append(number)
        return 200, {"id": number}


@contextmanager
def registry_server(port: int = 0, state: RegistryServer | None = None) -> Iterator[RegistryServer]:
    """Run one on a port of its own, or on a given one and with what another had."""
    registry = state or RegistryServer()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._send(*registry.answer(self.path, self.headers.get("Authorization")))

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            self._send(*registry.add(self.path, body))

        def _send(self, code: int, content: object) -> None:
            data = json.dumps(content).encode()
            self.send_response(code)
            self.send_header("Content-Type", "application/vnd.schemaregistry.v1+json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", port), Handler) as server:
        registry.url = f"http://127.0.0.1:{server.server_address[1]}"
        Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        yield registry
        server.shutdown()
