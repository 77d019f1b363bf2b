"""The jars that a target has not: of those in ivy.xml, what a configuration needs and the platform does not bring."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from lakehouse.config import Settings
from lakehouse.engines.declared_jars import declared_jars
from lakehouse.engines.ivy import ivy_jars
from lakehouse.engines.jars import resolve_jars
from lakehouse.packaging.target import Target

_NAME = re.compile(r"(.+?)(?:-\d\.\d)?(?:_2\.1[23])?-[\d.]+\.jar")
_FOR_KAFKA, _FOR_AVRO = "spark-sql-kafka-0-10", "spark-avro"
# What comes with a jar of ivy.xml is told by name: it belongs to whoever asks for it.
_COMES_WITH = {_FOR_KAFKA: ("spark-token-provider-kafka-0-10", "kafka-clients", "commons-pool2")}


def needed_jars(settings: Settings, target: Target) -> Mapping[str, str]:
    """Give name and version of what has to be brought: the source of streams, and Avro where one has that format."""
    wanted = {_FOR_KAFKA} if settings.streams else set()
    wanted |= {_FOR_AVRO} if any(one.format == "avro" for one in settings.streams.values()) else set()
    declared = declared_jars(target.version)
    return {artifact: declared[artifact].version for artifact in sorted(wanted - target.brings_jars)}


def jar_files(settings: Settings, target: Target) -> tuple[Path, ...]:
    """Give the files, with what comes with them and Spark itself has not. Downloads them when they are not there.

    Raises:
        EngineError: They could not be resolved.
    """
    needed = needed_jars(settings, target)
    if not needed:
        return ()
    folder = resolve_jars(target.version.jars, folder=Path(settings.local.jars))
    of_spark = {artifact_of(path) for path in ivy_jars().glob("*.jar")}
    wanted = {*needed, *(name for one in needed for name in _COMES_WITH.get(one, ()))} - of_spark
    return tuple(path for path in sorted(folder.glob("*.jar")) if artifact_of(path) in wanted)


def artifact_of(jar: Path) -> str:
    """Give the artifact of a jar's file, without the versions of Scala and of itself."""
    found = _NAME.fullmatch(jar.name)
    return found[1] if found else jar.stem
