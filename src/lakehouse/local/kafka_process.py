"""How the JVM of the local broker is started, watched and ended; which topics it serves is not known here."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

from lakehouse.errors import EngineError

MAIN_CLASS = "kafka.Kafka"
_STORAGE_TOOL = "kafka.tools.StorageTool"
# A serial collector and a small heap: one broker for one person needs neither threads nor memory.
_JVM_OPTIONS = ("-Xms64m", "-Xmx512m", "-XX:+UseSerialGC", "-XX:+ExitOnOutOfMemoryError", "-Djava.awt.headless=true")
# The kernel sends the broker SIGTERM when we die, even by SIGKILL, where no `finally` runs. The wish is made in a tiny
# process that then becomes Java: a preexec_fn could deadlock under py4j's threads. prctl survives exec; the second
# look at the parent closes the gap in which it died before the wish was made.
_DIE_WITH_PARENT = """
import ctypes, os, sys
ctypes.CDLL(None).prctl(1, 15)
if os.getppid() != int(sys.argv[1]):
    sys.exit(1)
os.execvp(sys.argv[2], sys.argv[2:])
"""
# Children are polled through these, else a dead one stays a zombie that looks alive.
_children: dict[int, subprocess.Popen[bytes]] = {}


def java() -> str:
    """Find the Java program: ``JAVA_HOME`` first, then the path.

    Raises:
        EngineError: there is none.
    """
    home = os.environ.get("JAVA_HOME")
    found = shutil.which("java", path=str(Path(home) / "bin")) if home else shutil.which("java")
    if found is None:
        where = f"JAVA_HOME={home}" if home else "the PATH"
        raise EngineError(f"the local Kafka broker needs Java 17 or later, and {where} has no java: install a JDK")
    return found


def format_storage(*, properties: Path, cluster_id: str, jars: Path) -> None:
    """Prepare an empty data folder. Cost: one JVM, about two seconds.

    Raises:
        EngineError: Java is missing, too old, or refused.
    """
    command = [java(), "-cp", f"{jars}/*", _STORAGE_TOOL, "format", "-t", cluster_id, "-c", str(properties)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise EngineError(f"the data folder of the local Kafka broker was not prepared:\n{done.stderr[-1500:].strip()}")


def spawn(*, properties: Path, log_config: Path, jars: Path, output: Path, detach: bool) -> int:
    """Start the broker's JVM and return its process id without waiting for its port.

    It has a session of its own: a terminal's Ctrl-C reaches us, and we stop the broker after its clients.

    Raises:
        EngineError: Java is missing.
    """
    options = (*_JVM_OPTIONS, f"-Dlog4j2.configurationFile={log_config.as_uri()}")
    command = [java(), *options, "-cp", f"{jars}/*", MAIN_CLASS, str(properties)]
    # The kernel's "parent" is the thread that forked: a worker thread that ends would take the broker with it.
    if not detach and sys.platform == "linux" and threading.current_thread() is threading.main_thread():
        command = [sys.executable, "-I", "-S", "-c", _DIE_WITH_PARENT, str(os.getpid()), *command]
    with output.open("wb") as sink:
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=sink, stderr=subprocess.STDOUT, start_new_session=True
        )
    _children[process.pid] = process
    return process.pid


def is_broker(pid: int, *, properties: Path) -> bool:
    """Whether this process is alive and the broker of this folder, not another one that was given its number."""
    child = _children.get(pid)
    if child is not None:
        # Its number cannot be given to another before we have waited for it. (Between two exec calls a process shows an
        # empty command line, so that is not asked here.)
        return child.poll() is None
    words = _command_line(pid)
    return MAIN_CLASS in words and str(properties) in words


def _command_line(pid: int) -> tuple[str, ...]:
    if Path("/proc/self").exists():
        try:
            return tuple(Path(f"/proc/{pid}/cmdline").read_bytes().decode().split("\0"))
        except OSError:
            return ()
    shown = subprocess.run(["ps", "-o", "command=", "-p", str(pid)], capture_output=True, text=True, check=False)
    return tuple(shown.stdout.split())


def end(pid: int, *, properties: Path, grace_seconds: float) -> None:
    """Ask the broker to stop, wait, and kill it when it does not. Nothing happens when it is gone already."""
    for signal_number, patience in ((signal.SIGTERM, grace_seconds), (signal.SIGKILL, 10.0)):
        if not is_broker(pid, properties=properties):
            return
        try:
            os.kill(pid, signal_number)
        except ProcessLookupError:
            return
        give_up = time.monotonic() + patience
        while is_broker(pid, properties=properties) and time.monotonic() < give_up:
            time.sleep(0.05)


def port_answers(port: int) -> bool:
    """Whether something accepts connections at this port of the loopback."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=1):
            return True
    except OSError:
        return False


def free_port(preferred: int | None, *, taken: int | None = None) -> int:
    """Return the preferred port while nobody has it, else a free one other than ``taken``."""
    for port in (preferred, 0, 0):
        if port is None or (port and port == taken):
            continue
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            if probe.getsockname()[1] != taken:
                return int(probe.getsockname()[1])
    raise EngineError("no free port on 127.0.0.1: end some programs that listen there")
