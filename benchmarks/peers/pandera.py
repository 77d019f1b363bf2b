"""The 23 rules in pandera (MIT), which judges tables and leaves a missing value out, as we do.

Its first backend for PySpark says only whether a rule is broken; the one by Narwhals knows the values that break it.
"""

from __future__ import annotations

import os

from pyspark.sql import DataFrame

from benchmarks.peers.session import Counts, Peer, run
from benchmarks.reference.quality_violations import EMAIL, NATIONALITIES, PHONE, POSTCODE, UUID, VIOLATIONS

os.environ["PANDERA_USE_NARWHALS_BACKEND"] = "true"  # read when it is imported

import narwhals.stable.v1 as nw  # type: ignore[import-not-found]
from pandera.errors import SchemaErrors  # type: ignore[import-not-found]
from pandera.pyspark import Check, Column, DataFrameSchema  # type: ignore[import-not-found]


def schema() -> DataFrameSchema:
    """Give the rules; each check has the name of its rule, a missing value is found by the column."""
    return DataFrameSchema(
        {
            "user_id": Column(checks=_matches(UUID, "user_id_uuid")),
            "first_name": Column(),
            "last_name": Column(),
            "email": Column(checks=_matches(EMAIL, "email_syntax")),
            "phone": Column(checks=_matches(PHONE, "phone_matches")),
            "gender": Column(checks=Check.isin(["female", "male"], error="gender_one_of")),
            "age": Column(checks=Check.in_range(0, 120, error="age_between"), nullable=True),
            "country": Column(),
            "nationality": Column(checks=Check.isin(NATIONALITIES, error="nationality_one_of")),
            "city": Column(),
            "postcode": Column(checks=_matches(POSTCODE, "postcode_matches")),
            "born_on": Column(),
            "registered_at": Column(),
            "latitude": Column(checks=Check.in_range(-90, 90, error="latitude_between"), nullable=True),
            "longitude": Column(checks=Check.in_range(-180, 180, error="longitude_between"), nullable=True),
        },
        checks=[
            _not_after("born_on", "registered_at", "registered_after_birth"),
            _not_after("registered_at", "updated_at", "updated_after_registration"),
        ],
    )


def violations(df: DataFrame, _folder: str) -> Counts:
    """Validate, and count the failure cases by our names."""
    try:
        schema().validate(df)
    except SchemaErrors as errors:
        found = errors.failure_cases.groupBy("column", "check").count().collect()
        return {_name(column, check): count for column, check, count in found}
    return {}


def counts(df: DataFrame, folder: str) -> Counts:
    """Give all counts; it does not count the rows, and has nothing of a rule that holds."""
    return {"rows": df.count()} | dict.fromkeys(VIOLATIONS, 0) | violations(df, folder)


def _name(column: str, check: str) -> str:
    return f"{column}_not_null" if check == "not_nullable" else check


def _matches(pattern: str, name: str) -> Check:
    # Python tries the pattern first, and 3.11 has no \z.
    return Check.str_matches(pattern.replace(r"\z", r"(?![\s\S])"), error=name)


def _not_after(earlier: str, later: str, name: str) -> Check:
    return Check(lambda _: nw.col(earlier) <= nw.col(later), native=False, error=name)


# It unites failing values of all types in one column, which ANSI SQL refuses.
CONF = {"spark.sql.ansi.enabled": "false"}

if __name__ == "__main__":
    run(Peer(distribution="pandera", level="table", nulls_fail=(), work=violations, counts=counts, conf=CONF))
