"""``lakehouse doctor`` beside Glue and S3."""

from __future__ import annotations

from lakehouse.config import Settings
from lakehouse.doctor.catalog import catalog_checks
from lakehouse.doctor.finding import Finding, Level
from tests.aws.faults import Fault, FaultyAws


def checked(settings: Settings) -> dict[str, Finding]:
    return {one.check: one for one in catalog_checks(settings, {}, tables=(), write=True)}


def test_a_glue_on_loopback_may_be_written_by_one_at_a_time(in_glue: Settings) -> None:
    found = checked(in_glue)
    assert [found[check].level for check in ("catalog", "write", "clock")] == [Level.OK] * 3
    assert (found["writers"].level, "single writer" in found["writers"].found) == (Level.WARNING, True)


def test_a_role_that_may_not_delete_is_told_which_marker_is_left(in_glue: Settings, aws: FaultyAws) -> None:
    with aws.fails(Fault(begins="DELETE /", code="AccessDenied", status=403)):
        write = checked(in_glue)["write"]
    assert (write.level, write.found.startswith("delete of s3://lake/warehouse/_lakehouse_doctor/")) == (
        Level.WRONG,
        True,
    )
    assert "the role may not do this" in write.found
