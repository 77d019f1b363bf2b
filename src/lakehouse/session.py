"""The only place that makes a SparkSession."""

from __future__ import annotations

import atexit
import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from lakehouse.config.paths import local_path, make_folder_of
from lakehouse.config.secrets import mask
from lakehouse.config.settings import CatalogSettings, Settings
from lakehouse.engines.local_conf import local_conf
from lakehouse.engines.sail import SAIL_CONF, missing, start_sail
from lakehouse.engines.versions import SparkVersion, spark_version
from lakehouse.errors import ConfigError, EngineError

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

_EXTENSIONS = "org.apache.iceberg.spark.extensions.IcebergSparkSessionExtensions"
_SQLITE = "sqlite:///"
_MAKES_TABLES = "jdbc.init-catalog-tables"
"""Iceberg 1.10 leaves its search for tables that are there open, and with it the file locked for all who write."""
_BY_PARTITIONS = {
    "spark.sql.sources.v2.bucketing.enabled": "true",
    "spark.sql.sources.v2.bucketing.pushPartValues.enabled": "true",
    "spark.sql.sources.v2.bucketing.shuffle.enabled": "true",
    "spark.sql.requireAllClusterKeysForCoPartition": "false",
    "spark.sql.iceberg.planning.preserve-data-grouping": "true",
}

_SAIL: list[SparkSession] = []
"""The session of Sail of this process."""


def make_session(settings: Settings) -> SparkSession:
    """Make the session of a job, or take the one that spark-submit, Glue or a notebook has made.

    A session that is there keeps its own catalog, memory and jars; it gets ours when it has no catalog of that name,
    and of ``session.conf`` what can be changed while it runs. Else the library starts Spark itself: on this machine
    when ``session.master`` is set, with the jars of ivy.xml. Cost: where a JVM is started, 5 to 8 s the first time
    and about half of it then.

    Raises:
        EngineError: Java or Spark is missing, of the wrong version or does not start, or Iceberg is not in it.
        ConfigError: The session has a catalog of that name which points to another place.
        MissingExtraError: PySpark is not installed.
    """
    version = spark_version()
    if settings.session.engine == "sail":
        return _sail(version)
    make_folder_of(settings.catalog.uri)
    spark = _taken(settings) if _is_there() else _started(settings, version)
    _require_extensions(spark)
    _require_catalog(spark, settings.catalog)
    if settings.catalog.type == "sql":
        # They are there now, also for the sessions of streams, which are copies of this one.
        spark.conf.set(f"spark.sql.catalog.{settings.catalog.name}.{_MAKES_TABLES}", "false")
    return spark


def _sail(version: SparkVersion) -> SparkSession:
    if not version.sail:
        raise EngineError(f"Sail needs PySpark 4; found {version.line}. Install it, or leave out session.engine")
    from pyspark.errors import PySparkImportError
    from pyspark.sql import SparkSession

    there = SparkSession.getActiveSession()
    if there is not None and there not in _SAIL:
        raise EngineError("a session of Spark is there already, and a process has one engine: use Sail in its own")
    if there is not None:
        return there
    server, address = start_sail()
    try:
        builder = SparkSession.builder.remote(address)
        for name, value in SAIL_CONF.items():
            builder = builder.config(name, value)
        spark = builder.getOrCreate()
    except PySparkImportError as error:
        server.stop()
        raise missing() from error
    _SAIL.append(spark)
    # In this order: a server that ends before its session hangs, and so does one that nobody stops.
    atexit.register(server.stop)
    atexit.register(spark.stop)
    return spark


def session_conf() -> dict[str, str]:
    """Give what every session of the library is made with, wherever it runs."""
    return {
        "spark.sql.extensions": _EXTENSIONS,
        # Instants are written and compared in UTC; a local zone would move days.
        "spark.sql.session.timeZone": "UTC",
        "spark.sql.adaptive.enabled": "true",
        # Each batch of a stream leaves records behind that were fetched and not asked for. Of a topic with a backlog
        # that is more than the batch itself, and by default they stay for five minutes.
        "spark.kafka.consumer.fetchedData.cache.timeout": "1m",
        "spark.kafka.consumer.fetchedData.cache.evictorThreadRunInterval": "30s",
        # HotSpot compiles no method of more bytecodes. Spark leaves a pass that would be one to its operators, whose
        # methods are smaller; by default it is one method of up to 65,535, which Java interprets for every row.
        "spark.sql.codegen.hugeMethodLimit": "8000",
        # More than 32 paths that are read together are listed by a job, which by default has a task for each path.
        "spark.sql.sources.parallelPartitionDiscovery.parallelism": "32",
        # Spark 3.5 resolves nested lambdas a level at a time, and gives up at 100: a telephone number needs more.
        "spark.sql.analyzer.maxIterations": "1000",
        # Else PySpark looks at the stack in each call of a function: half of the time that planning 23 rules takes.
        "spark.python.sql.dataFrameDebugging.enabled": "false",
    }


@contextmanager
def join_by_partitions(spark: SparkSession) -> Iterator[None]:
    """While the block lasts, join a table by its own partitions with what has none: of the two only that is shuffled.

    Not for all reads: a partition is then read by one task, however large it is.
    """
    before = {name: spark.conf.get(name, None) for name in _BY_PARTITIONS}
    for name, value in _BY_PARTITIONS.items():
        spark.conf.set(name, value)
    try:
        yield
    finally:
        for name, old in before.items():
            if old is None:
                spark.conf.unset(name)
            else:
                spark.conf.set(name, old)


def catalog_conf(catalog: CatalogSettings) -> dict[str, str]:
    """Give a catalog's settings in Spark's words; PyIceberg gets the same from ``catalog.connect``."""
    prefix = f"spark.sql.catalog.{catalog.name}"
    conf = {
        prefix: "org.apache.iceberg.spark.SparkCatalog",
        # PyIceberg moves main when it publishes; a cached table would not see it.
        f"{prefix}.cache-enabled": "false",
        "spark.sql.defaultCatalog": catalog.name,
        **{f"{prefix}.{name}": value for name, value in catalog.properties.items()},
    }
    if catalog.type == "sql":
        uri = local_path(catalog.uri).replace(_SQLITE, "sqlite:")
        # A writer waits for the others as long as this; SQLite's own 3 s are over when a few commit at once.
        conf = {f"{prefix}.jdbc.busy_timeout": "30000"} | conf
        return conf | {
            f"{prefix}.type": "jdbc",
            f"{prefix}.uri": f"jdbc:{uri}",
            f"{prefix}.jdbc.schema-version": "V1",
            f"{prefix}.{_MAKES_TABLES}": str(not _has_tables(local_path(catalog.uri))).lower(),
            f"{prefix}.warehouse": local_path(catalog.warehouse),
        }
    conf |= {f"{prefix}.type": catalog.type, f"{prefix}.warehouse": catalog.warehouse}
    if catalog.type == "glue":
        return {f"{prefix}.io-impl": "org.apache.iceberg.aws.s3.S3FileIO"} | conf
    return conf | {f"{prefix}.uri": catalog.uri}


def _has_tables(uri: str) -> bool:
    """Tell whether a file of SQLite is a catalog already; of another database that is not asked."""
    file = Path(uri.removeprefix(_SQLITE))
    if not uri.startswith(_SQLITE) or not file.is_file():
        return False
    with closing(sqlite3.connect(file)) as connection, suppress(sqlite3.DatabaseError):
        return bool(connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'iceberg_tables'").fetchall())
    return False  # of what it is then, Iceberg tells


def _is_there() -> bool:
    """Tell whether Spark is there or about to be: then jars, memory and master are not ours to say.

    spark-submit has started the JVM before Python; SPARK_REMOTE names a server of Spark Connect.
    """
    from pyspark.sql import SparkSession

    started_by_others = "PYSPARK_GATEWAY_PORT" in os.environ or "SPARK_REMOTE" in os.environ
    return started_by_others or SparkSession.getActiveSession() is not None


def _taken(settings: Settings) -> SparkSession:
    from pyspark.sql import SparkSession

    spark = SparkSession.builder.getOrCreate()
    wanted = catalog_conf(settings.catalog)
    prefix = f"spark.sql.catalog.{settings.catalog.name}"
    for name in (f"{prefix}.uri", f"{prefix}.warehouse"):
        found = spark.conf.get(name, None)
        if found is not None and name in wanted and found.rstrip("/") != wanted[name].rstrip("/"):
            here, there = mask(name, found), mask(name, wanted[name])
            raise ConfigError(
                f"this session's catalog {settings.catalog.name!r} is another one than the configuration's: {name} is "
                f"{here}, configured is {there}. Make them the same, or give the catalog another name"
            )
    if spark.conf.get(prefix, None) is not None:
        # One that is defined elsewhere is not mixed with ours: Iceberg refuses type beside catalog-impl.
        wanted = {name: wanted[name] for name in (f"{prefix}.cache-enabled", "spark.sql.defaultCatalog")}
    missing = {name: value for name, value in wanted.items() if spark.conf.get(name, None) is None}
    for name, value in {**missing, **session_conf(), **settings.session.conf}.items():
        if name in missing or spark.conf.isModifiable(name):
            spark.conf.set(name, value)
    return spark


def _started(settings: Settings, version: SparkVersion) -> SparkSession:
    from py4j.protocol import Py4JError  # type: ignore[import-untyped]
    from pyspark.errors import PySparkException
    from pyspark.sql import SparkSession

    builder = SparkSession.builder.appName(settings.session.app_name)
    confs = {**session_conf(), **catalog_conf(settings.catalog), **settings.session.conf}
    if settings.session.master:
        builder = builder.master(settings.session.master)
        confs |= local_conf(settings, version)
    for name, value in confs.items():
        builder = builder.config(name, value)
    try:
        return builder.getOrCreate()
    except (PySparkException, Py4JError) as error:
        raise EngineError(
            f"Spark did not start: {_in_one_line(error)}. What Java said stands above; check "
            f"session.driver_memory ({settings.session.driver_memory}) and session.conf"
        ) from error


def _require_extensions(spark: SparkSession) -> None:
    found = spark.conf.get("spark.sql.extensions", "") or ""
    if _EXTENSIONS not in found.split(","):
        raise EngineError(
            f"this session has not Iceberg's SQL extensions: spark.sql.extensions is {found!r}. They cannot be added "
            "to a session that runs; start it with --properties-file spark-defaults.conf or "
            f"--conf spark.sql.extensions={_EXTENSIONS}"
        )


def _require_catalog(spark: SparkSession, catalog: CatalogSettings) -> None:
    from py4j.protocol import Py4JError
    from pyspark.errors import PySparkException

    try:
        spark.sql(f"SHOW NAMESPACES IN `{catalog.name}`")
    except (PySparkException, Py4JError) as error:
        text = _in_one_line(error)
        if "ClassNotFound" in str(error) or "Cannot find catalog plugin class" in str(error):
            raise EngineError(
                f"the Iceberg jar is not on Spark's class path ({text}). Locally set session.master, so that the "
                "library adds it; with spark-submit pass --jars, --packages, or a cluster that has Iceberg"
            ) from error
        raise EngineError(
            f"the catalog {catalog.name!r} ({catalog.type}) cannot be used: {text}. Check catalog.uri and "
            "catalog.warehouse: lakehouse config show"
        ) from error


def _in_one_line(error: Exception) -> str:
    """Give what Java said: its innermost cause, else the first line; py4j's own first line tells nothing."""
    lines = [line.strip(" :") for line in str(error).splitlines() if not line.startswith("An error occurred while")]
    causes = [line.removeprefix("Caused by: ") for line in lines if line.startswith("Caused by: ")]
    return (causes or lines or [type(error).__name__])[-1 if causes else 0].rstrip(".")
