"""Services of moto over HTTP, with what real ones do on bad days: refuse, throttle, forget to answer."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from io import BytesIO
from threading import Lock, Thread
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
    every: int = 0
    """Of a request with records: each so many-th of them is refused, the others are taken."""
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


def refuse_some(moto: Any, environ: dict[str, Any], start: Callable[..., Any], fault: Fault) -> Iterable[bytes]:
    """Let some of the records of a request through, and say of the others what the fault has as its code."""
    asked = json.loads(environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"])))
    through = [one for number, one in enumerate(asked["Records"]) if number % fault.every]
    answers: list[Any] = []
    if through:
        body = json.dumps({**asked, "Records": through}).encode()
        environ |= {"wsgi.input": BytesIO(body), "CONTENT_LENGTH": f"{len(body)}"}
        answered = json.loads(b"".join(moto(environ, lambda *_: None)))
        answers = answered.get("Records") or answered["RequestResponses"]
    refused = {"ErrorCode": fault.code, "ErrorMessage": fault.text}
    told = [refused if number % fault.every == 0 else answers.pop(0) for number in range(len(asked["Records"]))]
    count = len(told) - len(through)
    names = ("FailedRecordCount", "Records") if "StreamName" in asked else ("FailedPutCount", "RequestResponses")
    start("200 OK", [("Content-Type", "application/x-amz-json-1.1")])
    return [json.dumps(dict(zip(names, (count, told), strict=True))).encode()]


class _Quiet(WSGIRequestHandler):
    def log(self, type: str, message: str, *args: Any) -> None:
        """Say nothing."""


@contextmanager
def faulty_aws() -> Iterator[FaultyAws]:
    """Run one on a port of its own."""
    moto, aws, one_by_one = DomainDispatcherApplication(create_backend_app), FaultyAws(), Lock()

    def answer(environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        target = environ.get("HTTP_X_AMZ_TARGET", "")
        if target.startswith("Kinesis"):
            # Records that are put at the same time overwrite each other in moto.
            with one_by_one:
                return answer_one(environ, start, target)
        return answer_one(environ, start, target)

    def answer_one(environ: dict[str, Any], start: Callable[..., Any], target: str) -> Iterable[bytes]:
        fault = aws.of(target or f"{environ['REQUEST_METHOD']} {environ['PATH_INFO']}")
        if fault is None:
            answered: Iterable[bytes] = moto(environ, start)
            return answered
        if fault.done:
            list(moto(environ, lambda *_: None))
        if fault.every:
            return refuse_some(moto, environ, start, fault)
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
