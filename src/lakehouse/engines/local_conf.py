"""What Spark is told when the library itself starts it on this machine: jars, memory, loopback, and quiet."""

from __future__ import annotations

import os
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path

from lakehouse.config.settings import Settings
from lakehouse.engines.jars import jar_list, resolve_jars
from lakehouse.engines.java import check_java
from lakehouse.engines.versions import SparkVersion

AVRO_LIMITS = " ".join(
    f"-Dorg.apache.avro.limits.{what}.maxLength={most}"
    for what, most in (("bytes", 1 << 26), ("string", 1 << 26), ("collectionItems", 1 << 24))
)
"""Else five bad bytes in an Avro message ask for an array of 2 GB, and the JVM ends with them."""

# A person's own jars and options of Java come on top of ours; everything else of theirs replaces ours.
_ADDED = {"spark.jars": ",", "spark.driver.extraJavaOptions": " "}


def local_conf(settings: Settings, version: SparkVersion, *, environ: Mapping[str, str] = os.environ) -> dict[str, str]:
    """Give the settings of a local Spark, ``session.conf`` included. Downloads the jars when they are not there.

    Raises:
        EngineError: Java is missing or of the wrong version, or the jars cannot be resolved.
    """
    check_java(environ, supported=version.java)
    jars = resolve_jars(version.jars, folder=Path(settings.local.jars), environ=environ)
    # As an address: Java's options are split at spaces, which a folder may have.
    quiet = Path(str(files("lakehouse.engines") / "log4j2.properties")).absolute().as_uri()
    ours = {
        "spark.jars": jar_list(jars),
        "spark.driver.memory": settings.session.driver_memory,
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.driver.host": "127.0.0.1",
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        "spark.driver.extraJavaOptions": f"-Dlog4j2.configurationFile={quiet} {AVRO_LIMITS}",
    }
    theirs = settings.session.conf
    both = {name: f"{ours[name]}{between}{theirs[name]}" for name, between in _ADDED.items() if name in theirs}
    return {**ours, **theirs, **both}
