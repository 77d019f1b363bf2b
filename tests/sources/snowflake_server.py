"""A server that speaks as Snowflake does to its connector: fakesnow runs the statements, and its rows go out as Arrow.

fakesnow's own server needs a web framework; this is what the connector asks of it, on the one of Python.
"""

from __future__ import annotations

import gzip
import json
import threading
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import snowflake.connector
from fakesnow.arrow import to_ipc, to_sf
from fakesnow.instance import FakeSnow
from fakesnow.rowtype import describe_as_rowtype

_LOGIN = {"token": "t", "masterToken": "m", "parameters": [], "sessionInfo": {}, "serverVersion": "9.0"}


class _Handler(BaseHTTPRequestHandler):
    server: _Server

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if self.headers.get("Content-Encoding") == "gzip":
            body = gzip.decompress(body)
        answer: dict[str, Any] = {"data": _LOGIN, "success": True}
        if self.path.startswith("/queries/v1/query-request"):
            asked = json.loads(body)
            answer = self.server.run(asked["sqlText"], describe=bool(asked.get("describeOnly")))
        text = json.dumps(answer).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *args: object) -> None:
        """Say nothing."""


class _Server(ThreadingHTTPServer):
    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.connection = FakeSnow().connect(database="CRM", schema="PUBLIC")
        self.asked: list[str] = []

    def run(self, sql: str, *, describe: bool) -> dict[str, Any]:
        cursor = self.connection.cursor()
        try:
            if describe:
                cursor.execute(f"DESCRIBE {sql}")
                return _answer(describe_as_rowtype(cursor.fetchall()), None)
            self.asked.append(sql)
            cursor.execute(sql, server=True)
            return _answer(describe_as_rowtype(cursor._describe_last_sql()), cursor._arrow_table)
        except snowflake.connector.errors.ProgrammingError as error:
            data = {"errorCode": f"{error.errno:06d}", "sqlState": error.sqlstate}
            return {"data": data, "code": data["errorCode"], "message": error.msg, "success": False}


def _answer(columns: list[Any], rows: Any) -> dict[str, Any]:
    count = 0 if rows is None else rows.num_rows
    data = {
        "parameters": [{"name": "TIMEZONE", "value": "Etc/UTC"}],
        "rowtype": columns,
        "total": count,
        "queryId": "q",
        "statementTypeId": 4096,
        "queryResultFormat": "arrow",
        "rowsetBase64": b64encode(to_ipc(to_sf(rows.combine_chunks(), columns))).decode() if count else "",
    }
    return {"data": data, "success": True}


class SnowflakeServer:
    """What tests ask of it: a connection of the real connector, statements for what is in it, and what was asked."""

    def __init__(self, server: _Server) -> None:
        self._server = server

    @property
    def asked(self) -> list[str]:
        """The statements that came through the connector."""
        return self._server.asked

    def fill(self, *statements: str) -> None:
        """Run statements beside the connector."""
        for one in statements:
            self._server.connection.cursor().execute(one)

    def open(self) -> Any:
        """Connect as the library does."""
        return snowflake.connector.connect(
            account="a", user="u", password="p", host="127.0.0.1", port=self._server.server_port, protocol="http",
            session_parameters={"CLIENT_OUT_OF_BAND_TELEMETRY_ENABLED": False}, network_timeout=5, login_timeout=5,
        )  # fmt: skip


@contextmanager
def snowflake_server() -> Iterator[SnowflakeServer]:
    """Serve an account with a database CRM."""
    server = _Server()
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield SnowflakeServer(server)
    finally:
        server.shutdown()
        server.server_close()
