"""The client against a registry that people run: what the small one of the fast tests is a picture of."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import tarfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from lakehouse.engines.jars import resolve_jars
from lakehouse.engines.java import find_java
from lakehouse.sources.schema_registry import SchemaRegistry
from lakehouse.transforms.avro_schema import parse_avro
from tests.conftest import JARS
from tests.sources.avro_bytes import record

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Apicurio, in memory."""
    folder = tmp_path_factory.mktemp("registry")
    (archive,) = resolve_jars("registry", folder=JARS, ivy_file=Path(__file__).parent / "apicurio.xml").glob("*.gz")
    with tarfile.open(archive) as packed:
        packed.extractall(folder, filter="data")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    (runner,) = folder.rglob("*-runner.jar")
    command = [find_java(os.environ), "-Xmx256m", "-Dquarkus.http.host=127.0.0.1", f"-Dquarkus.http.port={port}"]
    started = subprocess.Popen([*command, "-jar", str(runner)], cwd=folder, stdout=subprocess.DEVNULL)
    try:
        address = f"http://127.0.0.1:{port}/apis/ccompat/v7"
        _wait(f"{address}/subjects")
        yield address
    finally:
        started.terminate()
        started.wait(20)


def _wait(address: str) -> None:
    end = time.monotonic() + 90
    while True:
        try:
            requests.get(address, timeout=5).raise_for_status()
            return
        except requests.RequestException:
            assert time.monotonic() < end, "the registry did not start"
            time.sleep(0.3)


def register(url: str, subject: str, schema: Any, references: list[Any] | None = None) -> int:
    body = {"schema": json.dumps(schema), "schemaType": "AVRO", "references": references or []}
    answer = requests.post(f"{url}/subjects/{subject}/versions", json=body, timeout=20)
    answer.raise_for_status()
    return int(answer.json()["id"])


def test_schemas_and_ids_are_read_and_what_is_not_there_is_none(url: str) -> None:
    first = register(url, "users-value", record("a.User", id="string"))
    second = register(url, "users-value", record("a.User", id="string", size="int"))
    registry = SchemaRegistry(url=url)
    assert registry.ids("users-value") == (first, second)
    found = registry.schema(second)
    assert found is not None
    assert (found.kind, len(json.loads(found.text)["fields"])) == ("AVRO", 2)
    assert (registry.schema(99_999), registry.schema(2**31 - 1), registry.ids("nobody")) == (None, None, ())


def test_references_are_read(url: str) -> None:
    register(url, "place", record("a.Place", code="string"))
    reference = {"name": "a.Place", "subject": "place", "version": 1}
    number = register(url, "homes", record("a.Home", place="a.Place"), [reference])
    found = SchemaRegistry(url=url).schema(number)
    assert found is not None
    assert "code" in parse_avro(found.text, found.references).text()
