"""The only place that makes a SparkSession."""

from __future__ import annotations

import os
from importlib.resources import files
from pathlib import Path

from pyspark.errors import PySparkException
from pyspark.sql import SparkSession

from lakehouse.config.paths import local_path, make_room
from lakehouse.config.settings import CatalogSettings, Settings
from lakehouse.engines.jars import jar_list, resolve_jars
from lakehouse.engines.java import check_java
from lakehouse.engines.versions import SparkVersion, spark_version
from lakehouse.errors import EngineError

_EXTENSIONS = "org.apache.iceberg.spark.extensions.IcebergSparkSessionExtensions"


def make_session(settings: Settings) -> SparkSession:
    """Make the session of a job, or take the one that spark-submit, Glue or a notebook has made.

    With ``session.master`` set it is a local one, with the jars of ivy.xml; else it is whatever the cluster gives, and
    only the catalog is added. Cost: 5 to 8 s where a JVM is started.

    Raises:
        EngineError: Java or Spark is missing or of the wrong version, or the Iceberg jar is not on the class path.
        MissingExtraError: PySpark is not installed.
    """
    version = spark_version()
    builder = SparkSession.builder.appName(settings.session.app_name)
    confs = {**session_conf(), **catalog_conf(settings.catalog), **settings.session.conf}
    if settings.session.master is not None and not _under_spark_submit():
        builder = builder.master(settings.session.master)
        confs = {**_local_conf(settings, version), **confs}
    for name, value in confs.items():
        builder = builder.config(name, value)
    spark = builder.getOrCreate()
    _require_iceberg(spark, settings.catalog.name)
    return spark


def session_conf() -> dict[str, str]:
    """Give what every session of the library is made with, wherever it runs."""
    return {
        "spark.sql.extensions": _EXTENSIONS,
        # Instants are written and compared in UTC; a local zone would move days.
        "spark.sql.session.timeZone": "UTC",
        "spark.sql.adaptive.enabled": "true",
    }


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
        uri = local_path(catalog.uri).replace("sqlite:///", "sqlite:")
        return conf | {
            f"{prefix}.type": "jdbc",
            f"{prefix}.uri": f"jdbc:{uri}",
            f"{prefix}.jdbc.schema-version": "V1",
            f"{prefix}.warehouse": local_path(catalog.warehouse),
        }
    conf |= {f"{prefix}.type": catalog.type, f"{prefix}.warehouse": catalog.warehouse}
    if catalog.type == "glue":
        return {f"{prefix}.io-impl": "org.apache.iceberg.aws.s3.S3FileIO"} | conf
    return conf | {f"{prefix}.uri": catalog.uri}


def _local_conf(settings: Settings, version: SparkVersion) -> dict[str, str]:
    check_java(os.environ, supported=version.java)
    make_room(settings.catalog.uri)
    log4j = files("lakehouse.engines") / "log4j2.properties"
    return {
        "spark.jars": jar_list(resolve_jars(version.jars, folder=Path(settings.local.jars))),
        "spark.driver.memory": settings.session.driver_memory,
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.driver.host": "127.0.0.1",
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        "spark.driver.extraJavaOptions": f"-Dlog4j2.configurationFile=file:{log4j}",
    }


def _under_spark_submit() -> bool:
    """spark-submit has started the JVM before Python: jars and memory are its business then."""
    return "PYSPARK_GATEWAY_PORT" in os.environ


def _require_iceberg(spark: SparkSession, catalog: str) -> None:
    try:
        spark.sql(f"SHOW NAMESPACES IN `{catalog}`")
    except PySparkException as error:
        text = str(error).splitlines()[0]
        if "ClassNotFound" in str(error) or "Cannot find catalog plugin class" in str(error):
            raise EngineError(
                f"the Iceberg jar is not on Spark's class path ({text}). Locally leave session.master set, so that the "
                "library adds it; with spark-submit pass --jars, --packages, or a cluster that has Iceberg"
            ) from error
        raise EngineError(f"the catalog {catalog!r} cannot be used: {text}") from error
