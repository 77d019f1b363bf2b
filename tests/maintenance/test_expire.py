"""Old snapshots expire; those that someone needs stay, and what publishes said is copied first."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pyiceberg.table import Table

from lakehouse.catalog.batch_stamp import BatchStamp, newest_stamp
from lakehouse.catalog.changes import Method, plan_change
from lakehouse.catalog.iceberg import Lake
from lakehouse.catalog.ledger import latest
from lakehouse.catalog.publish import main_of, open_audit
from lakehouse.catalog.publishes import Publishes, keep_publishes
from lakehouse.catalog.readers import mark_read, read_since
from lakehouse.contract.table import TableSpec, spec_of
from lakehouse.maintenance.due import Action, plan_upkeep
from lakehouse.maintenance.expire import ExpiryPlan, plan_expiry
from lakehouse.maintenance.maintain import maintain_table
from tests.maintenance.conftest import (
    EAGER,
    Make,
    abandon,
    add,
    aged,
    build_of,
    letters_of,
    publish_letters,
    snapshots_of,
)  # fmt: skip

# Together they take minutes: each writes Iceberg tables, some times.
pytestmark = pytest.mark.slow

NOW = datetime.now(UTC)


def copies_of(lake: Lake, spec: TableSpec) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (
        lake.table(spec_of(Publishes).name).scan(row_filter=f"table_name == '{spec.name}'").to_arrow().to_pylist()
    )
    return found


def expiry(lake: Lake, spec: TableSpec, now: datetime, **reads: int) -> ExpiryPlan:
    return plan_expiry(lake.table(spec.name), spec.upkeep, reads=reads, now=now)


def expiry_of(table: Table, spec: TableSpec, *, hours: int) -> ExpiryPlan:
    return plan_expiry(table, spec.upkeep, reads={}, now=datetime.now(UTC) + timedelta(hours=hours))


def test_snapshots_expire_as_planned_and_their_publishes_are_kept_once(lake: Lake, make: Make, later: datetime) -> None:
    spec = make(upkeep=replace(EAGER, min_small_files=9))
    for run_id in ("one", "two", "three"):
        publish_letters(lake, spec, run_id, run_id, tags=1)
    abandon(lake, spec, "x")
    before, gone = snapshots_of(lake, spec), set(expiry(lake, spec, later).gone.snapshots)
    assert maintain_table(lake, spec, now=later).done == (Action.EXPIRE,)
    assert (before - snapshots_of(lake, spec), len(gone)) == (gone, 7)
    publish_letters(lake, spec, "four", tags=1)
    maintain_table(lake, spec, now=later)
    assert sorted(one["run_id"] for one in copies_of(lake, spec)) == ["four", "one", "three", "two"]
    assert letters_of(lake, spec) == ["one", "three", "two"]


def test_copies_of_publishes_say_what_the_ledger_said(lake: Lake, make: Make) -> None:
    spec = make()
    snapshot_id = publish_letters(lake, spec, "one", "a", "b", inputs={"bronze.x": 7})
    assert (keep_publishes(lake, spec.name), keep_publishes(lake, spec.name)) == (1, 0)
    (row,) = copies_of(lake, spec)
    assert (row["snapshot_id"], row["rows"], row["inputs"]) == (snapshot_id, 2, '{"bronze.x": 7}')


def test_young_snapshots_and_the_newest_ones_are_kept(lake: Lake, make: Make, later: datetime) -> None:
    spec = make(upkeep=replace(EAGER, keep_snapshots=2))
    first, _, _ = (add(lake, spec, letter) for letter in "abc")
    left = abandon(lake, spec, "d")
    assert not expiry(lake, spec, NOW).gone
    assert set(expiry(lake, spec, later).gone.snapshots) == {first, left}


def test_more_snapshots_than_the_contract_allows_go_however_young(lake: Lake, make: Make) -> None:
    spec = make(upkeep=replace(EAGER, max_snapshots=2))
    first, *_ = (add(lake, spec, letter) for letter in "abc")
    plan = expiry(lake, spec, NOW + timedelta(hours=3))
    assert plan.gone.snapshots == (first,)
    assert plan.why == "1 of 3 snapshots are older than 5 days and not among the newest 1, or not among the newest 2"


def test_what_a_build_has_read_stays_however_many_snapshots_came_after_it(lake: Lake, make: Make) -> None:
    spec = make(upkeep=replace(EAGER, max_snapshots=2))
    read, *_ = (add(lake, spec, letter) for letter in "abc")
    assert expiry(lake, spec, NOW + timedelta(hours=3), gold=read).gone.snapshots == ()


def test_the_snapshots_of_readers_and_tagged_publishes_stay(lake: Lake, make: Make, later: datetime) -> None:
    spec = make(upkeep=replace(EAGER, min_small_files=9))
    tagged = publish_letters(lake, spec, "one", "a")
    read = add(lake, spec, "b")
    mark_read(lake.catalog, spec.name, "snowflake")
    add(lake, spec, "c")
    head = add(lake, spec, "d")
    much_later = later + timedelta(days=15)
    assert maintain_table(lake, spec, now=much_later).done == (Action.EXPIRE,)
    assert snapshots_of(lake, spec) >= {tagged, read, head}
    assert sorted(row.letter for row in read_since(lake, spec, "snowflake")[0].collect()) == ["c", "d"]


def test_what_a_build_has_read_stays_with_all_that_came_after(lake: Lake, make: Make, later: datetime) -> None:
    spec, made = make("bronze", upkeep=replace(EAGER, min_small_files=9)), make("gold")
    add(lake, spec, "a")
    read = add(lake, spec, "b")
    publish_letters(lake, made, "one", "b", inputs={spec.name: read})
    for letter in "cd":
        add(lake, spec, letter)
    done = maintain_table(lake, spec, builds=[build_of(spec, made)], now=later)
    assert done.before.expiry.held == (f"kept from snapshot {read} on: {made.name} has read up to there",)
    assert (done.done, done.after.snapshots) == ((Action.EXPIRE,), 3)
    table = lake.table(spec.name)
    assert plan_change(table, since=read, until=main_of(table)).method is Method.APPENDED


def test_a_build_that_does_not_run_is_not_waited_for_for_ever(lake: Lake, make: Make) -> None:
    spec = make(upkeep=EAGER)
    read = add(lake, spec, "a")
    add(lake, spec, "b")
    in_19, in_21 = (expiry(lake, spec, NOW + timedelta(days=days), gold=read) for days in (19, 21))
    assert (in_19.gone.snapshots, in_19.given_up) == ((), ())
    assert in_21.gone.snapshots == (read,)
    why = "gold has read up to there, and not on for 20 days"
    assert in_21.given_up == (f"not kept any longer: snapshot {read}; {why}",)


def test_the_newest_batch_of_a_stream_is_found_after_a_compaction_and_an_expiry(
    lake: Lake, make: Make, later: datetime
) -> None:
    spec = make(upkeep=EAGER)
    for batch in range(3):
        one = {"t": {"0": (batch, batch + 1)}}
        add(lake, spec, "x", summary=BatchStamp(query_id="q", batch_id=batch, ranges=one, cumulative=one).summary())
    assert maintain_table(lake, spec, now=later).done == (Action.COMPACT, Action.EXPIRE)
    stamp = newest_stamp(lake.table(spec.name))
    assert stamp is not None
    assert (stamp.batch_id, len(snapshots_of(lake, spec))) == (2, 2)


def test_the_newest_publish_is_found_after_compactions_and_an_expiry(lake: Lake, make: Make, later: datetime) -> None:
    spec = make(upkeep=EAGER)
    publish_letters(lake, spec, "one", "a", tags=1)
    for letter in "bcd":
        add(lake, spec, letter)
    maintain_table(lake, spec, now=later)
    newest = latest(lake.table(spec.name))
    assert newest is not None
    assert newest.run_id == "one"


def test_what_main_was_at_two_hours_ago_stays_for_who_reads_it(lake: Lake, make: Make) -> None:
    spec = make(upkeep=EAGER)
    read = add(lake, spec, "a")
    table = aged(lake.table(spec.name), days=6)
    old = table.metadata
    add(lake, spec, "b")
    new = table.refresh().metadata
    log, snapshots = [*old.snapshot_log, new.snapshot_log[-1]], [*old.snapshots, new.snapshots[-1]]
    table.metadata = new.model_copy(update={"snapshots": snapshots, "snapshot_log": log})
    soon, later = (expiry_of(table, spec, hours=hours) for hours in (1, 3))
    assert (soon.gone.snapshots, "less than 2 hours ago" in soon.held[0]) == ((), True)
    assert later.gone.snapshots == (read,)


def test_the_branch_of_a_build_at_work_does_not_go_by_the_age_of_its_base(lake: Lake, make: Make) -> None:
    spec = make(upkeep=EAGER)
    add(lake, spec, "a")
    open_audit(lake, spec, run_id="slow")
    table = aged(lake.table(spec.name), days=8)
    plans = [expiry_of(table, spec, hours=hours) for hours in (0, 3)]
    wait = "branch audit_slow would go by its age, and a build may be at work on it"
    assert [(plan.postponed, plan.gone.refs) for plan in plans] == [(wait, ("audit_slow",)), ("", ("audit_slow",))]


def test_limits_that_main_has_of_its_own_do_not_take_what_is_needed(lake: Lake, make: Make, later: datetime) -> None:
    spec = make(upkeep=EAGER)
    read = add(lake, spec, "a")
    add(lake, spec, "b")
    table = lake.table(spec.name)
    main = table.metadata.refs["main"].model_copy(update={"max_snapshot_age_ms": 1})
    table.metadata = table.metadata.model_copy(update={"refs": {"main": main}})
    plan = plan_expiry(table, spec.upkeep, reads={"gold": read}, now=later)
    assert plan.postponed.startswith(f"by the max_snapshot_age_ms of the branch main itself, snapshot {read} would go")


def test_a_table_that_may_not_be_cleaned_is_left_alone(lake: Lake, make: Make, later: datetime) -> None:
    spec = make(upkeep=EAGER, properties={"gc.enabled": "false"})
    for letter in "ab":
        add(lake, spec, letter)
    done = maintain_table(lake, spec, now=later)
    assert (done.done, done.postponed) == ((), {Action.EXPIRE: "the table's property gc.enabled is false"})


def test_looking_changes_nothing(lake: Lake, make: Make, later: datetime) -> None:
    spec = make(upkeep=EAGER)
    for letter in "abc":
        add(lake, spec, letter)
    before = lake.table(spec.name).metadata_location
    assert [one.action for one in plan_upkeep(lake.catalog, spec, now=later).due] == [Action.COMPACT, Action.EXPIRE]
    assert lake.table(spec.name).metadata_location == before
