"""The platforms that a package is made for, and what each of them has already."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from enum import StrEnum

from lakehouse.engines.versions import SparkVersion, spark_version
from lakehouse.errors import ConfigError

_BOTO = frozenset({"boto3", "botocore", "s3transfer", "jmespath"})
_ICEBERG = frozenset({"iceberg-spark-runtime", "iceberg-aws-bundle"})


class Service(StrEnum):
    """Who runs the job."""

    GLUE = "glue"
    EMR = "emr"
    EMR_SERVERLESS = "emr-serverless"


@dataclass(frozen=True, kw_only=True)
class Target:
    """A release of a platform: its Spark and Python, the jars that it brings, and libraries that its Python has."""

    name: str
    service: Service
    release: str
    spark: str
    python: str
    brings_jars: frozenset[str] = _ICEBERG
    has_python: frozenset[str] = frozenset()

    @property
    def version(self) -> SparkVersion:
        """What the library knows of its Spark."""
        return spark_version(self.spark)

    @property
    def interpreter(self) -> str:
        """Where the platform's own images have this Python."""
        return f"/usr/bin/python{self.python}"


# Glue's own Python is used, whose boto3 is that of the release. On EMR the job has a Python environment of its own,
# of 3.11: all releases have it, and all of the library's tests run there.
TARGETS = (
    Target(
        name="glue-5.1",
        service=Service.GLUE,
        release="5.1",
        spark="3.5.6",
        python="3.11",
        brings_jars=_ICEBERG | {"spark-sql-kafka-0-10"},
        has_python=_BOTO,
    ),
    Target(
        name="glue-6.0",
        service=Service.GLUE,
        release="6.0",
        spark="4.1.1",
        python="3.13",
        brings_jars=_ICEBERG | {"spark-sql-kafka-0-10"},
        has_python=_BOTO,
    ),
    Target(name="emr-7.14", service=Service.EMR, release="emr-7.14.0", spark="3.5.6", python="3.11"),
    Target(name="emr-spark-8.1", service=Service.EMR, release="emr-spark-8.1.0", spark="4.1.1", python="3.11"),
    Target(
        name="emr-serverless", service=Service.EMR_SERVERLESS, release="emr-spark-8.1.0", spark="4.1.1", python="3.11"
    ),
)


def target_of(name: str) -> Target:
    """Give a platform by its name.

    Raises:
        ConfigError: There is none of that name; the nearest one is told.
    """
    known = {target.name: target for target in TARGETS}
    if name in known:
        return known[name]
    near = difflib.get_close_matches(name, known, n=1, cutoff=0.6)
    hint = f"did you mean {near[0]!r}? " if near else ""
    raise ConfigError(f"there is no target {name!r}; {hint}there is {', '.join(known)}")
