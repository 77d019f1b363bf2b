"""A server of pages in this process, over HTTP, that misbehaves as it is told."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from urllib.parse import parse_qs, urlparse


@dataclass
class ApiServer:
    """Its pages by number, and what is wrong with the next answers, one each: a status, ``cut`` or ``html``."""

    url: str = ""
    pages: dict[str, object] = field(default_factory=dict)
    wrong: list[int | str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)


@contextmanager
def api_server() -> Iterator[ApiServer]:
    """Run one for the length of a block."""
    state = ApiServer()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            state.asked.append(self.path)
            query = parse_qs(urlparse(self.path).query)
            wrong = state.wrong.pop(0) if state.wrong else 200
            body = json.dumps(state.pages.get(query.get("page", query.get("lat", ["0"]))[0], [])).encode()
            self.send_response(wrong if isinstance(wrong, int) else 200)
            if wrong == 429:
                self.send_header("Retry-After", "7")
            if wrong == "html":
                body = b"<html>come in</html>"
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body[: len(body) // 2] if wrong == "cut" else body)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        state.url = f"http://127.0.0.1:{server.server_port}/"
        yield state
        server.shutdown()
