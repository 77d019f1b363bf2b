"""A release of several tables ends with all of them published, or none, wherever it was cut off."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

import pyarrow as pa
import pytest
from pyiceberg.catalog import Catalog
from pyiceberg.schema import Schema
from pyiceberg.types import NestedField, StringType

from lakehouse.catalog.connect import open_catalog
from lakehouse.catalog.lake_release import LakeReleaseError, refuse_name, settle, settle_unfinished
from lakehouse.catalog.ledger import LedgerEntry
from lakehouse.catalog.publish import BRANCH_KEPT_MS
from lakehouse.catalog.release_journal import LakeRelease, Member, ReleaseState, note, releases, unfinished
from lakehouse.catalog.retention import Retention
from lakehouse.catalog.time_travel import State, TimeTravelError, publishes, snapshot_as_of
from lakehouse.config import Settings

ROWS = Schema(NestedField(1, "letter", StringType()))
KEPT = Retention()


@dataclass(frozen=True)
class Place:
    """A catalog in a folder, and tables that hold ``old`` and wait on their branches with ``new``."""

    catalog: Catalog

    def add(self, name: str, letter: str, *, branch: str = "main", **summary: str) -> int:
        table = self.catalog.load_table(name)
        rows = pa.Table.from_pylist([{"letter": letter}], schema=table.schema().as_arrow())
        table.append(rows, snapshot_properties=summary, branch=branch)
        return self.catalog.load_table(name).refs()[branch].snapshot_id

    def waiting(self, name: str, run: str = "r1") -> Member:
        if not self.catalog.table_exists(name):
            self.catalog.create_table(name, ROWS)
            self.add(name, "old")
        base, branch = self.main(name), f"audit_{run}"
        self.catalog.load_table(name).manage_snapshots().create_branch(
            base, branch, max_ref_age_ms=BRANCH_KEPT_MS
        ).commit()
        entry = LedgerEntry(run_id=run, published_at=datetime.now(UTC))
        return Member(
            table=name, base=base, snapshot=self.add(name, "new", branch=branch, **entry.summary()), branch=branch
        )

    def up_to_date(self, name: str) -> Member:
        self.catalog.create_table(name, ROWS)
        at = self.add(name, "old")
        return Member(table=name, base=at, snapshot=at)

    def begin(self, *members: Member, name: str = "one") -> LakeRelease:
        begun = LakeRelease(name=name, state=ReleaseState.AUDITED, at=datetime.now(UTC), run_id="r1", members=members)
        assert note(self.catalog, begun, after=None)
        return begun

    def main(self, name: str) -> int:
        return self.catalog.load_table(name).refs()["main"].snapshot_id

    def tagged(self, name: str, tag: str = "release_one") -> int | None:
        ref = self.catalog.load_table(name).refs().get(tag)
        return ref.snapshot_id if ref else None


@pytest.fixture
def place(tmp_path: Path) -> Place:
    location = {"uri": f"sqlite:///{tmp_path}/catalog.db", "warehouse": f"{tmp_path}/warehouse"}
    catalog = open_catalog(Settings.model_validate({"catalog": location}))
    catalog.create_namespace("gold")
    return Place(catalog)


class KilledError(BaseException):
    """The process is gone: nothing of it catches this."""


class Dying:
    """A catalog whose process dies after so many commits."""

    def __init__(self, catalog: Catalog, commits: int) -> None:
        self.catalog, self.left = catalog, commits

    def __getattr__(self, name: str) -> Any:
        return getattr(self.catalog, name)

    def load_table(self, name: str) -> Any:
        table = self.catalog.load_table(name)
        table.catalog = cast(Any, self)
        return table

    def commit_table(self, *arguments: Any, **named: Any) -> Any:
        if self.left == 0:
            raise KilledError
        self.left -= 1
        return self.catalog.commit_table(*arguments, **named)


def killed_after(place: Place, release: LakeRelease, commits: int) -> bool:
    """Settle a release in a process that dies after so many commits; tells whether it did."""
    try:
        settle(cast(Catalog, Dying(place.catalog, commits)), release, KEPT)
    except KilledError:
        return True
    return False


def test_all_tables_are_published_and_tagged_and_the_journal_says_so(place: Place) -> None:
    a, b, same = place.waiting("gold.a"), place.waiting("gold.b"), place.up_to_date("gold.same")
    ended = settle(place.catalog, place.begin(a, b, same), KEPT)
    assert (ended.state, releases(place.catalog), unfinished(place.catalog)) == (ReleaseState.RELEASED, [ended], [])
    for one in (a, b, same):
        assert (place.main(one.table), place.tagged(one.table)) == (one.snapshot, one.snapshot)
    assert set(place.catalog.load_table("gold.a").refs()) == {"main", "publish_r1", "release_one"}


def lakes(place: Place) -> Iterator[tuple[int, LakeRelease]]:
    """Give a release of new tables for each number of commits."""
    for commits in itertools.count():
        members = [place.waiting(f"gold.{name}{commits}") for name in "ab"]
        yield commits, place.begin(*members, place.up_to_date(f"gold.c{commits}"), name=f"n{commits}")


def test_killed_after_any_commit_it_is_rolled_forward_and_a_tag_is_seen_only_when_all_are_published(
    place: Place,
) -> None:
    for commits, release in lakes(place):
        died = killed_after(place, release, commits)
        tags = [place.tagged(one.table, release.tag) for one in release.members]
        published = [place.main(one.table) == one.snapshot for one in release.members]
        assert all(published) or not any(tags), "whoever reads by the tag sees one state"
        assert len(unfinished(place.catalog)) == died
        settle_unfinished(place.catalog, retention=KEPT)
        assert [place.tagged(one.table, release.tag) for one in release.members] == [
            one.snapshot for one in release.members
        ]
        if not died:
            break
    assert commits == 2 + 1 + 3 + 1, "two publishes, three tags, and a row of the journal after each"


def test_when_someone_else_has_moved_a_table_none_is_published(place: Place) -> None:
    a, b = place.waiting("gold.a"), place.waiting("gold.b")
    other = place.add("gold.b", "other")
    ended = settle(place.catalog, place.begin(a, b), KEPT)
    assert (ended.state, "gold.b was not published" in ended.note) == (ReleaseState.ROLLED_BACK, True)
    assert (place.main("gold.a"), place.main("gold.b")) == (a.base, other)
    assert (place.tagged("gold.a"), place.tagged("gold.b")) == (None, None)


def test_killed_on_any_way_back_the_published_ones_are_put_back(place: Place) -> None:
    for commits, release in lakes(place):
        a, b, _ = release.members
        killed_after(place, release, 1)
        assert place.main(a.table) == a.snapshot
        other = place.add(b.table, "other")
        died = killed_after(place, release, commits)
        settle_unfinished(place.catalog, retention=KEPT)
        assert (place.main(a.table), place.main(b.table)) == (a.base, other)
        assert place.tagged(a.table, release.tag) is None
        assert releases(place.catalog)[0].state is ReleaseState.ROLLED_BACK
        if not died:
            break
    assert commits == 3, "two rows of the journal, and one table that was published"


def test_what_others_published_on_top_of_a_release_is_never_taken_away(place: Place) -> None:
    a, b = place.waiting("gold.a"), place.waiting("gold.b")
    release = place.begin(a, b)
    killed_after(place, release, 1)
    on_top, beside = place.add("gold.a", "more"), place.add("gold.b", "other")
    settle_unfinished(place.catalog, retention=KEPT)
    assert (place.main("gold.a"), place.main("gold.b")) == (on_top, beside)


def test_a_table_that_others_went_on_from_is_tagged_where_it_was_released(place: Place) -> None:
    a, b = place.waiting("gold.a"), place.waiting("gold.b")
    killed_after(place, place.begin(a, b), 1)
    on_top = place.add("gold.a", "more")
    (ended,) = settle_unfinished(place.catalog, retention=KEPT)
    assert (ended.state, place.main("gold.a"), place.tagged("gold.a")) == (ReleaseState.RELEASED, on_top, a.snapshot)


def test_two_who_bring_it_to_its_end_agree(place: Place) -> None:
    release, found = place.begin(place.waiting("gold.a"), place.waiting("gold.b")), []
    threads = [threading.Thread(target=lambda: found.append(settle(place.catalog, release, KEPT))) for _ in range(2)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert [one.state for one in found] == [ReleaseState.RELEASED] * 2
    assert [one.state for one in releases(place.catalog)] == [ReleaseState.RELEASED]


def test_what_waits_on_a_branch_is_no_publish_yet(place: Place) -> None:
    release = place.begin(place.waiting("gold.a"))
    assert publishes(place.catalog.load_table("gold.a")) == []
    settle(place.catalog, release, KEPT)
    assert [one.state for one in publishes(place.catalog.load_table("gold.a"))] == [State.CURRENT]


def test_a_table_is_read_as_a_release_has_it(place: Place) -> None:
    a = place.waiting("gold.a")
    settle(place.catalog, place.begin(a), KEPT)
    place.add("gold.a", "more")
    table = place.catalog.load_table("gold.a")
    assert snapshot_as_of(table, "release_one") == a.snapshot
    with pytest.raises(TimeTravelError, match="there are still release_one"):
        snapshot_as_of(table, "release_two")


def test_tags_of_releases_end_by_age_from_now_on_and_by_count(place: Place) -> None:
    same = place.up_to_date("gold.a")
    old = cast(Any, place.catalog.load_table("gold.a").snapshot_by_id(same.snapshot)).timestamp_ms
    for name in ("one", "two", "three"):
        settle(place.catalog, place.begin(same, name=name), Retention(keep_count=2, keep_for=timedelta(days=3)))
    refs = place.catalog.load_table("gold.a").refs()
    assert set(refs) == {"main", "release_two", "release_three"}
    age = timedelta(milliseconds=refs["release_three"].max_ref_age_ms or 0)
    until_now = datetime.now(UTC) - datetime.fromtimestamp(old / 1000, UTC)
    assert timedelta(days=3) < age <= timedelta(days=3) + until_now


@pytest.mark.parametrize("name", ["", "Nov", "a b", "x" * 65, "-a", "a'"])
def test_what_is_no_name_is_refused(place: Place, name: str) -> None:
    with pytest.raises(LakeReleaseError, match="a name is of lower case letters"):
        refuse_name(place.catalog, name)


def test_a_name_is_taken_until_its_release_was_rolled_back(place: Place) -> None:
    release = place.begin(place.waiting("gold.a"))
    with pytest.raises(LakeReleaseError, match="there is one of this name already, audited"):
        refuse_name(place.catalog, "one")
    assert not note(place.catalog, replace(release, at=datetime.now(UTC)), after=None)
    place.add("gold.a", "other")
    assert settle(place.catalog, release, KEPT).state is ReleaseState.ROLLED_BACK
    refuse_name(place.catalog, "one")
    place.begin(place.waiting("gold.a", "r2"))
