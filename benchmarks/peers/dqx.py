"""The 23 rules in dqx, which judges each row. Read README.md first: its licence ties it to Databricks.

Written from the public documentation of 0.17; it was not run by this project.
"""

from __future__ import annotations

from typing import Any

from databricks.labs.dqx.engine import DQEngine  # type: ignore[import-not-found]
from databricks.sdk import WorkspaceClient  # type: ignore[import-not-found]
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from benchmarks.peers.session import Counts, Peer, run
from benchmarks.reference.quality_violations import EMAIL, NATIONALITIES, PHONE, POSTCODE, UUID, VIOLATIONS


def checks() -> list[dict[str, Any]]:
    """Give the rules by our names. Text of a list is quoted: since 0.16 a bare word is a column."""
    judged = {
        "user_id_uuid": ("regex_match", {"column": "user_id", "regex": UUID}),
        "email_syntax": ("regex_match", {"column": "email", "regex": EMAIL}),
        "phone_matches": ("regex_match", {"column": "phone", "regex": PHONE}),
        "postcode_matches": ("regex_match", {"column": "postcode", "regex": POSTCODE}),
        "gender_one_of": ("is_in_list", {"column": "gender", "allowed": ["'female'", "'male'"]}),
        "nationality_one_of": ("is_in_list", {"column": "nationality", "allowed": [f"'{n}'" for n in NATIONALITIES]}),
        "age_between": ("is_in_range", {"column": "age", "min_limit": 0, "max_limit": 120}),
        "latitude_between": ("is_in_range", {"column": "latitude", "min_limit": -90, "max_limit": 90}),
        "longitude_between": ("is_in_range", {"column": "longitude", "min_limit": -180, "max_limit": 180}),
        "registered_after_birth": ("sql_expression", {"expression": "born_on <= registered_at"}),
        "updated_after_registration": ("sql_expression", {"expression": "registered_at <= updated_at"}),
    }
    nulls = {name: name.removesuffix("_not_null") for name in VIOLATIONS if name.endswith("_not_null")}
    rules = judged | {name: ("is_not_null", {"column": column}) for name, column in nulls.items()}
    return [
        {"name": name, "criticality": "error", "check": {"function": function, "arguments": arguments}}
        for name, (function, arguments) in rules.items()
    ]


def work(df: DataFrame, folder: str) -> None:
    """Write the rows with their errors."""
    engine = DQEngine(WorkspaceClient())
    engine.apply_checks_by_metadata(df, checks()).write.mode("overwrite").parquet(folder)


def counts(df: DataFrame, folder: str) -> Counts:
    """Count the errors that were written, by name."""
    written = df.sparkSession.read.parquet(folder)
    errors = written.select(F.explode("_errors.name").alias("name")).groupBy("name").count().collect()
    found = {row["name"]: int(row["count"]) for row in errors}
    return {"rows": written.count()} | {name: found.get(name, 0) for name in VIOLATIONS}


if __name__ == "__main__":
    run(Peer(distribution="databricks-labs-dqx", level="row", nulls_fail=False, work=work, counts=counts))
