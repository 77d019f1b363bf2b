"""Rollback: one commit that moves main to a publish, and is refused wherever it would do harm."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import cast

import pytest
from pyiceberg.catalog import Catalog
from pyiceberg.table import Table

from lakehouse import KafkaRecord
from lakehouse.catalog.batch_stamp import BatchStamp
from lakehouse.catalog.iceberg import Lake, TableNotFoundError
from lakehouse.catalog.publish import open_audit, publish
from lakehouse.catalog.quality_metrics import record
from lakehouse.catalog.readers import mark_read
from lakehouse.catalog.retention import Retention
from lakehouse.catalog.rollback import Rollback, RollbackError, plan_rollback, roll_back
from lakehouse.contract.ddl import full_name
from lakehouse.contract.table import TableSpec
from lakehouse.errors import PublishConflictError
from lakehouse.quality import RuleScore, TableScore
from tests.catalog.conftest import add_by_hand, compact, entry, expire, fresh, publish_letters, rows, seen, write

# Together they take minutes: each writes Iceberg tables, some times.
pytestmark = pytest.mark.slow


def fill(lake: Lake, spec: TableSpec, *run_ids: str) -> list[int]:
    """Publish once for each run; the row is the run."""
    return [publish_letters(lake, spec, run_id, run_id) for run_id in run_ids]


@pytest.fixture(scope="module")
def twice(lake: Lake) -> TableSpec:
    """A table that two runs have published. Tests only look at it."""
    spec = fresh(f"t{uuid.uuid4().hex[:10]}")
    fill(lake, spec, "one", "two")
    return spec


def plan(lake: Lake, spec: TableSpec, to: str | None = None) -> Rollback:
    return plan_rollback(lake.catalog, spec, to=to)


def back(lake: Lake, spec: TableSpec, to: str | None = None) -> list[str]:
    roll_back(lake.catalog, plan(lake, spec, to))
    lake.refresh(spec.name)
    return seen(lake, spec)


def test_a_table_goes_back_to_the_publish_before(lake: Lake, letters: TableSpec) -> None:
    fill(lake, letters, "one", "two", "three")
    assert (back(lake, letters), back(lake, letters)) == (["two"], ["one"])


def test_a_rollback_is_one_commit_without_a_snapshot_of_its_own(lake: Lake, letters: TableSpec) -> None:
    fill(lake, letters, "one", "two")
    before = lake.table(letters.name).metadata
    back(lake, letters)
    after = lake.table(letters.name).metadata
    assert (len(after.metadata_log) - len(before.metadata_log), after.snapshots) == (1, before.snapshots)


@pytest.mark.parametrize("by", ["run", "snapshot"])
def test_the_publish_may_be_named_by_its_run_or_its_snapshot(lake: Lake, letters: TableSpec, by: str) -> None:
    first, *_ = fill(lake, letters, "one", "two", "three")
    assert back(lake, letters, to="one" if by == "run" else str(first)) == ["one"]


def test_what_was_rolled_back_can_be_rolled_forward(lake: Lake, letters: TableSpec) -> None:
    fill(lake, letters, "one", "two", "three")
    assert (back(lake, letters, to="one"), back(lake, letters, to="three")) == (["one"], ["three"])


def test_after_a_rollback_and_a_new_publish_the_one_before_is_that_it_was_made_on(
    lake: Lake, letters: TableSpec
) -> None:
    fill(lake, letters, "one", "two")
    back(lake, letters)
    fill(lake, letters, "three")
    assert back(lake, letters) == ["one"]


def test_the_publish_before_is_known_after_expiry(lake: Lake, letters: TableSpec) -> None:
    fill(lake, letters, "one", "two")
    back(lake, letters)
    fill(lake, letters, "three")
    expire(lake, letters)
    assert back(lake, letters) == ["one"]


def test_the_plan_tells_what_changes_and_changes_nothing(lake: Lake, letters: TableSpec) -> None:
    publish_letters(lake, letters, "one", "a")
    head = publish_letters(lake, letters, "two", "b", "c")
    found = plan(lake, letters)
    assert (found.head, found.rows, found.after.rows, found.by_hand) == (head, 2, 1, False)
    assert [one.entry.run_id for one in (found.before, found.after) if one and one.entry] == ["two", "one"]
    assert lake.table(letters.name).refs()["main"].snapshot_id == head


def test_changes_by_hand_are_undone_first(lake: Lake, letters: TableSpec) -> None:
    fill(lake, letters, "one", "two")
    add_by_hand(lake, letters, "z")
    assert plan(lake, letters).by_hand
    assert (back(lake, letters), back(lake, letters)) == (["two"], ["one"])


def test_a_compaction_is_no_change_by_hand(lake: Lake, letters: TableSpec) -> None:
    fill(lake, letters, "one", "two")
    compact(lake, letters)
    with pytest.raises(RollbackError, match=r"is at run two, snapshot .* already"):
        plan(lake, letters, to="two")
    assert back(lake, letters) == ["one"]


def test_main_that_was_moved_after_the_look_is_left_alone(lake: Lake, letters: TableSpec) -> None:
    fill(lake, letters, "one", "two")
    looked_at = plan(lake, letters)
    fill(lake, letters, "three")
    with pytest.raises(RollbackError, match="look at it once more"):
        roll_back(lake.catalog, looked_at)
    assert seen(lake, letters) == ["three"]


class Late:
    """A catalog in which something happens between the first load of a table and the commit."""

    def __init__(self, catalog: Catalog, then: Callable[[], object]) -> None:
        self.catalog, self.then = catalog, [then]
        self.commit_table = catalog.commit_table

    def load_table(self, name: str) -> Table:
        found = self.catalog.load_table(name)
        while self.then:
            self.then.pop()()
        return found


def test_main_that_moves_in_the_last_moment_is_left_alone(lake: Lake, letters: TableSpec) -> None:
    fill(lake, letters, "one", "two")
    late = Late(lake.catalog, lambda: fill(lake, letters, "three"))
    with pytest.raises(RollbackError, match="look at it once more"):
        roll_back(cast("Catalog", late), plan(lake, letters))
    assert seen(lake, letters) == ["three"]


def test_a_commit_beside_main_does_not_stop_it(lake: Lake, letters: TableSpec) -> None:
    fill(lake, letters, "one", "two")
    looked_at = plan(lake, letters)
    mark_read(lake.catalog, letters.name, "snowflake")
    roll_back(lake.catalog, looked_at)
    lake.refresh(letters.name)
    assert seen(lake, letters) == ["one"]


def test_a_run_that_began_before_a_rollback_is_told(lake: Lake, letters: TableSpec) -> None:
    fill(lake, letters, "one", "two")
    audit = open_audit(lake, letters, run_id="three")
    write(audit, rows(lake, "three"))
    back(lake, letters)
    with pytest.raises(PublishConflictError):
        publish(audit, entry("three"))
    assert seen(lake, letters) == ["one"]


@pytest.mark.parametrize(
    ("to", "says"),
    [
        ("nine", "nine is no run and no snapshot of it; of runs there are two, one"),
        ("17", "17 is no run"),
        ("", "is no"),
    ],
)
def test_what_was_never_published_is_refused(lake: Lake, twice: TableSpec, to: str, says: str) -> None:
    with pytest.raises(RollbackError, match=says) as told:
        plan(lake, twice, to)
    assert told.value.table == twice.name


def test_rows_that_no_run_published_are_refused(lake: Lake, letters: TableSpec) -> None:
    fill(lake, letters, "one")
    audit = open_audit(lake, letters, run_id="refused")
    write(audit, rows(lake, "bad"))
    refused = lake.table(letters.name).refs()["audit_refused"].snapshot_id
    with pytest.raises(RollbackError, match="was published by no run; these runs did: one"):
        plan(lake, letters, str(refused))


def test_a_publish_that_has_expired_is_refused_as_such(lake: Lake, letters: TableSpec) -> None:
    for run_id in ("one", "two", "three"):
        publish_scored(lake, letters, run_id, Retention(keep_count=1))
    record(lake, letters.name)
    first = lake.table(letters.name).history()[1].snapshot_id
    expire(lake, letters)
    for gone in ("one", str(first)):
        with pytest.raises(RollbackError, match=f"{gone} has expired; of runs there are three"):
            plan(lake, letters, gone)
    with pytest.raises(RollbackError, match=r"the publish before run three, snapshot .* has expired"):
        plan(lake, letters)


def publish_scored(lake: Lake, spec: TableSpec, run_id: str, retention: Retention | None = None) -> None:
    rule = RuleScore(
        name="r", column="letter", dimension="validity", severity="error", weight=1.0, failed=1, assessed=4
    )
    score = TableScore(table=spec.name, rule_set="abc", rows=4, rows_failed=1, rules=(rule,))
    publish(open_audit(lake, spec, run_id=run_id), replace(entry(run_id), score=score.to_json()), retention)


def test_a_publish_that_expires_after_the_look_is_refused(lake: Lake, letters: TableSpec) -> None:
    for run_id in ("one", "two"):
        publish_letters(lake, letters, run_id, run_id, retention=Retention(keep_count=1))
    looked_at = plan(lake, letters)
    expire(lake, letters)
    with pytest.raises(RollbackError, match="has expired in the meantime"):
        roll_back(lake.catalog, looked_at)


def test_the_only_publish_has_none_before_it(lake: Lake, letters: TableSpec) -> None:
    fill(lake, letters, "one")
    with pytest.raises(RollbackError, match="nothing was published before run one"):
        plan(lake, letters)


def test_a_table_that_was_never_published_has_nothing_to_go_back_to(lake: Lake, letters: TableSpec) -> None:
    with pytest.raises(TableNotFoundError):
        plan(lake, letters)
    lake.ensure(letters)
    add_by_hand(lake, letters, "z")
    with pytest.raises(RollbackError, match="published by no run"):
        plan(lake, letters)


def test_a_table_that_a_stream_merges_into_is_refused(lake: Lake, letters: TableSpec) -> None:
    fill(lake, letters, "one", "two")
    one = {"t": {"0": (0, 5)}}
    publish(open_audit(lake, letters, run_id="b"), BatchStamp(query_id="q", batch_id=7, ranges=one, cumulative=one))
    with pytest.raises(RollbackError, match="lakehouse stream TABLE --recover"):
        plan(lake, letters, to="one")


def test_a_bronze_table_is_refused_before_its_first_batch_too(lake: Lake, twice: TableSpec) -> None:
    with pytest.raises(RollbackError, match=f"lakehouse stream {twice.name} --recover"):
        plan(lake, replace(twice, schema=KafkaRecord))


def test_expiry_keeps_what_was_left_for_as_long_as_told_from_the_rollback_on(lake: Lake, letters: TableSpec) -> None:
    publish_letters(lake, letters, "one", "one")
    publish_letters(lake, letters, "two", "two", retention=Retention(keep_for=timedelta(milliseconds=1), keep_count=1))
    roll_back(lake.catalog, plan(lake, letters), Retention(keep_for=timedelta(hours=1)))
    expire(lake, letters)
    assert back(lake, letters, to="two") == ["two"]


def test_a_publish_that_was_rolled_back_to_keeps_its_tag_before_what_was_rolled_back(
    lake: Lake, letters: TableSpec
) -> None:
    fill(lake, letters, "one", "two")
    back(lake, letters)
    publish_letters(lake, letters, "three", "three", retention=Retention(keep_count=2))
    assert set(lake.table(letters.name).refs()) == {"main", "publish_one", "publish_three"}


def test_a_rollback_leaves_what_main_was_told_to_keep(lake: Lake, letters: TableSpec) -> None:
    fill(lake, letters, "one", "two")
    name = full_name(letters, catalog="lake")
    lake.spark.sql(f"ALTER TABLE {name} REPLACE BRANCH main WITH SNAPSHOT RETENTION 7 SNAPSHOTS 3 DAYS")
    back(lake, letters)
    assert lake.table(letters.name).refs()["main"].min_snapshots_to_keep == 7
