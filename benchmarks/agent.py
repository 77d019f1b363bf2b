"""The agent on one core: seconds of CPU to read, encode, batch and send, against a server that only answers."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

from benchmarks.result import Result
from lakehouse.agent.checkpoint import Checkpoint
from lakehouse.agent.run import Agent
from lakehouse.agent.streams import Firehose, Kinesis, Stream
from lakehouse.agent.tail import Tail

RECORDS = {"small": 50_000, "full": 2_000_000}
REPEATS = 3
_WANTED = 20_000.0
_ENVIRON = {"AWS_ACCESS_KEY_ID": "bench", "AWS_SECRET_ACCESS_KEY": "bench", "AWS_DEFAULT_REGION": "eu-central-1"}

SERVER = """
import socketserver
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
ONE = {
    "Kinesis": b'{"SequenceNumber":"' + b"4" * 56 + b'","ShardId":"shardId-000000000000"}',
    "Firehose": b'{"RecordId":"' + b"x" * 224 + b'"}',
}
class Answers(BaseHTTPRequestHandler):
    protocol_version, wbufsize, disable_nagle_algorithm = "HTTP/1.1", -1, True
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        target = self.headers["X-Amz-Target"]
        service = target.split("_")[0]
        names = ("FailedRecordCount", "Records") if service == "Kinesis" else ("FailedPutCount", "RequestResponses")
        each = b",".join([ONE[service]] * body.count(b'"Data"'))
        said = b'{"%b":0,"%b":[%b]}' % (names[0].encode(), names[1].encode(), each) if "Put" in target else b"{}"
        self.send_response(200)
        self.send_header("Content-Type", "application/x-amz-json-1.1")
        self.send_header("Content-Length", str(len(said)))
        self.end_headers()
        self.wfile.write(said)
    def log_message(self, *_):
        pass
server = ThreadingHTTPServer(("127.0.0.1", 0), Answers)
print(server.server_port, flush=True)
server.serve_forever()
"""


def run(size: str) -> list[Result]:
    count = RECORDS[size]
    with (
        tempfile.TemporaryDirectory() as folder,
        subprocess.Popen([sys.executable, "-c", SERVER], stdout=subprocess.PIPE, text=True) as server,
    ):
        try:
            assert server.stdout is not None
            port = server.stdout.readline().strip()
            os.environ |= {**_ENVIRON, "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}"}
            log = Path(folder) / "app.log"
            log.write_text("".join(_line(number) for number in range(count)))
            return [_sent(log, stream, count) for stream in (Kinesis(stream="bench"), Firehose(stream="bench"))]
        finally:
            server.terminate()


def _line(number: int) -> str:
    """A line of some 230 bytes, as an application logs them."""
    return (
        f'{{"at":"2026-11-28T06:00:{number % 60:02}.{number % 1000:03}Z","level":"INFO","logger":"shop.checkout",'
        f'"order_id":"O-{number:09}","customer":"C-{number * 7919 % 90_000:06}","amount":"{number % 10_000 / 100:.2f}",'
        f'"message":"the payment was taken, and the order goes to the depot of its town"}}\n'
    )


def _sent(log: Path, stream: Stream, count: int) -> Result:
    walls, cpus = [], []
    for repeat in range(REPEATS + 1):
        kept = Checkpoint(path=log.with_name(f"{stream.service}-{repeat}.json"))
        agent = Agent(tail=Tail(patterns=[str(log)]), stream=stream, checkpoint=kept, once=True)
        wall, cpu = time.monotonic(), time.process_time()
        if agent.run().records != count:
            raise AssertionError(f"not all of {count:,} records were sent")
        if repeat:
            walls.append(time.monotonic() - wall)
            cpus.append(time.process_time() - cpu)
    return Result(
        name=f"agent: records into {stream.service.capitalize()} a second of one core",
        value=round(count / median(cpus)),
        unit="/s",
        reference="at least",
        reference_value=_WANTED,
        ratio=round(count / median(cpus) / _WANTED, 2),
        repeats=REPEATS,
        cpu_seconds=round(median(cpus), 2),
        reference_cpu_seconds=round(count / _WANTED, 2),
        note=f"{count:,} records of {log.stat().st_size // count} bytes; {count / median(walls):,.0f}/s by the clock, "
        "the server beside it",
    )
