"""The table of metrics: each publish once, and it outlives the snapshots."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime, timedelta

import pytest
from pyspark.sql.types import StringType

from lakehouse import Column, Schema, table
from lakehouse.catalog.iceberg import Lake
from lakehouse.catalog.ledger import LedgerEntry
from lakehouse.catalog.publish import open_audit, publish
from lakehouse.catalog.quality_metrics import past_scores, record
from lakehouse.contract.ddl import full_name
from lakehouse.contract.table import TableSpec, spec_of
from lakehouse.quality import RuleScore, TableScore

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)


class Thing(Schema):
    """Things."""

    name: Column[StringType]


@pytest.fixture
def spec(unique: str) -> TableSpec:
    return spec_of(table(f"silver.{unique}")(type("T", (Thing,), {"__annotations__": {}})))


def publish_score(lake: Lake, spec: TableSpec, failed: int) -> TableScore:
    rule = RuleScore(
        name="r", column="name", dimension="validity", severity="error", weight=1.0, failed=failed, assessed=10,
        because="it's so", detail="ü",
    )  # fmt: skip
    score = TableScore(table=spec.name, rule_set="abc", rows=10, rows_failed=failed, rules=(rule,))
    run_id = f"r{failed}"
    audit = open_audit(lake, spec, run_id=run_id)
    publish(audit, LedgerEntry(run_id=run_id, published_at=NOON + timedelta(hours=failed), score=score.to_json()))
    return score


def test_each_publish_is_recorded_once_however_often_it_is_asked(lake: Lake, spec: TableSpec) -> None:
    publish_score(lake, spec, 1)
    publish_score(lake, spec, 2)
    assert (record(lake, spec.name), record(lake, spec.name)) == (2, 0)
    lake.refresh("quality.metrics")
    rows = lake.spark.table("`lake`.quality.metrics").where(f"table_name = '{spec.name}' AND rule IS NULL").collect()
    assert sorted((row["failed"], row["assessed"], row["score"]) for row in rows) == [(1, 10, 0.9), (2, 10, 0.8)]


def test_past_scores_come_newest_first_with_their_publish(lake: Lake, spec: TableSpec) -> None:
    scores = [publish_score(lake, spec, failed) for failed in (1, 2, 3)]
    found = past_scores(lake.catalog, spec.name)
    assert [one.score for one in found] == scores[::-1]
    assert (found[0].run_id, found[0].measured_at) == ("r3", NOON + timedelta(hours=3))
    assert [one.run_id for one in past_scores(lake.catalog, spec.name, most=1)] == ["r3"]


def test_scores_outlive_the_snapshots_that_carried_them(lake: Lake, spec: TableSpec) -> None:
    scores = [publish_score(lake, spec, failed) for failed in (1, 2)]
    before = past_scores(lake.catalog, spec.name)
    record(lake, spec.name)
    lake.spark.sql(f"DROP TABLE {full_name(spec, catalog='lake')}")
    assert [one.score for one in past_scores(lake.catalog, spec.name)] == scores[::-1]
    assert past_scores(lake.catalog, spec.name) == before


def test_a_table_that_was_never_published_has_no_past(lake: Lake, spec: TableSpec) -> None:
    assert past_scores(lake.catalog, spec.name) == []
    lake.ensure(dataclasses.replace(spec))
    assert record(lake, spec.name) == 0
