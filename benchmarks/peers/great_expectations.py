"""The 23 rules in Great Expectations (Apache-2.0), which judges tables and leaves a missing value out, as we do."""

from __future__ import annotations

import os

from pyspark.sql import DataFrame

from benchmarks.peers.session import Counts, Peer, run
from benchmarks.reference.quality_violations import EMAIL, NATIONALITIES, PHONE, POSTCODE, UUID, VIOLATIONS

os.environ["GX_ANALYTICS_ENABLED"] = "false"  # else it reports its use to its makers; read when it is imported

import great_expectations as gx  # type: ignore[import-not-found]
import great_expectations.expectations as gxe  # type: ignore[import-not-found]

COUNTS_ALONE = {"result_format": "BASIC", "partial_unexpected_count": 0}


def expectations() -> list[gxe.Expectation]:
    """Give the rules in the order of their names in ``VIOLATIONS``."""
    return [
        gxe.ExpectColumnValuesToNotBeNull(column="user_id"),
        gxe.ExpectColumnValuesToMatchRegex(column="user_id", regex=UUID),
        gxe.ExpectColumnValuesToNotBeNull(column="first_name"),
        gxe.ExpectColumnValuesToNotBeNull(column="last_name"),
        gxe.ExpectColumnValuesToNotBeNull(column="email"),
        gxe.ExpectColumnValuesToMatchRegex(column="email", regex=EMAIL),
        gxe.ExpectColumnValuesToNotBeNull(column="phone"),
        gxe.ExpectColumnValuesToMatchRegex(column="phone", regex=PHONE),
        gxe.ExpectColumnValuesToNotBeNull(column="gender"),
        gxe.ExpectColumnValuesToBeInSet(column="gender", value_set=["female", "male"]),
        gxe.ExpectColumnValuesToBeBetween(column="age", min_value=0, max_value=120),
        gxe.ExpectColumnValuesToNotBeNull(column="country"),
        gxe.ExpectColumnValuesToNotBeNull(column="nationality"),
        gxe.ExpectColumnValuesToBeInSet(column="nationality", value_set=list(NATIONALITIES)),
        gxe.ExpectColumnValuesToNotBeNull(column="city"),
        gxe.ExpectColumnValuesToNotBeNull(column="postcode"),
        gxe.ExpectColumnValuesToMatchRegex(column="postcode", regex=POSTCODE),
        gxe.ExpectColumnValuesToNotBeNull(column="born_on"),
        gxe.ExpectColumnValuesToNotBeNull(column="registered_at"),
        gxe.ExpectColumnValuesToBeBetween(column="latitude", min_value=-90, max_value=90),
        gxe.ExpectColumnValuesToBeBetween(column="longitude", min_value=-180, max_value=180),
        _not_after("born_on", "registered_at"),
        _not_after("registered_at", "updated_at"),
    ]


def counts(df: DataFrame, _folder: str) -> Counts:
    """Validate, and give the violations by our names."""
    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = {"globally": False}
    asset = context.data_sources.add_spark("bench", persist=False).add_dataframe_asset("users")
    batch = asset.add_batch_definition_whole_dataframe("all").get_batch({"dataframe": df})
    rules = expectations()
    for name, rule in zip(VIOLATIONS, rules, strict=True):
        rule.meta = {"name": name}
    suite = gx.ExpectationSuite("users", expectations=rules)
    # Their order is not kept.
    found = batch.validate(suite, result_format=COUNTS_ALONE).results
    return {"rows": found[0].result["element_count"]} | {
        one.expectation_config.meta["name"]: one.result["unexpected_count"] for one in found
    }


def _not_after(earlier: str, later: str) -> gxe.Expectation:
    return gxe.ExpectColumnPairValuesAToBeGreaterThanB(
        column_A=later, column_B=earlier, or_equal=True, ignore_row_if="either_value_is_missing"
    )


if __name__ == "__main__":
    run(Peer(distribution="great-expectations", level="table", nulls_fail=(), work=counts, counts=counts))
