"""The 23 rules in PyDeequ (Apache-2.0), which judges tables and gives the share of the rows that keep a rule.

A missing value breaks every rule but those on a set of values, which leave it out.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from pyspark.java_gateway import ensure_callback_server_started
from pyspark.sql import DataFrame, SparkSession

from benchmarks.peers.session import Counts, Peer, run
from benchmarks.reference.quality_violations import EMAIL, NATIONALITIES, PHONE, POSTCODE, UUID, VIOLATIONS

os.environ["SPARK_VERSION"] = "3.5"  # by it the jar is chosen when it is imported

import pydeequ  # type: ignore[import-not-found]
from pydeequ.checks import Check, CheckLevel  # type: ignore[import-not-found]
from pydeequ.verification import VerificationResult, VerificationSuite  # type: ignore[import-not-found]

SETS = {"gender_one_of": ("gender", ("female", "male")), "nationality_one_of": ("nationality", NATIONALITIES)}
PATTERNS = {
    "user_id_uuid": ("user_id", UUID),
    "email_syntax": ("email", EMAIL),
    "phone_matches": ("phone", PHONE),
    "postcode_matches": ("postcode", POSTCODE),
}
CONDITIONS = {
    "age_between": "age BETWEEN 0 AND 120",
    "latitude_between": "latitude BETWEEN -90 AND 90",
    "longitude_between": "longitude BETWEEN -180 AND 180",
}
ORDERS = {
    "registered_after_birth": ("born_on", "registered_at"),
    "updated_after_registration": ("registered_at", "updated_at"),
}
COMPLETE = {name: name.removesuffix("_not_null") for name in VIOLATIONS if name.endswith("_not_null")}

# What it calls the metric of each rule.
METRICS = (
    {name: ("Completeness", column) for name, column in COMPLETE.items()}
    | {name: ("PatternMatch", column) for name, (column, _) in PATTERNS.items()}
    | {name: ("Compliance", f"{column} contained in {','.join(values)}") for name, (column, values) in SETS.items()}
    | {name: ("Compliance", name) for name in CONDITIONS}
    | {name: ("Compliance", f"{first} is less than or equal to {then}") for name, (first, then) in ORDERS.items()}
)


def check(spark: SparkSession) -> Check:
    """Give the rules, and one on the number of rows, which a share is of."""
    rules = Check(spark, CheckLevel.Warning, "users").hasSize(lambda rows: rows > 0)
    for column in COMPLETE.values():
        rules = rules.isComplete(column)
    for column, pattern in PATTERNS.values():
        rules = rules.hasPattern(column, pattern)
    for column, values in SETS.values():
        rules = rules.isContainedIn(column, values)
    for name, condition in CONDITIONS.items():
        rules = rules.satisfies(condition, name)
    for first, then in ORDERS.values():
        rules = rules.isLessThanOrEqualTo(first, then)
    return rules


def counts(df: DataFrame, _folder: str) -> Counts:
    """Validate, and give the violations by our names."""
    spark = df.sparkSession
    # Its own would keep the process from ending.
    ensure_callback_server_started(spark.sparkContext._gateway)  # type: ignore[no-untyped-call]
    result = VerificationSuite(spark).onData(df).addCheck(check(spark)).run()
    found = VerificationResult.successMetricsAsJson(spark, result)
    values = {(metric["name"], metric["instance"]): metric["value"] for metric in found}
    rows = round(values["Size", "*"])
    return {"rows": rows} | {name: round((1 - values[metric]) * rows) for name, metric in METRICS.items()}


CONF = {
    "spark.jars.packages": pydeequ.deequ_maven_coord,
    "spark.jars.excludes": pydeequ.f2j_maven_coord,
    "spark.jars.ivy": str(Path(sys.prefix) / "ivy"),
}

if __name__ == "__main__":
    strict = VIOLATIONS.keys() - SETS.keys()
    run(Peer(distribution="pydeequ", level="table", nulls_fail=strict, work=counts, counts=counts, conf=CONF))
