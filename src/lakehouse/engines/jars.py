"""JVM jars by name: ``ivy.xml`` declares them once, the Ivy inside of PySpark resolves them."""

from __future__ import annotations

import fcntl
import hashlib
import importlib.util
import os
import shutil
import subprocess
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from importlib.resources import files
from pathlib import Path

from lakehouse.engines.java import find_java
from lakehouse.errors import EngineError, MissingExtraError

_STAMP = ".resolved"


def resolve_jars(
    conf: str,
    *,
    folder: Path,
    ivy_file: Path | None = None,
    environ: Mapping[str, str] = os.environ,
    on_progress: Callable[[str, int], None] = lambda _what, _count: None,
) -> Path:
    """Give the folder with the jars of one ``<conf>`` of ivy.xml; they are downloaded when they are not there.

    Cost: nothing the second time; the first time 15 to 60 s and 40 to 80 MB. One that was cut off starts again.

    Args:
        conf: ``spark41`` or ``kafka``.
        folder: Where jars and Ivy's cache are kept; nothing is written to the home folder.
        ivy_file: Another ivy.xml than the library's own.
        on_progress: Called with the conf and the number of jars that have arrived.

    Raises:
        EngineError: Java is missing, or something could not be found or downloaded.
        MissingExtraError: PySpark, which brings Ivy, is not installed.
    """
    ivy = Path(str(files("lakehouse.engines") / "ivy.xml")) if ivy_file is None else ivy_file
    wanted = hashlib.sha256(ivy.read_bytes() + conf.encode()).hexdigest()
    target = (folder / conf).absolute()
    if _stamp(target) == wanted:
        return target
    target.parent.mkdir(parents=True, exist_ok=True)
    with _only_one(target.parent / f"{conf}.lock"):
        if _stamp(target) != wanted:
            fresh = target.with_name(f"{conf}.new")
            shutil.rmtree(fresh, ignore_errors=True)
            _retrieve(conf, ivy, fresh, cache=target.parent / "ivy-cache", environ=environ, on_progress=on_progress)
            (fresh / _STAMP).write_text(wanted)
            shutil.rmtree(target, ignore_errors=True)
            fresh.rename(target)
    return target


def jar_list(folder: Path) -> str:
    """Give the jars of a folder as ``spark.jars`` takes them."""
    return ",".join(sorted(str(jar) for jar in folder.glob("*.jar")))


def _retrieve(
    conf: str,
    ivy: Path,
    into: Path,
    *,
    cache: Path,
    environ: Mapping[str, str],
    on_progress: Callable[[str, int], None],
) -> None:
    command = [
        find_java(environ), f"-Duser.home={cache}", "-cp", f"{_pyspark_jars()}/*", "org.apache.ivy.Main",
        "-cache", str(cache), "-ivy", str(ivy.resolve()), "-confs", conf, "-types", "jar", "bundle",
        "-retrieve", f"{into}/[artifact]-[revision].[ext]", "-warn",
    ]  # fmt: skip
    for attempt in (1, 2):  # a slow mirror's time-out is worth a second try: what has arrived stays in the cache
        with _counting(cache, lambda count: on_progress(conf, count)):
            done = subprocess.run(command, capture_output=True, text=True, check=False, env=dict(environ))
        said = done.stdout + done.stderr
        if done.returncode == 0 and "UNRESOLVED" not in said and any(into.glob("*.jar")):
            return
        if attempt == 2:
            raise EngineError(_explain(conf, said))


def _explain(conf: str, said: str) -> str:
    lines = [line.strip(" :\t") for line in said.splitlines() if line.strip(" :.\t")]
    missing = sorted(
        {line.split("#", 1)[0] + "#" + line.split("#", 1)[1] for line in lines if "not found" in line and "#" in line}
    )
    last = "\n".join(f"  {line}" for line in (missing or lines[-8:]))
    return (
        f"the jars of '{conf}' could not be resolved:\n{last}\n"
        "Check that a Maven repository can be reached, and that ivy.xml names versions that exist; then run it again."
    )


def _pyspark_jars() -> Path:
    found = importlib.util.find_spec("pyspark")
    if found is None or found.origin is None:
        raise MissingExtraError(extra="spark", needed_for="resolving jars with the Ivy that PySpark ships")
    return Path(found.origin).parent / "jars"


def _stamp(target: Path) -> str:
    file = target / _STAMP
    return file.read_text() if file.is_file() else ""


@contextmanager
def _only_one(lock: Path) -> Iterator[None]:
    with lock.open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


@contextmanager
def _counting(cache: Path, on_count: Callable[[int], None]) -> Iterator[None]:
    over = threading.Event()

    def watch() -> None:
        while not over.wait(1.0):
            on_count(sum(1 for _ in cache.rglob("*.jar")))

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        yield
    finally:
        over.set()
        watcher.join()
