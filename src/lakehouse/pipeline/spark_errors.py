"""What Spark raises while it computes rows, and what it says of it."""

from __future__ import annotations

from py4j.protocol import Py4JError  # type: ignore[import-untyped]
from pyspark.errors import PySparkException

SPARK_ERRORS: tuple[type[Exception], ...] = (PySparkException, Py4JError)
"""What a value has thrown in a task is an error of its own on Spark 4; on 3.5 it is the cause of one of py4j."""


def root_cause(error: Exception) -> str:
    """Give the innermost cause that the text of an error names, in one line: it may be a stack trace of Java's."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    causes = [line.removeprefix("Caused by: ") for line in lines if line.startswith("Caused by: ")]
    return (causes or lines or [type(error).__name__])[-1 if causes else 0]
