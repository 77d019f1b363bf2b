"""What ivy.xml says of the Iceberg that a line of Spark was tried with."""

from __future__ import annotations

import re
from dataclasses import dataclass
from importlib.resources import files
from xml.etree import ElementTree

from lakehouse.engines.versions import SparkVersion

_RUNTIME = re.compile(r"iceberg-spark-runtime-[\d.]+_([\d.]+)")


@dataclass(frozen=True, kw_only=True)
class IcebergJar:
    """The version of Iceberg, and the Scala that its jar is built for."""

    iceberg: str
    scala: str


def iceberg_jar(version: SparkVersion) -> IcebergJar:
    """Give what ivy.xml declares for a line of Spark."""
    tree = ElementTree.fromstring((files("lakehouse.engines") / "ivy.xml").read_text(encoding="utf-8"))
    for jar in tree.iter("dependency"):
        name = _RUNTIME.fullmatch(jar.attrib["name"])
        if name and jar.attrib["conf"].startswith(f"{version.jars}->"):
            return IcebergJar(iceberg=jar.attrib["rev"], scala=name.group(1))
    raise LookupError(f"ivy.xml has no Iceberg for {version.jars}")
