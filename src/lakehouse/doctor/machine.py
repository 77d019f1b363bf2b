"""Checks of what is installed here; they start no Spark."""

from __future__ import annotations

import platform
import sys
from collections.abc import Mapping

from lakehouse.config import Settings
from lakehouse.doctor.finding import Finding, Level, in_words, refused
from lakehouse.engines.java import check_java
from lakehouse.engines.runtime import Runtime
from lakehouse.engines.versions import spark_version
from lakehouse.errors import LakehouseError

_PYTHONS = ((3, 11), (3, 13))


def runtime_check(runtime: Runtime) -> Finding:
    """Tell where it runs; Databricks is where nobody has tried it."""
    found = f"{runtime.name} {runtime.release}".strip() + (f" (told by {runtime.told_by})" if runtime.told_by else "")
    if runtime.name == "Databricks":
        todo = (
            "Give the cluster Iceberg's jar as a library, and extensions and catalog in its Spark config; "
            "try it with a table that nobody needs"
        )
        return Finding(
            check="runtime", level=Level.WARNING, found=found, expected="one that was tried: EMR, Glue", todo=todo
        )
    return Finding(check="runtime", found=found)


def python_check(version: tuple[int, int] = sys.version_info[:2]) -> Finding:
    """Compare the version of this Python with those that the library is made for."""
    oldest, newest = _PYTHONS
    found, expected = ".".join(map(str, version)), f"3.{oldest[1]} to 3.{newest[1]}"
    if version < oldest:
        todo = "Take a newer one: PYSPARK_PYTHON, or spark.emr-serverless.driverEnv.PYSPARK_PYTHON"
        return Finding(check="Python", level=Level.WRONG, found=found, expected=expected, todo=todo)
    if version > newest:
        return Finding(check="Python", level=Level.WARNING, found=found, expected=expected, todo="It was not tried")
    return Finding(check="Python", found=platform.python_version() if version == sys.version_info[:2] else found)


def engine_checks(settings: Settings, environ: Mapping[str, str]) -> tuple[Finding, ...]:
    """Look at PySpark, and at Java where the library starts it. Cost: one start of ``java -version``, 50 ms."""
    if settings.session.engine == "sail":
        return (Finding(check="engine", found="Sail, without Java"),)
    try:
        version = spark_version()
    except LakehouseError as error:
        return (refused("PySpark", error),)
    found = Finding(check="PySpark", found=f"of the line {version.line}")
    if not starts_java(settings, environ):
        return found, Finding(check="Java", level=Level.NOT_TOLD, found="it is the cluster's: the session is asked")
    try:
        return found, Finding(check="Java", found=check_java(environ, supported=version.java))
    except (LakehouseError, OSError) as error:
        expected = " or ".join(map(str, version.java))
        return found, Finding(check="Java", level=Level.WRONG, found=in_words(error), expected=expected)


def starts_java(settings: Settings, environ: Mapping[str, str]) -> bool:
    """Tell whether the library starts Java itself, instead of spark-submit, a notebook or a server."""
    return bool(settings.session.master) and not {"PYSPARK_GATEWAY_PORT", "SPARK_REMOTE"} & environ.keys()
