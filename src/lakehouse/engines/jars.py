"""JVM jars by name: ``ivy.xml`` declares them once, the Ivy inside of PySpark resolves them."""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from importlib.resources import files
from pathlib import Path

from lakehouse.engines.ivy import retrieve
from lakehouse.errors import EngineError

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

    Cost: below 1 ms the second time; the first time 15 to 60 s and 40 to 80 MB. One that was cut off starts again.

    Args:
        conf: ``spark41``, ``spark35`` or ``kafka``.
        folder: Where jars and Ivy's cache are kept; nothing is written to the home folder.
        ivy_file: Another ivy.xml than the library's own.
        environ: Where Java is looked for.
        on_progress: Called each second with the conf and the number of jars in Ivy's cache.

    Raises:
        EngineError: Java is missing, something could not be found or downloaded, or the folder cannot be written.
        MissingExtraError: PySpark, which brings Ivy, is not installed.
    """
    ivy = Path(str(files("lakehouse.engines") / "ivy.xml")) if ivy_file is None else ivy_file
    wanted = hashlib.sha256(ivy.read_bytes() + conf.encode()).hexdigest()
    target = (folder / conf).absolute()
    if _stamp(target) == wanted:
        return target
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with _only_one(target.parent / f"{conf}.lock"):
            if _stamp(target) != wanted:
                cache = target.parent / "ivy-cache"
                with _new_folder(target) as fresh, _counting(cache, lambda count: on_progress(conf, count)):
                    retrieve(conf, ivy_file=ivy, into=fresh, cache=cache, environ=environ)
                    _put(fresh, target, stamp=wanted)
    except OSError as error:
        raise EngineError(
            f"the jars of {conf!r} cannot be kept in {target.parent}: {error.strerror} ({error.filename}). "
            "Name a folder that can be written: local.jars"
        ) from error
    return target


def jar_list(folder: Path) -> str:
    """Give the jars of a folder as ``spark.jars`` takes them."""
    return ",".join(sorted(str(jar) for jar in folder.glob("*.jar")))


def _put(fresh: Path, target: Path, *, stamp: str) -> None:
    # The stamp goes in before the rename: a folder of that name is either whole or not there.
    (fresh / _STAMP).write_text(stamp)
    shutil.rmtree(target, ignore_errors=True)
    fresh.rename(target)


def _stamp(target: Path) -> str:
    file = target / _STAMP
    return file.read_text() if file.is_file() else ""


@contextmanager
def _only_one(lock: Path) -> Iterator[None]:
    with lock.open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


@contextmanager
def _new_folder(target: Path) -> Iterator[Path]:
    # Each attempt has a name of its own: the Java of a killed Python may still be writing to the last one.
    for left in target.parent.glob(f"{target.name}.new-*"):
        shutil.rmtree(left, ignore_errors=True)
    fresh = Path(tempfile.mkdtemp(prefix=f"{target.name}.new-", dir=target.parent))
    fresh.chmod(0o755)
    try:
        yield fresh
    finally:
        shutil.rmtree(fresh, ignore_errors=True)


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
