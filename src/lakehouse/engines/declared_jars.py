"""What ivy.xml says of the jars that a line of Spark was tried with."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from xml.etree import ElementTree

from lakehouse.engines.versions import SparkVersion

# Before its Scala, Iceberg's says the line of Spark.
_ARTIFACT = re.compile(r"(.+?)(?:-\d\.\d)?(?:_([\d.]+))?")


@dataclass(frozen=True, kw_only=True)
class DeclaredJar:
    """A jar's version, and the Scala that it is built for; empty where it needs none."""

    version: str
    scala: str


def declared_jars(version: SparkVersion) -> Mapping[str, DeclaredJar]:
    """Give what ivy.xml declares for a line of Spark, by the name that is the same for all: ``spark-avro``."""
    tree = ElementTree.fromstring((files("lakehouse.engines") / "ivy.xml").read_text(encoding="utf-8"))
    found = {}
    for jar in tree.iter("dependency"):
        name = _ARTIFACT.fullmatch(jar.attrib["name"])
        if name and f"{version.jars}->" in jar.attrib["conf"]:
            found[name[1]] = DeclaredJar(version=jar.attrib["rev"], scala=name[2] or "")
    return found


def iceberg_jar(version: SparkVersion) -> DeclaredJar:
    """Give the Iceberg that ivy.xml declares for a line of Spark."""
    return declared_jars(version)["iceberg-spark-runtime"]
