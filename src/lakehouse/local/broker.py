"""A real Kafka broker for a laptop and for tests: one process, loopback only, its data in one folder."""

from __future__ import annotations

import base64
import fcntl
import json
import shutil
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from lakehouse.errors import EngineError, SourceError
from lakehouse.local import broker_settings, kafka_process

_STATE = "broker.json"
_PROPERTIES = "server.properties"
_LOG = "broker.log"
_OUTPUT = "broker.out"
_STARTED = "Kafka Server started"


@dataclass(frozen=True)
class Broker:
    """A broker that answered when this was made."""

    bootstrap_servers: str
    """What clients are given, such as ``127.0.0.1:40123``. It may change from one start to the next."""
    pid: int
    folder: Path
    """Holds ``data`` (the topics), ``broker.log`` and the settings. Remove it to forget everything."""


def start_broker(*, folder: Path, jars: Path, timeout_seconds: float = 60, detach: bool = False) -> Broker:
    """Start a broker on the data of this folder, or return the one that already runs there.

    Topics survive between starts, also after a kill. The port of the last start is taken again while it is free. Of two
    processes that start at once, one starts and the other gets its broker.

    Cost: 2–3 s, at the first start about 2 s more; 300–400 MB of memory.

    Args:
        folder: Made when missing. One broker per folder.
        jars: A folder with Kafka's jars.
        timeout_seconds: For the whole start.
        detach: Whether it outlives this process. If not, and it was started from the main thread on Linux, it is
            stopped by the kernel even when this process is killed; else ``stop_broker`` has to be called.

    Raises:
        EngineError: Java or the jars are missing.
        SourceError: The broker died or did not answer in time; the message has the end of its log.
    """
    return _start_or_reuse(folder=folder, jars=jars, timeout_seconds=timeout_seconds, detach=detach)[0]


def running_broker(folder: Path) -> Broker | None:
    """Return the broker that runs on this folder, or None. Cost: one connection."""
    folder = folder.absolute()
    state = _read_state(folder)
    pid, port = state.get("pid"), state.get("port")
    if pid is None or port is None or not kafka_process.is_broker(pid, properties=folder / _PROPERTIES):
        return None
    if not kafka_process.port_answers(port):
        return None
    return Broker(bootstrap_servers=f"127.0.0.1:{port}", pid=pid, folder=folder)


def stop_broker(broker: Broker, *, grace_seconds: float = 20) -> None:
    """Stop it in order, kill it when it does not end within the grace. Calling it twice does no harm."""
    kafka_process.end(broker.pid, properties=broker.folder / _PROPERTIES, grace_seconds=grace_seconds)


@contextmanager
def broker(folder: Path, jars: Path) -> Iterator[Broker]:
    """Give a broker for the length of a block: one that runs is used and left running, a new one is stopped at the end.

    Raises:
        EngineError: Java or the jars are missing.
        SourceError: The broker died or did not answer in time.
    """
    found, started = _start_or_reuse(folder=folder, jars=jars, timeout_seconds=60, detach=False)
    try:
        yield found
    finally:
        if started:
            stop_broker(found)


def _start_or_reuse(*, folder: Path, jars: Path, timeout_seconds: float, detach: bool) -> tuple[Broker, bool]:
    folder, jars = folder.absolute(), jars.absolute()
    give_up = time.monotonic() + timeout_seconds
    folder.mkdir(parents=True, exist_ok=True)
    with _only_one_starts(folder, give_up):
        running = running_broker(folder)
        if running is not None:
            return running, False
        _require_jars(jars)
        _end_deaf(folder)
        _format_once(folder, jars)
        for attempt in (1, 2, 3):
            try:
                return _start(folder, jars, give_up, detach), True
            except SourceError as error:
                # Between our look for a free port and Kafka's bind someone else may take it.
                if attempt == 3 or "Address already in use" not in str(error):
                    raise
        raise AssertionError("unreachable")


@contextmanager
def _only_one_starts(folder: Path, give_up: float) -> Iterator[None]:
    with (folder / "start.lock").open("w") as lock:
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > give_up:
                    raise SourceError(
                        f"another process has been starting the Kafka broker in {folder} for too long: "
                        "end it and try again"
                    ) from None
                time.sleep(0.1)
        yield


def _require_jars(jars: Path) -> None:
    if not any(jars.glob("kafka_*.jar")):
        raise EngineError(f"the local Kafka broker needs Kafka's jars, and {jars} has none: run `lakehouse jars`")


def _end_deaf(folder: Path) -> None:
    """End a broker of this folder that lives and does not answer: it would hold the lock of the data."""
    pid = _read_state(folder).get("pid")
    if pid is not None:
        kafka_process.end(pid, properties=folder / _PROPERTIES, grace_seconds=5)


def _format_once(folder: Path, jars: Path) -> None:
    data, unfinished = folder / "data", folder / "data.new"
    if data.exists():
        return
    # Formatted aside and then renamed: a kill in between leaves no half-prepared data behind.
    shutil.rmtree(unfinished, ignore_errors=True)
    properties = folder / "format.properties"
    broker_settings.write_server_properties(properties, data=unfinished, port=9092, controller_port=9093)
    cluster_id = "L" + base64.urlsafe_b64encode(uuid.uuid4().bytes).decode()[1:22]
    kafka_process.format_storage(properties=properties, cluster_id=cluster_id, jars=jars)
    unfinished.rename(data)
    properties.unlink()


def _start(folder: Path, jars: Path, give_up: float, detach: bool) -> Broker:
    last = _read_state(folder)
    port = kafka_process.free_port(last.get("port"))
    controller_port = kafka_process.free_port(last.get("controller_port"), taken=port)
    properties, log_config = folder / _PROPERTIES, folder / "log4j2.xml"
    broker_settings.write_server_properties(
        properties, data=folder / "data", port=port, controller_port=controller_port
    )
    broker_settings.write_log_config(log_config, log=folder / _LOG)
    log = folder / _LOG
    # Each start has a log of its own, so that what is read in it is about this start.
    if log.exists():
        log.replace(folder / f"{_LOG}.1")
    pid = kafka_process.spawn(
        properties=properties, log_config=log_config, jars=jars, output=folder / _OUTPUT, detach=detach
    )
    try:
        _write_state(folder, pid=pid, port=port, controller_port=controller_port)
        _wait_until_it_answers(folder, pid=pid, port=port, give_up=give_up)
    except BaseException:
        kafka_process.end(pid, properties=properties, grace_seconds=2)
        raise
    return Broker(bootstrap_servers=f"127.0.0.1:{port}", pid=pid, folder=folder)


def _wait_until_it_answers(folder: Path, *, pid: int, port: int, give_up: float) -> None:
    # The log is asked too: a port that answers may be that of someone who took it just before Kafka could.
    while not (_STARTED in _read_text(folder / _LOG) and kafka_process.port_answers(port)):
        dead = not kafka_process.is_broker(pid, properties=folder / _PROPERTIES)
        if dead or time.monotonic() > give_up:
            what = "died at start" if dead else "did not answer in time"
            lines = (_read_text(folder / _LOG) + _read_text(folder / _OUTPUT)).splitlines()[-15:]
            raise SourceError(
                f"the local Kafka broker {what} at 127.0.0.1:{port}; the end of {folder / _LOG}:\n" + "\n".join(lines)
            )
        time.sleep(0.05)


def _read_text(path: Path) -> str:
    return path.read_text(encoding="utf-8", errors="replace") if path.exists() else ""


def _read_state(folder: Path) -> dict[str, int]:
    try:
        state = json.loads((folder / _STATE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return {name: value for name, value in state.items() if isinstance(value, int)} if isinstance(state, dict) else {}


def _write_state(folder: Path, **state: int) -> None:
    unfinished = folder / f"{_STATE}.new"
    unfinished.write_text(json.dumps(state), encoding="utf-8")
    unfinished.replace(folder / _STATE)
