"""What a session has said, against what a lake needs."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from pyspark.sql import SparkSession

from lakehouse.config import Settings
from lakehouse.doctor.finding import Finding, Level
from lakehouse.doctor.session import ICEBERG, session_checks
from lakehouse.doctor.session_facts import SessionFacts, session_facts
from lakehouse.engines.declared_jars import iceberg_jar
from lakehouse.engines.runtime import Runtime
from lakehouse.engines.versions import SUPPORTED

SETTINGS = Settings.model_validate({"streams": {"bronze.a": {"topic": "a", "drift_sample": 0}}})
KAFKA = "org.apache.spark.sql.kafka010.KafkaSourceProvider"
KNOWN = SUPPORTED[0]
JAR = iceberg_jar(KNOWN)
GOOD = SessionFacts(
    spark=f"{KNOWN.line}.1-amzn-0",
    iceberg=f"{JAR.version}-amzn-0",
    scala=f"{JAR.scala}.17",
    java=f"{KNOWN.java[0]}.0.15",
    conf={
        "spark.sql.catalog.lake.type": "jdbc",
        "spark.sql.catalog.lake.cache-enabled": "false",
        "spark.sql.defaultCatalog": "lake",
        "spark.sql.session.timeZone": "UTC",
        "spark.sql.ansi.enabled": "false",
    },
    classes={ICEBERG: True, KAFKA: True},
)


def found(facts: SessionFacts, settings: Settings = SETTINGS, runtime: str = "Glue") -> dict[str, Finding]:
    """Give the findings that are not all right, by check."""
    all_of_them = session_checks(facts, settings, Runtime(name=runtime))
    return {one.check: one for one in all_of_them if one.level is not Level.OK}


def test_of_a_session_that_has_everything_nothing_is_said() -> None:
    assert found(GOOD) == {}


@pytest.mark.parametrize(
    ("changed", "check", "level", "todo"),
    [
        ({"spark": "3.3.0-amzn-1"}, "Spark", Level.WRONG, ""),
        ({"iceberg": "1.7.1"}, "Iceberg", Level.WARNING, "Take a newer release"),
        ({"iceberg": ""}, "Iceberg", Level.NOT_TOLD, ""),
        ({"classes": {ICEBERG: False, KAFKA: True}}, "Iceberg", Level.WRONG, "--datalake-formats iceberg"),
        ({"classes": {ICEBERG: True, KAFKA: False}}, "jar for Kafka", Level.WRONG, "spark-sql-kafka-0-10_2.1"),
        ({"classes": {}}, "jar for Kafka", Level.NOT_TOLD, ""),
        ({"scala": "2.11.12"}, "Scala", Level.WARNING, "names end in _2.11"),
        ({"java": "1.8.0_392"}, "Java", Level.WARNING, "JAVA_HOME"),
        ({"java": ""}, "Java", Level.NOT_TOLD, ""),
    ],
)
def test_what_does_not_fit_is_told_with_its_cure(changed: dict[str, Any], check: str, level: Level, todo: str) -> None:
    (one,) = found(replace(GOOD, **changed)).values()
    assert (one.check, one.level, todo in one.todo) == (check, level, True)


@pytest.mark.parametrize(
    ("name", "value", "check", "level"),
    [
        ("catalog.lake.type", "hadoop", "catalog in Spark", Level.WRONG),
        ("catalog.lake.cache-enabled", "true", "catalog's cache", Level.WRONG),
        ("catalog.lake.cache-enabled", None, "catalog's cache", Level.WRONG),
        ("defaultCatalog", None, "default catalog", Level.WARNING),
        ("session.timeZone", "Europe/Vienna", "time zone", Level.WRONG),
        ("ansi.enabled", None, "ANSI", Level.NOT_TOLD),
    ],
)
def test_a_setting_that_harms_is_told_by_name(name: str, value: str | None, check: str, level: Level) -> None:
    (one,) = found(replace(GOOD, conf={**GOOD.conf, f"spark.sql.{name}": value})).values()
    assert (one.check, one.level) == (check, level)


def test_a_catalog_without_a_compare_and_set_is_for_a_single_writer() -> None:
    conf = {**GOOD.conf, "spark.sql.catalog.lake.type": None, "spark.sql.catalog.lake.catalog-impl": "a.HadoopCatalog"}
    assert "single writer" in found(replace(GOOD, conf=conf))["catalog in Spark"].found


def test_s3_avro_and_the_login_of_msk_need_jars_of_their_own() -> None:
    settings = Settings.model_validate(
        {
            "catalog": {"type": "glue", "warehouse": "s3://b/w"},
            "kafka": {"options": {"sasl.mechanism": "AWS_MSK_IAM"}},
            "registry": {"url": "http://r"},
            "streams": {"bronze.a": {"topic": "a", "format": "avro"}},
        }
    )
    facts = replace(GOOD, conf={**GOOD.conf, "spark.sql.catalog.lake.type": "glue"})
    assert list(found(facts, settings)) == ["jar for Avro", "jar for S3", "jar for MSK"]


def test_a_session_says_all_of_this_itself(spark: SparkSession, settings: Settings) -> None:
    facts = session_facts(spark, settings.catalog, (ICEBERG, KAFKA, "org.example.Nowhere"))
    assert facts.classes == {ICEBERG: True, KAFKA: True, "org.example.Nowhere": False}
    assert found(replace(facts, spark=spark.version), settings, "this machine") == {}
