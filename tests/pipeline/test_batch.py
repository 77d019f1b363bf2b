"""One batch into several tables, and beside other writers: each record once, whatever happened before."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import pytest
from pyspark.sql import DataFrame
from pyspark.sql import functions as F
from pyspark.sql.types import IntegerType, LongType, StringType

import lakehouse.pipeline.batch as batch_module
from lakehouse import Column, DataSet, Schema, build, conform, doc, table
from lakehouse.catalog.append_once import AppendConflictError, append_once
from lakehouse.catalog.batch_stamp import newest_stamp
from lakehouse.catalog.iceberg import Lake
from lakehouse.catalog.publish import open_audit
from lakehouse.contract.build import BuildSpec, build_of
from lakehouse.contract.table import TableSpec, spec_of
from lakehouse.errors import ContractError
from lakehouse.pipeline.ingest import Route
from lakehouse.pipeline.merge_newest import merge_newest
from tests.pipeline.conftest import Bench, fresh_spec

RETURNS = "get_json_object(string(value), '$.sensor') = 'return'"


def send(bench: Bench, *values: int, sensor: str = "a") -> None:
    bench.send(*({"sensor": sensor, "value": value} for value in values))


def routed(bench: Bench, unique: str) -> tuple[Bench, TableSpec]:
    """The stream with a second table, for returns."""
    spec = fresh_spec(f"{unique}_returns")
    return replace(bench, ingest=replace(bench.ingest, routes=(Route(spec=spec, where=RETURNS),))), spec


def latest_of(raw: type[Schema], name: str) -> BuildSpec:
    """A build that keeps the newest value of each sensor."""

    class Latest(Schema):
        """One row per sensor."""

        sensor: Annotated[Column[StringType], doc("Which")]
        value: Column[LongType]
        part: Column[IntegerType]
        at: Column[LongType]

    made = table(name, key=("sensor",), newest_by=("part", "at"))(Latest)

    def latest(rows: Any) -> Any:
        flat = rows.select("record.*", F.col("partition").alias("part"), F.col("offset").alias("at"))
        return conform(flat, made)

    latest.__annotations__ = {"rows": DataSet[raw], "return": DataSet[made]}  # type: ignore[valid-type]
    found = build_of(build(latest))
    assert found is not None
    return found


def merging(bench: Bench, unique: str) -> tuple[Bench, BuildSpec]:
    """The stream with a table of the newest values."""
    found = latest_of(bench.ingest.spec.schema, f"silver.{unique}_latest")
    return replace(bench, ingest=replace(bench.ingest, merges=(found,))), found


def values_of(bench: Bench, spec: TableSpec) -> list[int]:
    return sorted(row[0] for row in bench.lake.rows(spec).select("record.value").collect())


def die_before_the_second_commit(patch: pytest.MonkeyPatch, doing: str) -> None:
    real, calls = getattr(batch_module, doing), []

    def once(*arguments: Any, **named: Any) -> Any:
        calls.append(1)
        if len(calls) == 2:
            raise LakehouseDiesError
        return real(*arguments, **named)

    patch.setattr(batch_module, doing, once)


class LakehouseDiesError(Exception):
    """The machine is gone."""


def test_each_record_goes_to_the_table_of_its_route_and_the_rest_to_the_first(bench: Bench, unique: str) -> None:
    both, returns = routed(bench, unique)
    send(both, 1, 2)
    send(both, 3, sensor="return")
    both.send(b"{no json")
    both.run()
    assert (both.values(), values_of(both, returns)) == ([1, 2], [3])
    assert both.counts()["malformed_json"] == 1


def test_a_crash_between_two_tables_doubles_nothing(bench: Bench, unique: str, monkeypatch: pytest.MonkeyPatch) -> None:
    both, returns = routed(bench, unique)
    send(both, 1)
    send(both, 2, sensor="return")
    with monkeypatch.context() as patch:
        die_before_the_second_commit(patch, "append_once")
        with pytest.raises(Exception, match="LakehouseDies"):
            both.run()
    assert (both.values(), values_of(both, returns)) == ([1], [])
    both.run()
    assert (both.values(), values_of(both, returns)) == ([1], [2])


def test_a_table_to_which_nothing_came_says_so_with_an_append_of_nothing(bench: Bench, unique: str) -> None:
    both, returns = routed(bench, unique)
    send(both, 1)
    both.run()
    head = both.lake.table(returns.name).current_snapshot()
    assert head is not None
    assert head.summary is not None
    assert head.summary.operation.value == "append"
    stamp = newest_stamp(both.lake.table(returns.name))
    assert stamp is not None
    assert (stamp.records, stamp.added, stamp.shared_with) == (1, 0, (both.ingest.spec.name, returns.name))


@pytest.fixture(scope="module")
def merged(shared_bench: Bench) -> tuple[Bench, BuildSpec]:
    """A stream that has merged two batches."""
    both, latest = merging(shared_bench, shared_bench.ingest.topic.topic)
    send(both, 1, 2)
    send(both, 5, sensor="b")
    both.run()
    send(both, 3)
    both.run()
    return both, latest


def test_a_merge_keeps_the_newest_row_of_each_key(merged: tuple[Bench, BuildSpec]) -> None:
    both, latest = merged
    found = {row.sensor: row.value for row in both.lake.rows(latest.table).collect()}
    assert (found, both.values()) == ({"a": 3, "b": 5}, [1, 2, 3, 5])


def test_a_merge_that_died_before_its_publish_is_done_again(
    bench: Bench, unique: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    both, latest = merging(bench, unique)
    send(both, 1)

    def die(*_: object) -> None:
        raise LakehouseDiesError

    with monkeypatch.context() as patch:
        patch.setattr(batch_module, "publish", die)
        with pytest.raises(Exception, match="LakehouseDies"):
            both.run()
    assert both.lake.rows(latest.table).count() == 0
    both.run()
    assert [row.value for row in both.lake.rows(latest.table).collect()] == [1]
    assert both.values() == [1]


def test_a_merge_is_stamped_with_the_offsets_that_it_holds(merged: tuple[Bench, BuildSpec]) -> None:
    both, latest = merged
    stamp = newest_stamp(both.lake.table(latest.table.name))
    assert stamp is not None
    assert stamp.next_offsets == {both.ingest.topic.topic: {"0": 4, "1": 0}}


def test_the_same_rows_merged_once_more_change_nothing(merged: tuple[Bench, BuildSpec], unique: str) -> None:
    both, latest = merged
    audit = open_audit(both.lake, latest.table, run_id=unique)
    merge_newest(audit, both.lake.rows(latest.table), count=2)
    rows = both.lake.spark.table(audit.target).collect()
    assert sorted((row.sensor, row.value) for row in rows) == [("a", 3), ("b", 5)]


def test_a_table_without_newest_by_cannot_be_merged_into(bench: Bench) -> None:
    plain: type[Schema] = type("Plain", (Schema,), {"__annotations__": {"sensor": Column[StringType]}})
    made = table("silver.plain", key=("sensor",))(plain)
    spec = replace(latest_of(bench.ingest.spec.schema, "silver.other"), output=made)
    with pytest.raises(ContractError, match=r"needs key=\(…\) and newest_by="):
        replace(bench.ingest, merges=(spec,))
    assert spec_of(made).newest_by == ()


def test_two_streams_on_one_table_write_each_record_once(bench: Bench, tmp_path: Path) -> None:
    send(bench, 1, 2)
    bench.run()
    other = bench.with_checkpoint(tmp_path / "other")
    other.run(recover="from-table")
    send(bench, 3)
    # Both have planned the same batch; the first has written it when the second looks.
    bench.run(recover="from-checkpoint")
    other.run(recover="from-checkpoint")
    assert bench.values() == [1, 2, 3]


def test_a_writer_that_came_in_between_makes_the_batch_look_again(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    send(bench, 1, 2)

    def after_another(*arguments: Any, **named: Any) -> None:
        monkeypatch.setattr(batch_module, "append_once", append_once)
        append_once(*arguments, **named)
        append_once(*arguments, **named)

    monkeypatch.setattr(batch_module, "append_once", after_another)
    bench.run()
    assert bench.values() == [1, 2]


def a_row(lake: Lake, spec: TableSpec) -> DataFrame:
    """One good row, as a stream would append it; its table is there."""
    lake.ensure(spec)
    origin = "'t' AS topic, 0 AS partition, 0L AS offset, now() AS ingested_at"
    row = lake.spark.sql(f"SELECT {origin}, named_struct('sensor', 'a', 'value', 1L) AS record")
    return conform(row, spec.schema, absent_as_null=True)


def test_an_append_is_refused_when_rows_came_in_since(lake: Lake, unique: str) -> None:
    spec = fresh_spec(unique)
    rows = a_row(lake, spec)
    append_once(lake, spec, rows, since=None, summary={})
    before = lake.table(spec.name).current_snapshot()
    assert before is not None
    append_once(lake, spec, rows, since=before.snapshot_id, summary={})
    for again in (rows, None):
        with pytest.raises(AppendConflictError):
            append_once(lake, spec, again, since=before.snapshot_id, summary={})
    lake.refresh(spec.name)
    assert lake.rows(spec).count() == 2


def test_a_compaction_in_between_does_not_stop_an_append(lake: Lake, unique: str) -> None:
    spec = fresh_spec(unique)
    rows = a_row(lake, spec)
    for _ in range(2):
        rows.writeTo(lake.target_name(spec.name)).append()
    before = lake.table(spec.name).current_snapshot()
    assert before is not None
    lake.spark.sql(
        f"CALL lake.system.rewrite_data_files(table => '{spec.name}', options => map('rewrite-all', 'true'))"
    )
    append_once(lake, spec, rows, since=before.snapshot_id, summary={"x": json.dumps(1)})
    lake.refresh(spec.name)
    assert lake.rows(spec).count() == 3
