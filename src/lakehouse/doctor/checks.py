"""All checks in their order: first what needs no Spark, then the session."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from lakehouse.config import Settings
from lakehouse.doctor.catalog import catalog_checks
from lakehouse.doctor.finding import Finding, Level, refused
from lakehouse.doctor.kafka import kafka_checks
from lakehouse.doctor.machine import engine_checks, python_check, runtime_check, starts_java
from lakehouse.doctor.session import ICEBERG, needed_classes, session_checks
from lakehouse.doctor.session_facts import SessionFacts, session_facts
from lakehouse.engines.runtime import runtime_of
from lakehouse.session import make_session

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

Groups = Mapping[str, tuple[Finding, ...]]
"""Findings by what they are of."""


def check_all(
    settings: Settings, environ: Mapping[str, str], *, servers: str, tables: Sequence[str], write: bool
) -> Groups:
    """Look at this machine, the catalog and Kafka, without Spark. Cost: at most 10 s for each that does not answer."""
    runtime = runtime_of(environ, master=settings.session.master or "")
    return {
        "machine": (runtime_check(runtime), python_check(), *engine_checks(settings, environ)),
        "catalog": catalog_checks(settings, environ, tables=tables, write=write),
        "Kafka": kafka_checks(settings, environ, servers=servers),
    }


def check_session(settings: Settings, environ: Mapping[str, str], *, before: Groups) -> tuple[Finding, ...]:
    """Start the session, or take the one that is there, and look at it. Cost: its start, and 3 s.

    Args:
        before: What was found without Spark: it is not started where it cannot be, or would wait for its catalog.
    """
    java = next((one for one in before["machine"] if one.check == "Java"), None)
    if starts_java(settings, environ) and java is not None and java.level is Level.WRONG:
        return (_not_started("it needs Java"),)
    if any("no answer within" in one.found for one in before["catalog"] if one.check == "catalog"):
        return (_not_started("it would wait for the catalog, for minutes"),)
    try:
        spark: SparkSession | None = make_session(settings)
        told = [Finding(check="session", found="has Iceberg's extensions, and its catalog answers")]
    except Exception as error:
        spark, told = _left(), [refused("session", error)]
    if spark is None or settings.session.engine == "sail":
        return tuple(told)
    classes = [ICEBERG, *(one.name for one in needed_classes(settings))]
    facts = session_facts(spark, settings.catalog, classes)
    return (*told, *_of(facts, settings, environ))


def _of(facts: SessionFacts, settings: Settings, environ: Mapping[str, str]) -> tuple[Finding, ...]:
    runtime = runtime_of(environ, spark=facts.spark, master=facts.conf.get("spark.master") or "")
    return session_checks(facts, settings, runtime)


def _not_started(why: str) -> Finding:
    return Finding(check="session", level=Level.NOT_TOLD, found=f"not started: {why}")


def _left() -> SparkSession | None:
    """Give a session that was refused: it tells why."""
    from pyspark.sql import SparkSession

    return SparkSession.getActiveSession()
