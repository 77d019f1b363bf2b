"""What Spark is told when the library itself starts it on this machine: jars, memory, loopback, and quiet."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from importlib.resources import files
from pathlib import Path

from lakehouse.config.settings import Settings
from lakehouse.engines.class_archive import JavaStart, archive_options
from lakehouse.engines.jars import jar_list, resolve_jars
from lakehouse.engines.java import check_java
from lakehouse.engines.versions import SparkVersion

AVRO_LIMITS = " ".join(
    f"-Dorg.apache.avro.limits.{what}.maxLength={most}"
    for what, most in (("bytes", 1 << 26), ("string", 1 << 26), ("collectionItems", 1 << 24))
)
"""Else five bad bytes in an Avro message ask for an array of 2 GB, and the JVM ends with them."""

_JARS, _CLASS_PATH, _OPTIONS = "spark.jars", "spark.driver.extraClassPath", "spark.driver.extraJavaOptions"
# A person's own jars and options of Java come on top of ours; everything else of theirs replaces ours.
_ADDED = {_JARS: ",", _OPTIONS: " "}
_OF_CLASSES = (_JARS, "spark.jars.packages", _CLASS_PATH)
"""With any of these a person has classes of their own, and ours stay beside them, in one loader."""


def local_conf(settings: Settings, version: SparkVersion, *, environ: Mapping[str, str] = os.environ) -> dict[str, str]:
    """Give the settings of a local Spark, ``session.conf`` included. Downloads the jars when they are not there.

    Raises:
        EngineError: Java is missing or of the wrong version, or the jars cannot be resolved.
    """
    java = check_java(environ, supported=version.java)
    folder = Path(settings.local.jars)
    jars = [resolve_jars(conf, folder=folder, environ=environ) for conf in jars_of(settings, version)]
    # As an address: Java's options are split at spaces, which a folder may have.
    quiet = Path(str(files("lakehouse.engines") / "log4j2.properties")).absolute().as_uri()
    ours = {
        _JARS: ",".join(map(jar_list, jars)),
        "spark.driver.memory": settings.session.driver_memory,
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.driver.host": "127.0.0.1",
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        _OPTIONS: f"-Dlog4j2.configurationFile={quiet} {AVRO_LIMITS}",
    }
    theirs = settings.session.conf
    both = {name: f"{ours[name]}{between}{theirs[name]}" for name, between in _ADDED.items() if name in theirs}
    conf = {**ours, **theirs, **both}
    if (settings.session.master or "").startswith("local[") and not any(name in theirs for name in _OF_CLASSES):
        return _of_one_java(conf, java, jars, environ)
    return conf


def jars_of(settings: Settings, version: SparkVersion) -> tuple[str, ...]:
    """Give the confs of ivy.xml that a local Spark needs: its own, and those of its catalog."""
    return (version.jars, "aws") if settings.catalog.type == "glue" else (version.jars,)


def _of_one_java(conf: dict[str, str], java: str, jars: Sequence[Path], environ: Mapping[str, str]) -> dict[str, str]:
    """Put our jars on the class path of the one Java there is.

    As ``spark.jars`` they would be copied for executors first, and Java could keep nothing of what it reads of them.
    """
    import pyspark

    # Resolved, as PySpark does: Java compares the class paths of an archive and its own by their text.
    files = sorted(jar.resolve() for folder in jars for jar in folder.glob("*.jar"))
    spark = Path(environ.get("SPARK_HOME") or pyspark.__file__.removesuffix("__init__.py")).resolve()
    mine = {name: value for name, value in conf.items() if name != _JARS}
    mine[_CLASS_PATH] = os.pathsep.join(map(str, files))
    start = JavaStart(java=java, spark=spark, jars=files, conf=mine, environ=environ)
    # In the folder of a set of jars: an archive takes the place of others that are there.
    return mine | {_OPTIONS: f"{mine[_OPTIONS]} {archive_options(start, jars[-1])}".rstrip()}
