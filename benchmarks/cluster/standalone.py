"""A cluster of Spark on this machine: a master and workers, each a process in a folder of its own."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pyspark

HOME = Path(pyspark.__file__).parent
_MASTER, _WORKER = "org.apache.spark.deploy.master.Master", "org.apache.spark.deploy.worker.Worker"
_SECONDS_TO_START = 240


@dataclass(frozen=True, kw_only=True)
class Standalone:
    """Where the master answers, and the folders of the workers."""

    url: str
    workers: tuple[Path, ...]

    def submit(
        self, folder: Path, conf: Mapping[str, str], words: list[str], *, timeout: float, python_path: str = ""
    ) -> str:
        """Run a script from a folder that no worker knows, and give what it printed.

        Its modules are those of ``--py-files`` and of ``python_path``, and not what this process has on its path.

        Raises:
            RuntimeError: It failed.
        """
        folder.mkdir(exist_ok=True)
        options = [word for name, value in conf.items() for word in ("--conf", f"{name}={value}")]
        command = [str(HOME / "bin" / "spark-submit"), "--master", self.url, *options, *words]
        environ = {**os.environ, "SPARK_HOME": str(HOME), "SPARK_LOCAL_DIRS": str(folder), "PYTHONPATH": python_path}
        environ["PYSPARK_PYTHON"] = sys.executable
        done = subprocess.run(
            command, cwd=folder, env=environ, capture_output=True, text=True, timeout=timeout, check=False
        )
        if done.returncode:
            # Spark has put into its output what Python has said.
            raise RuntimeError(done.stdout[-4000:] + done.stderr[-2000:])
        return done.stdout


@contextmanager
def standalone_cluster(folder: Path, *, workers: int = 2, memory: str = "1g") -> Iterator[Standalone]:
    """Run one while the block lasts; each worker has one core. Cost: 10 s, and 200 MB for each process."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    url, folders = f"spark://127.0.0.1:{port}", tuple(folder / f"worker{n}" for n in range(1, workers + 1))
    with ExitStack() as stack:
        master = _Daemon(folder / "master", _MASTER, "--port", f"{port}", says="New state: ALIVE")
        words = ("--cores", "1", "--memory", memory, "--work-dir")
        started = [
            _Daemon(place, _WORKER, *words, str(place), url, says="Successfully registered") for place in folders
        ]
        # All at once: a worker asks for its master until it is there.
        for daemon in (master, *started):
            stack.callback(daemon.stop)
        for daemon in (master, *started):
            daemon.wait()
        yield Standalone(url=url, workers=folders)


class _Daemon:
    """A process of the cluster, in a folder of its own, and what its log says when it is there."""

    def __init__(self, folder: Path, what: str, *words: str, says: str) -> None:
        folder.mkdir(parents=True)
        self.log, self.says = folder / "log", says
        command = [str(HOME / "bin" / "spark-class"), what, "--host", "127.0.0.1", "--webui-port", "0", *words]
        environ = {
            **os.environ,
            "SPARK_HOME": str(HOME),
            "SPARK_LOCAL_DIRS": str(folder),
            "SPARK_DAEMON_MEMORY": "256m",
            "SPARK_DAEMON_JAVA_OPTS": "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC",
        }
        with self.log.open("wb") as out:
            self.process = subprocess.Popen(command, cwd=folder, env=environ, stdout=out, stderr=out)

    def wait(self) -> None:
        """Wait until its log has said that it is there.

        Raises:
            RuntimeError: It has ended, or takes too long.
        """
        end = time.monotonic() + _SECONDS_TO_START
        while self.says not in self.log.read_text():
            if self.process.poll() is not None or time.monotonic() > end:
                raise RuntimeError(self.log.read_text()[-3000:])
            time.sleep(0.2)

    def stop(self) -> None:
        """End it."""
        self.process.terminate()
        self.process.wait(60)
