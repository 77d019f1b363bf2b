"""Trino, which Athena is made of, over the Glue and the S3 of the tests."""

from __future__ import annotations

import os
import socket
import subprocess
import tarfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.conftest import JARS

_VERSION = "trino-server-476"
_JAVA = ("/usr/lib/jvm/temurin-25-jdk-amd64", "/usr/lib/jvm/temurin-24-jdk-amd64", "/usr/lib/jvm/java-25-openjdk-amd64")
_SECONDS_TO_START = 400
_NOT_YET = "No nodes available to run query"
"""Said for a while by a server that answers: it has yet to find itself."""


@dataclass(frozen=True)
class Trino:
    """A server that answered when this was made."""

    url: str

    def rows(self, sql: str) -> list[list[Any]]:
        """Ask one statement and give all of its rows."""
        found, error = self._ask(sql)
        end = time.monotonic() + 120
        while error == _NOT_YET and time.monotonic() < end:
            time.sleep(1)
            found, error = self._ask(sql)
        assert not error, error
        return found

    def _ask(self, sql: str) -> tuple[list[list[Any]], str]:
        found: list[list[Any]] = []
        answer = requests.post(f"{self.url}/v1/statement", sql, headers={"X-Trino-User": "test"}, timeout=60).json()
        while "nextUri" in answer:
            answer = requests.get(answer["nextUri"], timeout=60).json()
            found += answer.get("data", [])
        return found, answer.get("error", {}).get("message", "")


@contextmanager
def trino_server(folder: Path, *, endpoint: str, region: str) -> Iterator[Trino]:
    """Start one whose catalog ``lake`` is that Glue. Cost: 30 s when nothing else runs, and 700 MB of memory."""
    java, home = _java(), _home()
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    options = _settings(folder, home, endpoint=endpoint, region=region, port=port)
    command = [str(java), "-Xmx1g", "-XX:+UseSerialGC", "--add-modules=jdk.incubator.vector", *options]
    with (folder / "trino.log").open("wb") as log:
        # Options that the tests have for other Javas are not all known to this one.
        environ = {name: value for name, value in os.environ.items() if name != "JDK_JAVA_OPTIONS"}
        server = subprocess.Popen(
            [*command, "-cp", f"{home}/lib/*", "io.trino.server.TrinoServer"],
            cwd=folder, env=environ, stdout=log, stderr=log,
        )  # fmt: skip
    try:
        yield _answering(Trino(f"http://127.0.0.1:{port}"), folder / "trino.log", server)
    finally:
        server.terminate()
        server.wait(60)


def _java() -> Path:
    for home in (os.environ.get("TRINO_JAVA_HOME", ""), *_JAVA):
        if home and (Path(home) / "bin" / "java").exists():
            return Path(home) / "bin" / "java"
    pytest.skip("Trino 476 needs Java 24 or newer: set TRINO_JAVA_HOME to one")


def _home() -> Path:
    """Give the folder of the server that ``make trino`` has downloaded; it is unpacked once, but for other plugins."""
    archive = JARS / "trino" / f"{_VERSION}.tar.gz"
    if not archive.exists():
        pytest.skip("Trino 476 is a download of 784 MB, of several minutes: `make trino` gets it")
    home, fresh = archive.parent / _VERSION, archive.parent / "new"
    if not home.exists():
        wanted = (f"{_VERSION}/lib/", f"{_VERSION}/plugin/iceberg/")
        with tarfile.open(archive) as packed:
            packed.extractall(fresh, filter="data", members=(one for one in packed if one.name.startswith(wanted)))
        (fresh / _VERSION).rename(home)
    return home


def _settings(folder: Path, home: Path, *, endpoint: str, region: str, port: int) -> list[str]:
    plugins = folder / "plugin"
    plugins.mkdir()
    (plugins / "iceberg").symlink_to(home / "plugin" / "iceberg")
    (folder / "catalog").mkdir()
    aws = {"region": region, "aws-access-key": "test", "aws-secret-key": "test"}
    lake = {
        "connector.name": "iceberg",
        "iceberg.catalog.type": "glue",
        **{f"hive.metastore.glue.{name}": value for name, value in aws.items()},
        "hive.metastore.glue.endpoint-url": endpoint,
        "fs.native-s3.enabled": "true",
        **{f"s3.{name}": value for name, value in aws.items()},
        "s3.endpoint": endpoint,
        "s3.path-style-access": "true",
    }
    server = {
        "coordinator": "true",
        "node-scheduler.include-coordinator": "true",
        "http-server.http.port": port,
        "discovery.uri": f"http://127.0.0.1:{port}",
        "catalog.config-dir": folder / "catalog",
        "plugin.dir": plugins,
        "query.max-memory-per-node": "200MB",
        "node.environment": "test",
    }
    for file, words in (("catalog/lake", lake), ("config", server)):
        (folder / f"{file}.properties").write_text("".join(f"{name}={value}\n" for name, value in words.items()))
    return [f"-Dconfig={folder}/config.properties"]


def _answering(trino: Trino, log: Path, server: subprocess.Popen[bytes]) -> Trino:
    end = time.monotonic() + _SECONDS_TO_START
    while True:
        try:
            if not requests.get(f"{trino.url}/v1/info", timeout=5).json()["starting"]:
                return trino
        except requests.RequestException:
            pass
        in_time = server.poll() is None and time.monotonic() < end
        assert in_time, log.read_text()[-3000:]
        time.sleep(1)
