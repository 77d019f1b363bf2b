"""Glue, S3 and Athena of moto over HTTP, with what real ones do on bad days: refuse, throttle, forget to answer."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Thread
from typing import Any

from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import WSGIRequestHandler, make_server


@dataclass(kw_only=True)
class Fault:
    """Requests that begin so get an error: ``AWSGlue.GetTable``, or for S3 method and path, ``PUT /lake``."""

    begins: str
    code: str
    status: int = 400
    text: str = "said by the test"
    times: int = 1_000
    done: bool = False
    """Whether what was asked for is done before the error is given."""
    asked: int = 0


@dataclass(kw_only=True)
class FaultyAws:
    """Where it answers, and what is wrong with it at present."""

    url: str = ""
    faults: list[Fault] = field(default_factory=list)

    @contextmanager
    def fails(self, fault: Fault) -> Iterator[Fault]:
        """Let requests fail while the block lasts."""
        self.faults.append(fault)
        try:
            yield fault
        finally:
            self.faults.remove(fault)

    def of(self, request: str) -> Fault | None:
        for fault in self.faults:
            if request.startswith(fault.begins) and fault.asked < fault.times:
                fault.asked += 1
                return fault
        return None


class _Quiet(WSGIRequestHandler):
    def log(self, type: str, message: str, *args: Any) -> None:
        """Say nothing."""


@contextmanager
def faulty_aws() -> Iterator[FaultyAws]:
    """Run one on a port of its own."""
    moto, aws = DomainDispatcherApplication(create_backend_app), FaultyAws()

    def answer(environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        target = environ.get("HTTP_X_AMZ_TARGET", "")
        fault = aws.of(target or f"{environ['REQUEST_METHOD']} {environ['PATH_INFO']}")
        if fault is None:
            answered: Iterable[bytes] = moto(environ, start)
            return answered
        if fault.done:
            list(moto(environ, lambda *_: None))
        in_xml = f"<Error><Code>{fault.code}</Code><Message>{fault.text}</Message></Error>"
        body = (json.dumps({"__type": fault.code, "message": fault.text}) if target else in_xml).encode()
        kind = "application/x-amz-json-1.1" if target else "application/xml"
        start(f"{fault.status} no", [("Content-Type", kind), ("Content-Length", f"{len(body)}")])
        return [] if environ["REQUEST_METHOD"] == "HEAD" else [body]

    server = make_server("127.0.0.1", 0, answer, threaded=True, request_handler=_Quiet)
    Thread(target=server.serve_forever, daemon=True).start()
    aws.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield aws
    finally:
        server.shutdown()
