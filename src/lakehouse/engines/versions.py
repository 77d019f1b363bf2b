"""Which versions of Spark the library runs on, and what each needs."""

from __future__ import annotations

from dataclasses import dataclass

from lakehouse.errors import EngineError, MissingExtraError


@dataclass(frozen=True, kw_only=True)
class SparkVersion:
    """A supported line of Spark: its Java versions, the configuration of ivy.xml with its jars, and whether its PySpark
    is a client that Sail knows.
    """

    line: str
    java: tuple[int, ...]
    jars: str
    sail: bool


SUPPORTED = (
    SparkVersion(line="4.1", java=(17, 21), jars="spark41", sail=True),
    SparkVersion(line="3.5", java=(11, 17), jars="spark35", sail=False),
)


def spark_version(found: str | None = None) -> SparkVersion:
    """Give what is known of the installed Spark; starts nothing.

    Args:
        found: A version to ask about instead of the installed one, such as ``4.1.1-amzn-0``.

    Raises:
        MissingExtraError: PySpark is not installed.
        EngineError: Its version is out of the supported range.
    """
    installed = _installed() if found is None else found
    for known in SUPPORTED:
        if installed == known.line or installed.startswith(f"{known.line}."):
            return known
    lines = ", ".join(f"{known.line}.x" for known in SUPPORTED)
    raise EngineError(
        f"PySpark {installed} is not supported: found {installed}, supported are {lines}. "
        "Install one of these, or choose a release of EMR or Glue that has it."
    )


def _installed() -> str:
    # Asked of the module: a cluster puts PySpark on the path without the metadata of a package.
    try:
        import pyspark
    except ModuleNotFoundError as error:
        raise MissingExtraError(extra="spark", needed_for="a Spark session") from error
    return str(pyspark.__version__)
