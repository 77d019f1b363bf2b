"""A standalone Kafka Connect worker with the Iceberg sink: its jars, its process, and what it is told over HTTP."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.measure import Timing
from lakehouse.engines.jars import resolve_jars
from lakehouse.engines.java import find_java
from lakehouse.local.broker_settings import write_log_config
from lakehouse.local.kafka_process import free_port

JARS = Path("build/peers/kafka_connect")
_IVY = Path(__file__).with_name("kafka_connect.ivy.xml")
_MAIN = "org.apache.kafka.connect.cli.ConnectStandalone"
_TICKS = os.sysconf("SC_CLK_TCK")
_START_SECONDS = 120.0
# Plug-ins are found by their service files: a scan of all classes would make the start dearer. A sink that waits for
# records hears of a commit when its wait is over; that is as long as between two flushes of offsets, by default 60 s.
_WORKER = """\
bootstrap.servers={servers}
listeners=http://127.0.0.1:{port}
plugin.path={plugins}
plugin.discovery=service_load
offset.storage.file.filename={folder}/offsets
offset.flush.interval.ms=1000
key.converter=org.apache.kafka.connect.converters.ByteArrayConverter
value.converter=org.apache.kafka.connect.json.JsonConverter
value.converter.schemas.enable=false
"""


@dataclass(frozen=True, kw_only=True)
class Jars:
    """The folders of the worker and of the sink, and the version of the sink."""

    worker: Path
    sink: Path
    version: str


def worker_jars() -> Jars:
    """Give the jars of kafka_connect.ivy.xml, which are downloaded the first time: 140 MB.

    Raises:
        EngineError: Java is missing, or something could not be found or downloaded; the message says what.
    """
    worker, sink = (resolve_jars(conf, folder=JARS, ivy_file=_IVY) for conf in ("worker", "sink"))
    version = next(sink.glob("iceberg-kafka-connect-[0-9]*.jar")).stem.rpartition("-")[2]
    return Jars(worker=worker, sink=sink, version=version)


@dataclass(frozen=True, kw_only=True)
class Worker:
    """A worker that answered when this was made; ``start`` is what that took."""

    process: subprocess.Popen[bytes]
    url: str
    folder: Path
    start: Timing

    def add(self, name: str, config: Mapping[str, str]) -> None:
        """Start a connector.

        Raises:
            RuntimeError: Its settings are refused, or the worker died.
        """
        self._ask(f"/connectors/{name}/config", method="PUT", body=config)

    def remove(self, name: str) -> None:
        """Stop a connector, and forget it."""
        self._ask(f"/connectors/{name}", method="DELETE")

    def require_running(self, name: str) -> None:
        """Raise what a connector or the worker died of.

        Raises:
            RuntimeError: One of them did; the message has the causes, or the last lines of the log.
        """
        status = self._ask(f"/connectors/{name}/status")
        for part in (status["connector"], *status["tasks"]):
            if part["state"] == "FAILED":
                causes = "\n".join(_without_stack(part["trace"]))
                raise RuntimeError(f"the connector {name} failed in Kafka Connect:\n{causes}")

    def cpu_seconds(self) -> float:
        """Give the CPU seconds that the process has used so far (Linux)."""
        return _cpu_seconds(self.process.pid)

    def _ask(self, path: str, *, method: str = "GET", body: Mapping[str, str] | None = None) -> Any:
        try:
            return _ask(f"{self.url}{path}", method=method, body=body)
        except urllib.error.HTTPError as error:
            raise RuntimeError(f"Kafka Connect refused {method} {path}: {error.read().decode()}") from error
        except OSError:
            # A connection may be cut a moment before the process has ended.
            with suppress(subprocess.TimeoutExpired):
                self.process.wait(5)
            _require_alive(self.process, self.folder)
            raise


@contextmanager
def worker(folder: Path, jars: Jars, *, bootstrap_servers: str, memory: str) -> Iterator[Worker]:
    """Give a worker for the length of a block; its files are in ``folder``, and it is gone when the block ends.

    Raises:
        RuntimeError: It died or did not answer in time; the message has the last lines of its log.
    """
    folder.mkdir()
    # A plug-in is a folder in a folder; beside that of the jars is Ivy's cache, which is none.
    (folder / "plugins").mkdir()
    (folder / "plugins" / "iceberg").symlink_to(jars.sink, target_is_directory=True)
    port = free_port(None)
    properties, log_config = folder / "worker.properties", folder / "log4j2.xml"
    properties.write_text(
        _WORKER.format(servers=bootstrap_servers, port=port, plugins=folder / "plugins", folder=folder)
    )
    write_log_config(log_config, log=folder / "worker.log")
    options = (f"-Xmx{memory}", f"-Dlog4j2.configurationFile={log_config.as_uri()}", "-cp", f"{jars.worker}/*")
    wall = time.monotonic()
    with (folder / "worker.out").open("wb") as output:
        process = subprocess.Popen(
            [*_dies_with_us(), find_java(os.environ), *options, _MAIN, str(properties)],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        url = f"http://127.0.0.1:{port}"
        _await_answer(process, url, folder)
        start = Timing(wall=time.monotonic() - wall, cpu=_cpu_seconds(process.pid))
        yield Worker(process=process, url=url, folder=folder, start=start)
    finally:
        _end(process)


def _dies_with_us() -> tuple[str, ...]:
    # Where no `finally` runs the kernel ends it. setpriv becomes Java: the process id stays.
    found = shutil.which("setpriv")
    return (found, "--pdeathsig", "KILL") if found else ()


def _await_answer(process: subprocess.Popen[bytes], url: str, folder: Path) -> None:
    give_up = time.monotonic() + _START_SECONDS
    while True:
        _require_alive(process, folder)
        try:
            _ask(f"{url}/connectors")
        except OSError as error:  # nobody there yet, or somebody who does not know the path yet
            if time.monotonic() > give_up:
                what = f"the Kafka Connect worker did not answer within {_START_SECONDS:.0f} s: {error}"
                raise RuntimeError(f"{what}; its last lines:\n{_last_lines(folder)}") from error
            time.sleep(0.1)
        else:
            return


def _require_alive(process: subprocess.Popen[bytes], folder: Path) -> None:
    code = process.poll()
    if code is not None:
        raise RuntimeError(f"the Kafka Connect worker ended with code {code}; its last lines:\n{_last_lines(folder)}")


def _last_lines(folder: Path) -> str:
    found = [folder / name for name in ("worker.log", "worker.out")]
    said = [file.read_text(errors="replace") for file in found if file.exists()]
    return "\n".join(line for text in said for line in _without_stack(text)[-15:])


def _without_stack(text: str) -> list[str]:
    return [line for line in text.splitlines() if not line.lstrip().startswith(("at ", "... "))]


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(20)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _ask(url: str, *, method: str = "GET", body: Mapping[str, str] | None = None) -> Any:
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data=data, method=method, headers={"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=60) as answer:
        said = answer.read()
    return json.loads(said) if said else None


def _cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return sum(map(int, fields[11:13])) / _TICKS
