from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from lakehouse.engines.ivy import retrieve
from lakehouse.engines.jars import jar_list, resolve_jars
from lakehouse.errors import EngineError

IVY = """<ivy-module version="2.0">
  <info organisation="x" module="y"/>
  <configurations><conf name="one"/></configurations>
  <dependencies><dependency org="org.no.such" name="thing" rev="1.0" conf="one->default"/></dependencies>
</ivy-module>"""


@pytest.fixture
def ivy(tmp_path: Path) -> Path:
    file = tmp_path / "ivy.xml"
    file.write_text(IVY)
    return file


@pytest.fixture
def silent_port() -> Iterator[int]:
    """A port that takes connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def behind_proxy(port: int) -> dict[str, str]:
    return {**os.environ, "JAVA_TOOL_OPTIONS": f"-Dhttps.proxyHost=127.0.0.1 -Dhttps.proxyPort={port}"}


def a_java(folder: Path, script: str) -> dict[str, str]:
    """A java that stands for Ivy: it is given the arguments that Ivy is given; ${@: -2:1} is where jars go."""
    (folder / "java").write_text(f'#!/bin/bash\ninto=$(dirname "${{@: -2:1}}")\n{script}\n')
    (folder / "java").chmod(0o755)
    return {"PATH": f"{folder}:{os.environ['PATH']}"}


def test_without_a_network_the_repository_and_the_proxy_are_named(ivy: Path, tmp_path: Path) -> None:
    with pytest.raises(
        EngineError, match=r"(?s)thing;1\.0: not found.*repo1\.maven\.org did not answer.*proxy"
    ) as told:
        resolve_jars("one", folder=tmp_path, ivy_file=ivy, environ=behind_proxy(9))
    assert "Exception" not in str(told.value)


def test_a_repository_that_is_silent_is_not_waited_for_for_ever(ivy: Path, tmp_path: Path, silent_port: int) -> None:
    started = time.monotonic()
    with pytest.raises(EngineError, match="did not answer: no end after 2 s"):
        retrieve(
            "one", ivy_file=ivy, into=tmp_path, cache=tmp_path / "c", environ=behind_proxy(silent_port), patience=2
        )
    assert time.monotonic() - started < 15


def test_a_conf_that_is_not_declared_is_told_with_those_that_are(tmp_path: Path) -> None:
    with pytest.raises(EngineError, match=r"declares no <conf name='spark99'>; there is spark41, spark35, aws, kafka"):
        resolve_jars("spark99", folder=tmp_path)


def test_without_java_nothing_is_tried(ivy: Path, tmp_path: Path) -> None:
    with pytest.raises(EngineError, match="no java on PATH"):
        resolve_jars("one", folder=tmp_path, ivy_file=ivy, environ={"PATH": str(tmp_path)})


def test_a_folder_that_cannot_be_made_is_named(ivy: Path) -> None:
    with pytest.raises(EngineError, match=r"cannot be kept in .*ivy\.xml.*local\.jars"):
        resolve_jars("one", folder=ivy, ivy_file=ivy)


def test_what_ivy_says_is_passed_on_without_its_stack_trace(ivy: Path, tmp_path: Path) -> None:
    environ = a_java(tmp_path, "echo 'the disk is odd'; echo '  at org.apache.ivy.Main.main'; exit 1")
    with pytest.raises(EngineError, match="the disk is odd") as told:
        resolve_jars("one", folder=tmp_path / "jars", ivy_file=ivy, environ=environ)
    assert "org.apache.ivy.Main" not in str(told.value)


def test_a_jar_that_was_found_and_did_not_arrive_is_named(ivy: Path, tmp_path: Path) -> None:
    environ = a_java(tmp_path, "echo ':: FAILED DOWNLOADS ::'; echo '  :: org.x#y;2.0!y.jar'; exit 1")
    with pytest.raises(EngineError, match=r"- org\.x#y;2\.0!y\.jar: not downloaded\nCheck the network"):
        resolve_jars("one", folder=tmp_path / "jars", ivy_file=ivy, environ=environ)


def test_a_mirror_that_fails_once_is_asked_again(ivy: Path, tmp_path: Path) -> None:
    script = f'[ -e {tmp_path}/tried ] && touch "$into/a-1.jar" && exit 0; touch {tmp_path}/tried; echo FAILED; exit 1'
    found = resolve_jars("one", folder=tmp_path / "jars", ivy_file=ivy, environ=a_java(tmp_path, script))
    assert jar_list(found) == f"{tmp_path}/jars/one/a-1.jar"


def test_what_changes_in_ivy_xml_is_resolved_again(ivy: Path, tmp_path: Path) -> None:
    for name in ("old", "new"):
        ivy.write_text(f"{IVY}<!-- {name} -->")
        environ = a_java(tmp_path, f'touch "$into/{name}-1.jar"')
        found = resolve_jars("one", folder=tmp_path / "jars", ivy_file=ivy, environ=environ)
    assert jar_list(found) == f"{tmp_path}/jars/one/new-1.jar"


RESOLVE = """
import sys
from pathlib import Path
from lakehouse.engines.jars import resolve_jars
resolve_jars("one", folder=Path(sys.argv[1]) / "jars", ivy_file=Path(sys.argv[1]) / "ivy.xml")
"""


def resolving(folder: Path, environ: dict[str, str]) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-c", RESOLVE, str(folder)], env={**os.environ, **environ})


def test_one_that_was_killed_starts_again(ivy: Path, tmp_path: Path) -> None:
    environ = a_java(tmp_path, f'touch "$into/half-1.jar" {tmp_path}/begun; sleep 5')
    running = resolving(tmp_path, environ)
    while not (tmp_path / "begun").exists():
        time.sleep(0.05)
    running.send_signal(signal.SIGKILL)
    running.wait()
    environ = a_java(tmp_path, 'touch "$into/whole-1.jar"')
    found = resolve_jars("one", folder=tmp_path / "jars", ivy_file=ivy, environ=environ)
    assert jar_list(found) == f"{tmp_path}/jars/one/whole-1.jar"


def test_of_two_at_once_one_resolves_and_the_other_waits(ivy: Path, tmp_path: Path) -> None:
    environ = a_java(tmp_path, f'echo x >> {tmp_path}/calls; sleep 0.5; touch "$into/a-1.jar"')
    both = [resolving(tmp_path, environ) for _ in range(2)]
    assert [one.wait(timeout=30) for one in both] == [0, 0]
    assert (tmp_path / "calls").read_text() == "x\n"


def test_nothing_but_the_jars_the_lock_and_the_cache_is_left(ivy: Path, tmp_path: Path) -> None:
    environ = a_java(tmp_path, 'touch "$into/a-1.jar"')
    resolve_jars("one", folder=tmp_path / "jars", ivy_file=ivy, environ=environ)
    shutil.rmtree(tmp_path / "jars" / "ivy-cache", ignore_errors=True)
    assert sorted(path.name for path in (tmp_path / "jars").iterdir()) == ["one", "one.lock"]
