"""Dead letters that a fix has mended become rows, once each."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Annotated

import pytest
from pyspark.sql.types import LongType, StringType

import lakehouse.pipeline.replay as replay_module
from lakehouse import Column, KafkaRecord, Schema, StructType, required, table
from lakehouse.catalog.append_once import append_once
from lakehouse.catalog.batch_stamp import newest_stamp
from lakehouse.catalog.stream_ledger import read_ledger
from lakehouse.contract.table import TableSpec, spec_of
from lakehouse.errors import ConfigError
from lakehouse.pipeline.replay import Chosen, Replayed, replay
from lakehouse.quality import Between, Gate, Policy
from tests.pipeline.conftest import Bench


class Reading(Schema):
    """A sensor speaks, and need not say its name any more."""

    sensor: Column[StringType]
    value: Column[LongType]


class Fixed(KafkaRecord):
    """Readings by the mended contract."""

    record: Column[StructType[Reading]]


def mend(bench: Bench) -> TableSpec:
    """Stream five records by a contract that wants the sensor's name: two are dead for want of it, one for ever."""
    good = {"sensor": "a", "value": 1}
    bench.send(good, {"value": 2}, b"{broken", {"value": 3}, {"sensor": "a", "value": 4})
    bench.run()
    spec = bench.ingest.spec
    raw = type("Mended", (Fixed,), {"__annotations__": {}})
    return spec_of(table(spec.name, partitioned_by=("dead_letter.reason",))(raw))


@pytest.fixture
def mended(bench: Bench) -> TableSpec:
    """A table of its own with dead letters, by a contract that lets two of the three in."""
    return mend(bench)


@dataclass(frozen=True)
class Twice:
    """A table that was replayed twice, with what the first and the second replay did."""

    bench: Bench
    spec: TableSpec
    dry: Replayed
    dry_values: list[int]
    first: Replayed
    second: Replayed


@pytest.fixture(scope="module")
def twice(shared_bench: Bench) -> Twice:
    """For those who only look."""
    spec = mend(shared_bench)
    dry, values = done(shared_bench, spec, dry_run=True), shared_bench.values()
    first, second = (done(shared_bench, spec) for _ in range(2))
    return Twice(bench=shared_bench, spec=spec, dry=dry, dry_values=values, first=first, second=second)


def done(bench: Bench, spec: TableSpec, chosen: Chosen | None = None, *, dry_run: bool = False) -> Replayed:
    return replay(bench.lake, spec, chosen or Chosen(), max_bytes=1_000_000, dry_run=dry_run)


def test_what_can_be_decoded_now_becomes_rows_and_the_rest_is_counted(twice: Twice) -> None:
    assert twice.first == Replayed(chosen=3, added=2, still_dead={"malformed_json": 1})


def test_rows_of_a_replay_can_be_read_whole(twice: Twice) -> None:
    rows = twice.bench.lake.rows(twice.spec).where("dead_letter.reason IS NULL").collect()
    assert sorted(row.record.value for row in rows) == [1, 2, 3, 4]


def test_a_replay_once_more_adds_nothing(twice: Twice) -> None:
    assert twice.second == Replayed(chosen=1, added=0, still_dead={"malformed_json": 1})
    assert twice.bench.values() == [1, 2, 3, 4]


def test_a_dry_run_changes_nothing(twice: Twice) -> None:
    assert (twice.dry.added, twice.dry_values) == (2, [1, 4])


def test_only_what_was_chosen_is_replayed(bench: Bench, mended: TableSpec) -> None:
    assert done(bench, mended, Chosen(reasons=("malformed_json",))).chosen == 1
    assert done(bench, mended, Chosen(since=datetime(2100, 1, 1, tzinfo=UTC))).chosen == 0
    assert done(bench, mended, Chosen(until=datetime(2100, 1, 1, tzinfo=UTC), where="offset = 3")).added == 1
    assert bench.values() == [1, 3, 4]


def test_a_condition_that_is_no_sql_over_dead_letters_is_refused(twice: Twice) -> None:
    with pytest.raises(ConfigError, match="--where 'ofset = 3'"):
        done(twice.bench, twice.spec, Chosen(where="ofset = 3"))


def test_the_commit_lists_the_offsets_and_the_ledger_stays_whole(twice: Twice) -> None:
    live = twice.bench.lake.table(twice.spec.name)
    stamp, ledger = newest_stamp(live), read_ledger(live)
    assert stamp is not None
    assert [(one.first, one.next) for one in stamp.replayed] == [(1, 2), (3, 4)]
    assert ledger is not None
    assert (ledger.problems, ledger.offsets, ledger.records, ledger.replayed) == ((), 5, 5, 2)


def test_the_stream_goes_on_behind_a_replay(bench: Bench, mended: TableSpec) -> None:
    done(bench, mended)
    bench.send({"sensor": "a", "value": 9})
    replace(bench, ingest=replace(bench.ingest, spec=mended)).run()
    ledger = read_ledger(bench.lake.table(mended.name))
    assert ledger is not None
    assert (bench.values(), ledger.problems, ledger.records, ledger.replayed) == ([1, 2, 3, 4, 9], (), 6, 2)


def test_two_replays_at_once_add_each_row_once(
    bench: Bench, mended: TableSpec, monkeypatch: pytest.MonkeyPatch
) -> None:
    def after_another(*arguments: object, **named: object) -> None:
        monkeypatch.setattr(replay_module, "append_once", append_once)
        done(bench, mended)
        append_once(*arguments, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(replay_module, "append_once", after_another)
    done(bench, mended)
    assert bench.values() == [1, 2, 3, 4]


def test_many_offsets_are_replayed_in_several_commits(
    bench: Bench, mended: TableSpec, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(replay_module, "_SPANS", 1)
    done(bench, mended)
    ledger = read_ledger(bench.lake.table(mended.name))
    assert ledger is not None
    assert (bench.values(), ledger.commits, ledger.replayed) == ([1, 2, 3, 4], 3, 2)


def test_a_record_that_breaks_a_rule_of_a_table_with_quarantine_is_a_dead_letter(bench: Bench) -> None:
    class Strict(Schema):
        sensor: Annotated[Column[StringType], required]
        value: Annotated[Column[LongType], Between(0, 10)]

    raw = type("Raw", (KafkaRecord,), {"__annotations__": {"record": Column[StructType[Strict]]}})
    declare = table(
        bench.ingest.spec.name, partitioned_by=("dead_letter.reason",), rules=(Gate(policy=Policy.QUARANTINE),)
    )
    strict = replace(bench, ingest=replace(bench.ingest, spec=spec_of(declare(raw))))
    strict.send({"sensor": "a", "value": 1}, {"sensor": "a", "value": 11})
    strict.run()
    (row,) = strict.lake.dead_letters(raw).collect()
    assert (row.reason, row.detail, strict.values()) == ("contract_violation", "record_value_between", [1])
