"""Files are written anew when the limits of the contract are passed, with the same rows, and never against others."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any, cast

import pytest
from pyspark.sql import functions as F

from lakehouse.catalog.append_once import append_once
from lakehouse.catalog.changes import Method, plan_change
from lakehouse.catalog.iceberg import Lake
from lakehouse.catalog.leases import Holder, leases
from lakehouse.catalog.leasing import Leasing, hold
from lakehouse.catalog.ledger import row_count
from lakehouse.catalog.publish import main_of, open_audit
from lakehouse.contract import Upkeep
from lakehouse.contract.ddl import full_name
from lakehouse.contract.table import TableSpec
from lakehouse.errors import ContractError
from lakehouse.maintenance.compact import compact
from lakehouse.maintenance.due import Action, UpkeepPlan, plan_upkeep
from lakehouse.maintenance.maintain import maintain_table
from lakehouse.maintenance.running import running
from tests.maintenance.conftest import EAGER, LetterRaw, Make, add, aged, delete, letters_of

# Together they take minutes: each writes Iceberg tables, some times.
pytestmark = pytest.mark.slow

NOW = datetime.now(UTC)


def plan(lake: Lake, spec: TableSpec, *, after: timedelta = timedelta(0)) -> UpkeepPlan:
    return plan_upkeep(lake.catalog, spec, now=datetime.now(UTC) + after)


def actions(found: UpkeepPlan) -> list[Action]:
    return [one.action for one in found.due]


def test_small_files_are_put_together_and_the_rows_are_the_same(lake: Lake, make: Make) -> None:
    spec = make(upkeep=EAGER)
    for letter in "abcd":
        add(lake, spec, letter)
    done = maintain_table(lake, spec, now=NOW)
    assert done.before.due[0].why == "4 of 4 files are below 64 MiB and can be put together"
    assert (done.done, done.after.files.data_files, done.after.due) == ((Action.COMPACT,), 1, ())
    assert letters_of(lake, spec) == ["a", "b", "c", "d"]


def test_sorted_tables_are_sorted_over_files_that_are_put_together(lake: Lake, make: Make) -> None:
    tiny = {"write.target-file-size-bytes": "1500"}
    spec = make(upkeep=replace(EAGER, small_file_bytes=1499), sorted_by=("letter",), properties=tiny)
    for letters in ("dhl", "cgk", "bfj", "aei"):
        add(lake, spec, *letters)
    maintain_table(lake, spec, now=NOW)
    files = lake.table(spec.name).inspect.files().to_pylist()
    spans = sorted((one["lower_bounds"][0][1], one["upper_bounds"][0][1]) for one in files)
    assert len(spans) > 1
    assert all(last <= first for (_, last), (first, _) in pairwise(spans)), spans


def test_a_table_below_its_limits_is_left_alone(lake: Lake, make: Make) -> None:
    spec = make(upkeep=EAGER)
    for letter in "ab":
        add(lake, spec, letter)
    before = lake.table(spec.name).metadata_location
    assert maintain_table(lake, spec, now=NOW).done == ()
    assert lake.table(spec.name).metadata_location == before


def test_deleted_rows_are_written_away_and_counted_right_afterwards(lake: Lake, make: Make) -> None:
    spec = make()
    add(lake, spec, *"abcdefghij")
    delete(lake, spec, "a")
    assert plan(lake, spec).due == (), "one of ten is not more than a tenth"
    delete(lake, spec, "b")
    assert plan(lake, spec).due[0].why == "2 of 10 rows are deleted, more than 10%"
    after = maintain_table(lake, spec, now=NOW).after
    assert (after.files.rows_deleted, after.files.delete_files, after.due) == (0, 0, ())
    assert (letters_of(lake, spec), row_count(lake.table(spec.name))) == (list("cdefghij"), 8)


def test_deletes_that_a_killed_run_has_left_over_are_taken_away_by_the_next(lake: Lake, make: Make) -> None:
    spec = make()
    add(lake, spec, *"abcd")
    delete(lake, spec, "a")
    read = main_of(lake.table(spec.name))
    compact(lake, plan(lake, spec))
    assert actions(plan(lake, spec)) == [Action.REWRITE_DELETES]
    maintain_table(lake, spec, now=NOW)
    table = lake.table(spec.name)
    assert (plan(lake, spec).due, row_count(table)) == ((), 3)
    change = plan_change(table, since=read, until=main_of(table))
    assert change.method is Method.NOTHING, "who reads it sees none of this"


BY_PARTITION = {"write.delete.granularity": "partition"}


def test_many_delete_files_of_few_rows_are_put_together(lake: Lake, make: Make) -> None:
    spec = make(upkeep=Upkeep(delete_ratio=1, min_small_files=2), properties=BY_PARTITION)
    add(lake, spec, *"abcd")
    for letter in "ab":
        delete(lake, spec, letter)
    done = maintain_table(lake, spec, now=NOW)
    counts = done.before.files.delete_files, done.after.files.delete_files
    assert (done.done, counts) == ((Action.REWRITE_DELETES,), (2, 1))
    assert letters_of(lake, spec) == ["c", "d"]


def test_delete_files_that_name_rows_of_several_files_are_written_away_too(lake: Lake, make: Make) -> None:
    spec = make(upkeep=Upkeep(small_file_bytes=1), properties=BY_PARTITION)
    for letters in ("ab", "ac"):
        add(lake, spec, *letters)
    delete(lake, spec, "a")
    assert plan(lake, spec).files.wide_deletes == 1
    done = maintain_table(lake, spec, now=NOW)
    assert (done.done, done.after.due) == ((Action.COMPACT, Action.REWRITE_DELETES), ())
    assert (letters_of(lake, spec), row_count(lake.table(spec.name))) == (["b", "c"], 2)


def test_a_stream_goes_on_appending_after_a_compaction_that_it_has_not_seen(lake: Lake, make: Make) -> None:
    spec = make(upkeep=EAGER)
    since = [add(lake, spec, letter) for letter in "abc"][-1]
    maintain_table(lake, spec, now=NOW)
    append_once(lake, spec, lake.spark.range(1).select(F.lit("d").alias("letter")), since=since, summary={})
    assert letters_of(lake, spec) == ["a", "b", "c", "d"]


def test_the_day_that_a_stream_is_writing_is_left_alone(lake: Lake, make: Make) -> None:
    limits = Upkeep(min_small_files=2, small_file_ratio=0.1)
    spec = make("bronze", LetterRaw, upkeep=limits, partitioned_by=("days(ingested_at)",))
    lake.ensure(spec)
    for _ in range(2):
        lake.spark.sql(
            f"INSERT INTO {full_name(spec, catalog=lake.name)} (topic, partition, offset, ingested_at) "
            f"VALUES ('t', 0, 1, timestamp '{NOW}'), ('t', 0, 1, timestamp '{NOW - timedelta(days=1)}')"
        )
    done = maintain_table(lake, spec, now=NOW)
    before, after = done.before.files, done.after.files
    assert (before.data_files, before.small_files, after.data_files, after.rows) == (4, 2, 3, 4)


def test_a_table_that_a_build_is_at_work_on_has_to_wait(lake: Lake, make: Make) -> None:
    spec = make(upkeep=EAGER)
    for letter in "abc":
        add(lake, spec, letter)
    open_audit(lake, spec, run_id="slow")
    before = lake.table(spec.name).metadata_location
    done = maintain_table(lake, spec, now=datetime.now(UTC))
    assert "a build may be at work: branch audit_slow" in done.postponed[Action.COMPACT]
    assert (done.done, lake.table(spec.name).metadata_location) == ((), before)
    assert [one.postponed for one in plan(lake, spec, after=timedelta(hours=3)).due] == [""], "it died"


def test_a_table_whose_lease_someone_holds_has_to_wait(lake: Lake, make: Make) -> None:
    spec = make(upkeep=EAGER)
    for letter in "abc":
        add(lake, spec, letter)
    others, ours = (Holder(run_id=name, host="h", pid=1, command="lakehouse run") for name in ("bob", "ada"))
    leasing = Leasing(holder=ours, wait=timedelta(0))
    with hold(Leasing(holder=others), lake.catalog, spec.name):
        done = maintain_table(lake, spec, now=NOW, leasing=leasing)
    assert (done.done, "run bob" in done.postponed[Action.COMPACT]) == ((), True)
    assert maintain_table(lake, spec, now=NOW, leasing=leasing).done == (Action.COMPACT,)
    assert not [one for one in leases(lake.catalog) if one.table == spec.name]


def test_a_branch_whose_base_main_has_left_long_ago_is_no_build_at_work(lake: Lake, make: Make) -> None:
    spec = make(upkeep=EAGER)
    add(lake, spec, "a")
    open_audit(lake, spec, run_id="x")
    assert running(aged(lake.table(spec.name), days=1), now=datetime.now(UTC)).keys() == {"audit_x"}
    add(lake, spec, "b")
    assert not running(aged(lake.table(spec.name), days=1), now=datetime.now(UTC))


def test_a_build_that_has_just_written_to_its_branch_is_at_work(lake: Lake, make: Make) -> None:
    spec = make(upkeep=EAGER)
    add(lake, spec, "a")
    open_audit(lake, spec, run_id="x")
    add(lake, spec, "c", branch="audit_x")
    add(lake, spec, "b")
    assert running(lake.table(spec.name), now=datetime.now(UTC) + timedelta(minutes=119)).keys() == {"audit_x"}


@dataclass
class Overtaken:
    """A session in which someone always publishes while files are written anew."""

    spark: Any

    def sql(self, statement: str) -> Any:
        if "rewrite_data_files" in statement:
            raise RuntimeError("Cannot commit rewrite because of a ValidationException or CommitFailedException. …")
        return self.spark.sql(statement)


def test_who_was_overtaken_says_so_and_leaves_it_to_the_next_run(lake: Lake, make: Make) -> None:
    spec = make(upkeep=EAGER)
    for letter in "abc":
        add(lake, spec, letter)
    beside = Lake(cast(Any, Overtaken(lake.spark)), lake.catalog, lake.name)
    done = maintain_table(beside, spec, now=NOW)
    assert (done.done, "someone published meanwhile" in done.postponed[Action.COMPACT]) == ((), True)
    assert maintain_table(lake, spec, now=NOW).done == (Action.COMPACT,)


def test_small_files_that_are_larger_than_files_are_made_are_refused(lake: Lake, make: Make) -> None:
    spec = make(upkeep=Upkeep(small_file_bytes=2**30))
    add(lake, spec, "a")
    with pytest.raises(ContractError, match=r"small_file_bytes=1073741824 has to be below .*, 268435456"):
        plan(lake, spec)


@pytest.mark.parametrize(
    ("says", "wrong"),
    [
        ({"delete_ratio": 0}, "delete_ratio=0, which has to be a number above 0 and at most 1"),
        ({"small_file_ratio": 5}, "small_file_ratio=5"),
        ({"min_small_files": 1}, "min_small_files=1, which has to be a whole number of at least 2"),
        ({"keep_days": 0.5, "keep_snapshots": 0}, r"keep_days=0\.5.*; keep_snapshots=0"),
        ({"small_file_bytes": True}, "small_file_bytes=True"),
        ({"max_snapshots": 9}, "max_snapshots=9 is below keep_snapshots=20"),
    ],
)
def test_limits_that_cannot_be_are_refused_by_name(says: dict[str, Any], wrong: str) -> None:
    with pytest.raises(ContractError, match=wrong):
        Upkeep(**says)
