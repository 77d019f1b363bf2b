"""A folder with settings, a package of contracts and a lake, and the command line as real processes in it."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.chaos import lake
from benchmarks.chaos.beeps import ROUTE
from lakehouse.config import Settings, load
from lakehouse.sources.topics import ensure_topic

TABLE = "bronze.beeps"
ROUTED, MERGED = "bronze.alarms", "silver.latest"
JARS = Path(__file__).parent.parent.parent / ".jars"
_MAIN = "from lakehouse.cli.main import main; main()"
# A JVM that lives for some seconds: the quick compiler and the serial collector start sooner.
_JAVA = "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC"


@dataclass(frozen=True)
class Run:
    """A command that was started, in a process group of its own, and the file of what it says."""

    process: subprocess.Popen[bytes]
    log: Path

    def kill(self) -> None:
        """End Python, its JVM and all, as a machine that is gone."""
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def wait(self, seconds: float = 300) -> tuple[int, str]:
        """Wait for its end; gives the exit code and what it said."""
        try:
            code = self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.kill()
            raise
        return code, self.said()

    def said(self) -> str:
        """Give what it has said until now."""
        return self.log.read_text(errors="replace")


@dataclass(frozen=True, kw_only=True)
class Place:
    """One stream with a lake of its own.

    ``transactional`` says that offsets are not dense, ``routed`` adds a second bronze table and a merge.
    """

    folder: Path
    servers: str
    topic: str
    transactional: bool = False
    routed: bool = False
    batch: int = 1000

    @property
    def checkpoint(self) -> Path:
        """The checkpoint of the stream."""
        return self.folder / "checkpoint"

    @property
    def warehouse(self) -> Path:
        """The folder of all tables."""
        return self.folder / "warehouse"

    @property
    def tables(self) -> tuple[str, ...]:
        """What a batch is written to, in this order."""
        return (TABLE, ROUTED, MERGED) if self.routed else (TABLE,)

    @property
    def bronze(self) -> tuple[str, ...]:
        """The tables that together hold each record once."""
        return tuple(name for name in self.tables if name != MERGED)

    def lay_out(self) -> Place:
        """Make the topic and write what the command line needs."""
        ensure_topic(self.servers, self.topic, partitions=2)
        self.folder.mkdir(parents=True, exist_ok=True)
        shutil.copy(Path(lake.__file__), self.folder / "chaos_lake.py")
        (self.folder / "chaos.toml").write_text(self._toml())
        return self

    def settings(self) -> Settings:
        """Give the settings as the command line reads them."""
        return load([self.folder / "chaos.toml"], environ={}).settings

    def start(self, *verb: str, disk: Sequence[str] = (), first: str = "") -> Run:
        """Start a command.

        Args:
            verb: The command and its options.
            disk: What it is wrapped in, such as a shell that limits the size of files.
            first: Python that runs in its process before it.
        """
        logs = self.folder / "logs"
        logs.mkdir(exist_ok=True)
        log = logs / f"{len(list(logs.iterdir()))}.log"
        with log.open("wb") as sink:
            process = subprocess.Popen(
                [*disk, sys.executable, "-c", f"{first}\n{_MAIN}", *verb, "--config", "chaos.toml"],
                cwd=self.folder,
                env=os.environ | {"PYTHONPATH": os.pathsep.join((str(self.folder), os.environ.get("PYTHONPATH", "")))},
                stdin=subprocess.DEVNULL,
                stdout=sink,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        return Run(process, log)

    def stream(self, *options: str, disk: Sequence[str] = (), first: str = "") -> tuple[int, str]:
        """Stream until caught up; gives the exit code and what was said."""
        return self.start("stream", TABLE, *options, disk=disk, first=first).wait()

    def verify(self, *options: str) -> tuple[int, str]:
        """Let the library prove itself; gives the exit code and what was said."""
        return self.start("verify", TABLE, *options).wait()

    def _toml(self) -> str:
        lines = [
            'packages = ["chaos_lake"]',
            f'catalog = {{ uri = "sqlite:///{self.folder}/catalog.db", warehouse = "{self.warehouse}" }}',
            f'kafka = {{ bootstrap_servers = "{self.servers}" }}',
            f'local = {{ jars = "{JARS}" }}',
            "[session]",
            'master = "local[2]"',
            'driver_memory = "1g"',
            f'conf = {{ "spark.sql.shuffle.partitions" = 2, "spark.driver.extraJavaOptions" = "{_JAVA}" }}',
            f'[streams."{TABLE}"]',
            f'topic = "{self.topic}"',
            f'checkpoint = "{self.checkpoint}"',
            f"max_offsets_per_trigger = {self.batch}",
            f"offsets_are_dense = {str(not self.transactional).lower()}",
        ]
        if self.routed:
            lines += [f'routes = {{ "{ROUTED}" = "{ROUTE}" }}', f'merges = ["{MERGED}"]']
        return "\n".join(lines) + "\n"
