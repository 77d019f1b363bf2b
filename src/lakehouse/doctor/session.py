"""Checks of what a session has said of itself."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from lakehouse.config import Settings
from lakehouse.config.settings import CatalogSettings
from lakehouse.doctor.finding import Finding, Level, refused
from lakehouse.doctor.session_facts import SessionFacts
from lakehouse.engines.declared_jars import DeclaredJar, iceberg_jar
from lakehouse.engines.runtime import Runtime
from lakehouse.engines.versions import SparkVersion, spark_version
from lakehouse.errors import LakehouseError

_UTC = {"UTC", "Etc/UTC", "GMT", "Z", "+00:00"}
_WAYS = {
    "this machine": "Set session.master: the library adds the jar. Or name it in session.conf, spark.jars",
    "Glue": "Start the job with --datalake-formats iceberg",
    "EMR on EC2": "Make the cluster with iceberg.enabled=true of the classification iceberg-defaults",
    "EMR Serverless": "Start the job with --conf spark.jars=, and the jar in /usr/share/aws/iceberg/lib",
    "EMR on EKS": "Start the job with --conf spark.jars=, and the jar in /usr/share/aws/iceberg/lib",
    "Databricks": "Add the jar as a library of the cluster",
    "Spark Connect": "Start the server with the jar: --packages, or --jars",
}
ICEBERG = "org.apache.iceberg.spark.SparkCatalog"
_KINDS = {"GlueCatalog": "glue", "RESTCatalog": "rest", "JdbcCatalog": "jdbc", "HadoopCatalog": "hadoop"}


@dataclass(frozen=True, kw_only=True)
class Needed:
    """A class that has to be in Spark, what for, and where it comes from."""

    name: str
    what: str
    jar: str


def needed_classes(settings: Settings) -> tuple[Needed, ...]:
    """Give the classes that this configuration needs, beside Iceberg's."""
    found = []
    if settings.streams:
        found.append(
            Needed(
                name="org.apache.spark.sql.kafka010.KafkaSourceProvider",
                what="jar for Kafka",
                jar="spark-sql-kafka-0-10",
            )
        )
    if any(stream.format == "avro" for stream in settings.streams.values()):
        found.append(Needed(name="org.apache.spark.sql.avro.AvroFileFormat", what="jar for Avro", jar="spark-avro"))
    if settings.catalog.type == "glue" or settings.catalog.warehouse.startswith("s3://"):
        found.append(Needed(name="org.apache.iceberg.aws.s3.S3FileIO", what="jar for S3", jar="iceberg-aws-bundle"))
    if settings.kafka.options.get("sasl.mechanism") == "AWS_MSK_IAM":
        name = "software.amazon.msk.auth.iam.IAMLoginModule"
        found.append(Needed(name=name, what="jar for MSK", jar="aws-msk-iam-auth"))
    return tuple(found)


def session_checks(facts: SessionFacts, settings: Settings, runtime: Runtime) -> tuple[Finding, ...]:
    """Compare what a session has said with what the library and this configuration need."""
    return (
        *_versions(facts, runtime),
        *(_class_check(one, facts.classes.get(one.name), facts) for one in needed_classes(settings)),
        *_catalog(facts, settings.catalog),
        _time_zone(facts),
        _ansi(facts),
    )


def _versions(facts: SessionFacts, runtime: Runtime) -> Iterator[Finding]:
    try:
        known = spark_version(facts.spark)
    except LakehouseError as error:
        yield refused("Spark", error)
        return
    yield Finding(check="Spark", found=facts.spark)
    jar = iceberg_jar(known)
    yield _iceberg(facts, known, jar, runtime)
    todo = f"Take jars whose names end in _{_minor(facts.scala)}; it was tried with _{jar.scala}"
    yield _compared("Scala", facts.scala, fits=_minor(facts.scala) == jar.scala, expected=jar.scala, todo=todo)
    major = int(_minor(facts.java.removeprefix("1.")).partition(".")[0] or 0)
    expected = " or ".join(map(str, known.java))
    todo = "Set JAVA_HOME of driver and executors to one of these, or take another release of the platform"
    yield _compared("Java", facts.java, fits=major in known.java, expected=expected, todo=todo)


def _iceberg(facts: SessionFacts, known: SparkVersion, jar: DeclaredJar, runtime: Runtime) -> Finding:
    check = "Iceberg"
    if facts.classes.get(ICEBERG) is False:
        way = _WAYS.get(runtime.name, "Add the jar with --packages or --jars")
        todo = f"{way} (iceberg-spark-runtime-{known.line}_{jar.scala}, {jar.version})"
        found = "its jar is not on the class path"
        return Finding(check=check, level=Level.WRONG, found=found, expected=jar.version, todo=todo)
    if not facts.iceberg:
        found = "this session does not tell its version"
        return Finding(check=check, level=Level.NOT_TOLD, found=found, expected=jar.version)
    if _numbers(facts.iceberg)[:2] < _numbers(jar.version)[:2]:
        todo = "It was not tried. Take a newer release of the platform, or bring the jar yourself"
        return Finding(check=check, level=Level.WARNING, found=facts.iceberg, expected=jar.version, todo=todo)
    return Finding(check=check, found=facts.iceberg)


def _compared(check: str, found: str, *, fits: bool, expected: str, todo: str) -> Finding:
    if not found:
        return Finding(check=check, level=Level.NOT_TOLD, found="this session tells nothing of Java", expected=expected)
    if fits:
        return Finding(check=check, found=found)
    return Finding(check=check, level=Level.WARNING, found=found, expected=expected, todo=todo)


def _class_check(needed: Needed, there: bool | None, facts: SessionFacts) -> Finding:
    check = needed.what
    if there is None:
        return Finding(check=check, level=Level.NOT_TOLD, found="this session tells nothing of its classes")
    if there:
        return Finding(check=check, found="there")
    ending = f"_{_minor(facts.scala)}:{facts.spark.partition('-')[0]}" if needed.jar.startswith("spark-") else ""
    todo = f"Add {needed.jar}{ending} with --packages or --jars; not to a session that runs already"
    return Finding(check=check, level=Level.WRONG, found=f"no class {needed.name}", expected=needed.jar, todo=todo)


def _catalog(facts: SessionFacts, catalog: CatalogSettings) -> Iterator[Finding]:
    prefix = f"spark.sql.catalog.{catalog.name}"
    kind, wanted = spark_catalog_kind(facts, catalog), "jdbc" if catalog.type == "sql" else catalog.type
    if kind not in ("", wanted):
        todo = f"Make {prefix}.type and catalog.type the same: Spark writes to one, PyIceberg publishes to the other"
        found = f"{kind}: single writer, it compares nothing" if kind == "hadoop" else kind
        yield Finding(check="catalog in Spark", level=Level.WRONG, found=found, expected=wanted, todo=todo)
    cached = facts.conf.get(f"{prefix}.cache-enabled")
    if cached == "false":
        yield Finding(check="catalog's cache", found="off")
    else:
        todo = f"Start the session with --conf {prefix}.cache-enabled=false: it would not see what is published"
        found = "on" if cached is None else cached
        yield Finding(check="catalog's cache", level=Level.WRONG, found=found, expected="off", todo=todo)
    default = facts.conf.get("spark.sql.defaultCatalog")
    if default == catalog.name:
        yield Finding(check="default catalog", found=default)
    else:
        todo = f"Set spark.sql.defaultCatalog={catalog.name}, or write its name before each table in SQL of your own"
        found = default or "none"
        yield Finding(check="default catalog", level=Level.WARNING, found=found, expected=catalog.name, todo=todo)


def spark_catalog_kind(facts: SessionFacts, catalog: CatalogSettings) -> str:
    """Give the kind of the session's catalog in Spark's words, such as ``hadoop``; empty where it is not told."""
    prefix = f"spark.sql.catalog.{catalog.name}"
    implementation = (facts.conf.get(f"{prefix}.catalog-impl") or "").rpartition(".")[2]
    return facts.conf.get(f"{prefix}.type") or _KINDS.get(implementation, implementation)


def _time_zone(facts: SessionFacts) -> Finding:
    zone = facts.conf.get("spark.sql.session.timeZone") or ""
    if zone in _UTC:
        return Finding(check="time zone", found=zone)
    todo = "Set spark.sql.session.timeZone=UTC: days and texts of instants would be those of another zone"
    return Finding(check="time zone", level=Level.WRONG, found=zone or "not told", expected="UTC", todo=todo)


def _ansi(facts: SessionFacts) -> Finding:
    said = facts.conf.get("spark.sql.ansi.enabled")
    words = {"true": "on: a cast that cannot be made throws", "false": "off: a cast that cannot be made gives null"}
    level = Level.OK if said in words else Level.NOT_TOLD
    return Finding(check="ANSI", level=level, found=words.get(said or "", "not told"))


def _minor(version: str) -> str:
    return ".".join(version.split(".")[:2])


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(number) for number in re.findall(r"\d+", version.partition("-")[0]))
