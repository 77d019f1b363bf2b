"""What a session says of itself, asked in SQL: so a server of Spark Connect says it as well."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from pyspark.sql import SparkSession

from lakehouse.config.settings import CatalogSettings

CONF = ("spark.master", "spark.sql.ansi.enabled", "spark.sql.session.timeZone", "spark.sql.defaultCatalog")
OF_CATALOG = ("", ".type", ".catalog-impl", ".cache-enabled")


@dataclass(frozen=True, kw_only=True)
class SessionFacts:
    """Versions, settings and classes of a session; empty or None: it did not tell."""

    spark: str
    iceberg: str = ""
    scala: str = ""
    java: str = ""
    conf: Mapping[str, str | None] = field(default_factory=dict)
    classes: Mapping[str, bool | None] = field(default_factory=dict)


def session_facts(spark: SparkSession, catalog: CatalogSettings, classes: Sequence[str] = ()) -> SessionFacts:
    """Ask a session. Cost: two small jobs, 2 s in a cold one, and no job for settings and classes."""
    call = "java_method('java.lang.System', 'getProperty', 'java.version'), "
    call += "java_method('scala.util.Properties', 'versionNumberString')"
    java, scala = _row(spark, f"SELECT {call}") or ("", "")
    (iceberg,) = _row(spark, f"SELECT `{catalog.name}`.system.iceberg_version()") or ("",)
    names = [*CONF, *(f"spark.sql.catalog.{catalog.name}{end}" for end in OF_CATALOG)]
    return SessionFacts(
        spark=spark.version,
        iceberg=iceberg,
        scala=scala,
        java=java,
        conf={name: _conf(spark, name) for name in names},
        classes={name: _has_class(spark, name) for name in classes},
    )


def _row(spark: SparkSession, query: str) -> tuple[str, ...] | None:
    """Give the values of a row; None where the session refuses to say: some forbid calls of Java's methods."""
    try:
        row = spark.sql(query).first()
    except Exception:
        return None
    return None if row is None else tuple(str(value) for value in row)


def _conf(spark: SparkSession, name: str) -> str | None:
    try:
        # With a default it would give that, and not Spark's own, for a setting that nobody has set.
        return spark.conf.get(name)
    except Exception:
        return None


def _has_class(spark: SparkSession, name: str) -> bool | None:
    """Tell whether Spark finds a class: it is asked for a method that none has, and says which of the two is missing.

    No job runs. To ask for the data source by its name takes five seconds where it is not there.
    """
    try:
        spark.sql(f"SELECT java_method('{name}', 'no such method')")
    except Exception as error:
        text = str(error)
        if re.search(r"UNEXPECTED_CLASS_TYPE|NoClassDefFoundError|ClassNotFoundException", text):
            return False
        return True if "UNEXPECTED_STATIC_METHOD" in text else None
    return None
