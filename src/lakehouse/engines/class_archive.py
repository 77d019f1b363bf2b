"""Spark's classes as Java has read and checked them once, kept in a file, so that the next session starts sooner.

The first session has its Java write the archive when it ends; the next ones map it into memory. Nothing depends on it:
where there is none, or Java makes none, Spark starts as it does anyway.

Source: JEP 350, "Dynamic CDS Archives".
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

_NEW = ".new"
_SECONDS_TO_WRITE = 120.0
_TRIES = 3
_SUBMIT = "org.apache.spark.deploy.SparkSubmit"
# What does not fit into an archive is nothing that a person has to know.
_QUIET = "-Xlog:cds*=off"


@dataclass(frozen=True)
class JavaStart:
    """How Spark will start Java: the program, Spark's folder, the jars in front of Spark's own, settings, variables."""

    java: str
    spark: Path
    jars: Sequence[Path]
    conf: Mapping[str, str]
    environ: Mapping[str, str]

    @property
    def id(self) -> str:
        """Fingerprint of the Java and of all jars, by their places, sizes and times. Cost: some ms."""
        files = [Path(self.java).resolve(), *self.jars, *sorted((self.spark / "jars").glob("*.jar"))]
        facts = [f"{file} {(stat := file.stat()).st_size} {stat.st_mtime_ns}" for file in files]
        return hashlib.sha256("\n".join(facts).encode()).hexdigest()[:12]

    @cached_property
    def command(self) -> tuple[str, ...]:
        """The program with its class path and options, as Spark's launcher says; empty where it fails. Cost: 0.3 s."""
        settings = [part for name, value in self.conf.items() for part in ("--conf", f"{name}={value}")]
        launcher = [self.java, "-cp", f"{self.spark}/jars/*", "org.apache.spark.launcher.Main"]
        # The version of Scala is for those who build Spark; without it the launcher looks for their folders.
        environ = {**self.environ, "SPARK_HOME": str(self.spark), "SPARK_SCALA_VERSION": "2.13"}
        said = _run([*launcher, _SUBMIT, *settings, "pyspark-shell"], environ)
        words = [word.strip() for word in (said or "").split("\0") if word.strip()]
        return tuple(words[: words.index(_SUBMIT)]) if _SUBMIT in words else ()

    def starts(self, *options: str) -> bool:
        """Tell whether Java starts with further options, and ends without a complaint. Cost: 0.2 s."""
        end = [_QUIET, "-XX:ErrorFile=/dev/null", *options, "-version"]
        return bool(self.command) and _run([*self.command, *end], self.environ) is not None


def archive_options(start: JavaStart, folder: Path) -> str:
    """Give the options of Java that read the archive in a folder, or write it at the end; empty if there can be none.

    Cost: some ms; a second for the two sessions that make it and find it, and some seconds of Java's own after the
    first of them has ended. An archive has 100 to 220 MB; those of other jars are removed when a new one is complete.
    """
    if "Archive" in str(start.conf) or " " in str(folder):
        # A person has one of their own; and Java's options are split at spaces.
        return ""
    name = f"classes-{start.id}"
    ready, tried = folder / f"{name}.jsa", folder / f"{name}.tried"
    if not ready.is_file():
        _adopt(start, ready, tried)
    if ready.is_file():
        return f"{_QUIET} -XX:SharedArchiveFile={ready}"
    if _count(tried) >= _TRIES or any(folder.glob(f"{name}-*{_NEW}")):
        # There will be none, or Java is writing it just now.
        return ""
    mine = folder / f"{name}-{os.getpid()}{_NEW}"
    writes = f"-XX:ArchiveClassesAtExit={mine}"
    able = start.starts(writes)
    mine.unlink(missing_ok=True)
    if not able:
        tried.write_text(str(_TRIES))
    return f"{_QUIET} {writes}" if able else ""


def _count(tried: Path) -> int:
    return int(tried.read_text() or 0) if tried.is_file() else 0


def _adopt(start: JavaStart, ready: Path, tried: Path) -> None:
    """Take an archive that a session has written. One that is cut off would bring Java down: a Java is asked first."""
    for made in ready.parent.glob(f"{ready.stem}-*{_NEW}"):
        # Another session may be at the same.
        with suppress(FileNotFoundError):
            if start.starts("-Xshare:on", f"-XX:SharedArchiveFile={made}"):
                made.rename(ready)
                for other in ready.parent.glob("classes-*"):
                    if other != ready:
                        other.unlink(missing_ok=True)
                return
            if time.time() - made.stat().st_mtime > _SECONDS_TO_WRITE:
                # Killed while it was written, or refused, which it would be each time.
                made.unlink()
                tried.write_text(str(_count(tried) + 1))


def _run(command: Sequence[str], environ: Mapping[str, str]) -> str | None:
    """Give what a program says, None where it fails."""
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=dict(environ))
    return done.stdout if done.returncode == 0 else None
