"""Run the Ivy that PySpark ships, and say in words why it failed."""

from __future__ import annotations

import importlib.util
import re
import subprocess
from collections.abc import Mapping
from pathlib import Path
from xml.etree import ElementTree

from lakehouse.engines.java import find_java
from lakehouse.errors import EngineError, MissingExtraError

# Ivy waits for ever for a repository that takes the connection and says nothing. What has arrived stays in its cache.
PATIENCE_SECONDS = 300.0

_MISSING = re.compile(r"^\s*::\s+(\S+#[^\s:]+)(?:: (.+?))?\s*$", re.MULTILINE)
_NO_ANSWER = re.compile(r"HttpClientHandler: (.*?) ?url=(https?://[^/\s]+)")
_ADVICE = {
    True: "Check the network; a proxy is given by JAVA_TOOL_OPTIONS='-Dhttps.proxyHost=… -Dhttps.proxyPort=…'. "
    "What has arrived is kept; run it again.",
    False: "Check that ivy.xml names modules and versions that exist.",
}


def retrieve(
    conf: str,
    *,
    ivy_file: Path,
    into: Path,
    cache: Path,
    environ: Mapping[str, str],
    patience: float = PATIENCE_SECONDS,
) -> None:
    """Put the jars of a ``<conf>`` into a folder; a repository that does not answer is asked a second time.

    Args:
        conf: Name of the ``<conf>``.
        ivy_file: The ivy.xml.
        into: Where the jars go.
        cache: Ivy's own folder; it writes nowhere else.
        environ: Where Java is looked for, and what it is given.
        patience: Seconds for each of two attempts.

    Raises:
        EngineError: Java is missing, the conf is not declared, or something was not found or did not arrive.
        MissingExtraError: PySpark is not installed.
    """
    _require_conf(conf, ivy_file)
    command = [
        find_java(environ), f"-Duser.home={cache}", "-cp", f"{ivy_jars()}/*", "org.apache.ivy.Main",
        "-cache", str(cache), "-ivy", str(ivy_file.resolve()), "-confs", conf, "-types", "jar", "bundle",
        "-retrieve", f"{into}/[artifact]-[revision].[ext]", "-warn",
    ]  # fmt: skip
    said = _run(command, environ, patience)
    if said is not None and _may_pass(said):
        said = _run(command, environ, patience)
    if said is not None:
        raise EngineError(_explain(conf, said))


def _run(command: list[str], environ: Mapping[str, str], patience: float) -> str | None:
    """Give what Ivy said when it failed, None when all is there."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, env=dict(environ), timeout=patience)
    except OSError as error:
        return f"{command[0]} cannot be run: {error.strerror}"
    except subprocess.TimeoutExpired:
        return f"HttpClientHandler: no end after {patience:.0f} s url=https://repo1.maven.org"
    return None if done.returncode == 0 else done.stdout + done.stderr


def _may_pass(said: str) -> bool:
    return _NO_ANSWER.search(said) is not None or "FAILED" in said


def _explain(conf: str, said: str) -> str:
    silent = _NO_ANSWER.search(said)
    # What was found but did not arrive is listed without a reason.
    lines = sorted({f"{name}: {reason or 'not downloaded'}" for name, reason in _MISSING.findall(said)})
    if silent is not None:
        lines.append(f"{silent[2]} did not answer: {silent[1]}")
    if not lines:
        lines = [line for line in map(str.strip, said.splitlines()) if line and not line.startswith("at ")][-8:]
    listed = "\n".join(f"  - {line}" for line in lines)
    return f"the jars of {conf!r} could not be resolved:\n{listed}\n{_ADVICE[_may_pass(said)]}"


def _require_conf(conf: str, ivy_file: Path) -> None:
    try:
        declared = [str(one.get("name")) for one in ElementTree.parse(ivy_file).iterfind("configurations/conf")]
    except ElementTree.ParseError as error:
        raise EngineError(f"{ivy_file} is no XML: {error}") from error
    if conf not in declared:
        raise EngineError(f"{ivy_file} declares no <conf name={conf!r}>; there is {', '.join(declared)}")


def ivy_jars() -> Path:
    """Give the folder of the jars that PySpark ships, Ivy among them."""
    found = importlib.util.find_spec("pyspark")
    if found is None or found.origin is None:
        raise MissingExtraError(extra="spark", needed_for="resolving jars with the Ivy that PySpark ships")
    jars = Path(found.origin).parent / "jars"
    if not any(jars.glob("ivy-*.jar")):
        raise EngineError(f"this PySpark ships no Ivy: {jars} has no ivy-*.jar. Install 'pyspark', not its client")
    return jars
