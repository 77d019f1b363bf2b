"""Rows into a table by its key: the same, whether it is large, so that they are sent to every task, or it is not."""

from __future__ import annotations

from collections import Counter

import pytest
from pyspark.sql import DataFrame
from pyspark.sql.types import IntegerType, StringType

from lakehouse import Column, Schema, table
from lakehouse.catalog.iceberg import Lake
from lakehouse.catalog.publish import Audit, open_audit
from lakehouse.contract.table import TableSpec, spec_of
from lakehouse.pipeline.merge_newest import merge_newest
from lakehouse.session import join_by_partitions
from tests.conftest import needs_spark_4

BUCKETED = ("bucket(4, user_id)",)


class Names(Schema):
    """One row per person."""

    user_id: Column[StringType]
    part: Column[IntegerType]
    version: Column[IntegerType]
    name: Column[StringType]


@pytest.fixture
def spec(lake: Lake, unique: str) -> TableSpec:
    fresh = type("Fresh", (Names,), {"__annotations__": {}})
    found = spec_of(
        table(f"silver.{unique}", key=("user_id", "part"), newest_by=("version",), partitioned_by=BUCKETED)(fresh)
    )
    lake.ensure(found)
    return found


def names(lake: Lake, *rows: tuple[str, int, int, str]) -> DataFrame:
    return lake.spark.createDataFrame(list(rows), "user_id string, part int, version int, name string")


def merged(lake: Lake, spec: TableSpec, df: DataFrame, *, large: int) -> Audit:
    audit = open_audit(lake, spec, run_id=f"large_{large}")
    merge_newest(audit, df, count=4, large=large)
    return audit


@pytest.mark.parametrize("large", [0, 2**40])
def test_new_keys_come_newer_rows_replace_and_older_ones_are_refused(lake: Lake, spec: TableSpec, large: int) -> None:
    before = names(lake, ("a", 1, 5, "Ann"), ("b", 1, 5, "Bob"), ("b", 2, 5, "Bill"), ("c", 1, 5, "Cy"))
    before.writeTo(f"lake.{spec.name}").append()
    change = names(lake, ("a", 1, 6, "Anna"), ("b", 2, 4, "late"), ("d", 1, 1, "Di"), ("d", 1, 2, "Dee"))
    audit = merged(lake, spec, change, large=large)
    rows = Counter(tuple(row) for row in lake.spark.table(audit.target).collect())
    expected = [("a", 1, 6, "Anna"), ("b", 1, 5, "Bob"), ("b", 2, 5, "Bill"), ("c", 1, 5, "Cy"), ("d", 1, 2, "Dee")]
    assert rows == Counter(expected)


@pytest.mark.parametrize("large", [0, 2**40])
def test_the_same_rows_once_more_change_nothing(lake: Lake, spec: TableSpec, large: int) -> None:
    change = names(lake, ("a", 1, 6, "Anna"), ("b", 2, 4, "Bill"))
    audit = merged(lake, spec, change, large=large)
    merge_newest(audit, change, count=2, large=large)
    assert lake.spark.table(audit.target).count() == 2


@needs_spark_4("of two sides it shuffles both, if one")
def test_of_two_sides_only_the_one_without_partitions_is_shuffled(lake: Lake, spec: TableSpec) -> None:
    names(lake, ("a", 1, 5, "Ann"), ("b", 1, 5, "Bob")).writeTo(f"lake.{spec.name}").append()
    lake.refresh(spec.name)

    def shuffles() -> int:
        both = lake.spark.table(f"lake.{spec.name}").hint("merge").join(names(lake, ("a", 1, 6, "Anna")), "user_id")
        return str(both._jdf.queryExecution().executedPlan().toString()).count("Exchange")

    with join_by_partitions(lake.spark):
        assert shuffles() == 1
    assert shuffles() == 2
