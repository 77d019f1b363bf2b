"""The 23 rules in cuallee (Apache-2.0), which judges tables: a missing value breaks its other rules as well."""

from __future__ import annotations

from cuallee import Check, CheckLevel  # type: ignore[import-not-found]
from pyspark.sql import DataFrame

from benchmarks.peers.session import Counts, Peer, run
from benchmarks.reference.quality_violations import EMAIL, NATIONALITIES, PHONE, POSTCODE, UUID, VIOLATIONS


def check() -> Check:
    """Give the rules in the order of their names in ``VIOLATIONS``."""
    return (
        Check(CheckLevel.WARNING, "users")
        .is_complete("user_id")
        .has_pattern("user_id", UUID)
        .is_complete("first_name")
        .is_complete("last_name")
        .is_complete("email")
        .has_pattern("email", EMAIL)
        .is_complete("phone")
        .has_pattern("phone", PHONE)
        .is_complete("gender")
        .is_contained_in("gender", ("female", "male"))
        .is_between("age", (0, 120))
        .is_complete("country")
        .is_complete("nationality")
        .is_contained_in("nationality", NATIONALITIES)
        .is_complete("city")
        .is_complete("postcode")
        .has_pattern("postcode", POSTCODE)
        .is_complete("born_on")
        .is_complete("registered_at")
        .is_between("latitude", (-90, 90))
        .is_between("longitude", (-180, 180))
        .satisfies("registered_at", "born_on <= registered_at")
        .satisfies("updated_at", "registered_at <= updated_at")
    )


def counts(df: DataFrame, _folder: str) -> Counts:
    """Validate, and give the violations by our names."""
    found = sorted(check().validate(df).collect(), key=lambda row: int(row.id))
    return {"rows": found[0].rows} | {name: row.violations for name, row in zip(VIOLATIONS, found, strict=True)}


if __name__ == "__main__":
    run(Peer(distribution="cuallee", level="table", nulls_fail=VIOLATIONS, work=counts, counts=counts))
