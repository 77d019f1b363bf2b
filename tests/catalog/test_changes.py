"""What changed between two snapshots: rows at the start, less those that went, with those that came, are the end."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import pytest
from pyspark.sql import DataFrame

from lakehouse.catalog.changes import ChangePlan, Method, open_change, plan_change
from lakehouse.catalog.file_subset import SCRATCH
from lakehouse.catalog.iceberg import Lake
from lakehouse.contract.ddl import full_name
from lakehouse.contract.table import TableSpec
from tests.catalog.conftest import add_by_hand, compact, expire
from tests.catalog.foreign_writer import Commit, Values, commit_as_flink

Do = Callable[[Lake, str], None]


def sql(*statements: str) -> Do:
    """Give a step that runs SQL, with the table's name for {t}."""

    def run(lake: Lake, name: str) -> None:
        for statement in statements:
            lake.spark.sql(statement.format(t=name))

    return run


MERGE = (
    "MERGE INTO {t} USING (SELECT 'a' AS letter, 9 AS amount UNION ALL SELECT 'z', 1) s ON {t}.letter = s.letter "
    "WHEN MATCHED THEN UPDATE SET amount = s.amount WHEN NOT MATCHED THEN INSERT *"
)
COMPACT = "CALL lake.system.rewrite_data_files(table => '{t}', options => map('rewrite-all', 'true'))"
REWRITE_DELETES = (
    "CALL lake.system.rewrite_position_delete_files(table => '{t}', options => map('rewrite-all', 'true'))"
)
COPY_ON_WRITE = (
    "ALTER TABLE {t} SET TBLPROPERTIES ('write.delete.mode'='copy-on-write', 'write.merge.mode'='copy-on-write')"
)
CASES: dict[str, tuple[tuple[str, ...], Method]] = {
    "rows appended": (("INSERT INTO {t} VALUES ('x', 1), ('x', 1)",), Method.APPENDED),
    "appended and compacted": (("INSERT INTO {t} VALUES ('x', 1)", COMPACT), Method.APPENDED),
    "compacted alone": ((COMPACT,), Method.NOTHING),
    "merged": ((MERGE,), Method.FILES),
    "merged twice": ((MERGE, MERGE.replace("9", "10")), Method.FILES),
    "merged by rewriting files": ((COPY_ON_WRITE, MERGE), Method.FILES),
    "inserted and deleted in between": (
        ("INSERT INTO {t} VALUES ('x', 1), ('y', 2)", "DELETE FROM {t} WHERE letter = 'x'"),
        Method.FILES,
    ),
    "merged and compacted": ((MERGE, COMPACT), Method.FILES),
    "compacted and merged": ((COMPACT, MERGE), Method.FILES),
    "a file taken away whole": (("DELETE FROM {t} WHERE letter >= 'd'",), Method.FILES),
    "all rows taken away": (("DELETE FROM {t}",), Method.FILES),
    "deletes rewritten": ((MERGE, "DELETE FROM {t} WHERE letter = 'b'", REWRITE_DELETES), Method.FILES),
    "a column added": (
        (
            "ALTER TABLE {t} ADD COLUMN more string",
            "INSERT INTO {t} VALUES ('x', 1, 'm')",
            "DELETE FROM {t} WHERE letter = 'a'",
        ),
        Method.FILES,
    ),
    "a column renamed and widened": (
        (
            "ALTER TABLE {t} RENAME COLUMN amount TO size",
            "ALTER TABLE {t} ALTER COLUMN size TYPE bigint",
            "DELETE FROM {t} WHERE letter = 'b'",
        ),
        Method.FILES,
    ),
    "partitioned by something new": (
        (
            "ALTER TABLE {t} ADD PARTITION FIELD letter",
            "INSERT INTO {t} VALUES ('x', 1)",
            "DELETE FROM {t} WHERE letter = 'a'",
        ),
        Method.FILES,
    ),
    "a partition dropped": (
        (
            "ALTER TABLE {t} ADD PARTITION FIELD letter",
            "INSERT INTO {t} VALUES ('x', 1), ('y', 1)",
            "DELETE FROM {t} WHERE letter = 'x'",
            "DELETE FROM {t} WHERE letter = 'a'",
        ),
        Method.FILES,
    ),
}


@pytest.fixture
def started(lake: Lake, letters: TableSpec) -> tuple[TableSpec, int]:
    """A table of five letters in two files, and its snapshot."""
    lake.ensure(letters)
    add_by_hand(lake, letters, "a", "b", "c")
    add_by_hand(lake, letters, "d", "e")
    return letters, head(lake, letters)


def head(lake: Lake, spec: TableSpec) -> int:
    """Give the snapshot of main."""
    found = lake.table(spec.name).current_snapshot()
    assert found is not None
    return found.snapshot_id


def counted(frame: DataFrame | None, columns: list[str]) -> Counter[tuple[object, ...]]:
    """Count equal rows; a column that was not there yet is null."""
    if frame is None:
        return Counter()
    return Counter(tuple(row.asDict().get(name) for name in columns) for row in frame.collect())


def assert_adds_up(lake: Lake, spec: TableSpec, since: int, until: int) -> None:
    """Start − removed + added = end, as multisets, by the columns of now."""
    name = full_name(spec, catalog=lake.name)
    lake.refresh(spec.name)
    table = lake.table(spec.name)
    columns = list(lake.spark.table(name).columns)
    by_id = {field.field_id: field.name for field in table.schema().fields}
    old_schema = table.schemas()[table.snapshot_by_id(since).schema_id]  # type: ignore[union-attr, index]
    renamed = [by_id[field.field_id] for field in old_schema.fields]
    start = counted(lake.spark.sql(f"SELECT * FROM {name} VERSION AS OF {since}").toDF(*renamed), columns)
    end = counted(lake.spark.sql(f"SELECT * FROM {name} VERSION AS OF {until}"), columns)
    with open_change(lake, spec, plan_change(table, since=since, until=until)) as change:
        added, removed = counted(change.added, columns), counted(change.removed, columns)
    assert not removed - start
    assert start - removed + added == end


def changed(lake: Lake, spec: TableSpec, plan: ChangePlan) -> tuple[list[str], list[str]]:
    """Give the rows removed and the rows added, each as its letter and its amount."""
    with open_change(lake, spec, plan) as change:
        removed, added = (
            sorted(f"{row.letter}{row.amount}" for row in side.collect()) if side is not None else []
            for side in (change.removed, change.added)
        )
    return removed, added


IN_MAKE_TEST = {"merged", "merged and compacted"}
# The others are slow together: each writes a table some times.
PARAMETERS = [pytest.param(case, marks=() if case in IN_MAKE_TEST else pytest.mark.slow) for case in CASES]


@pytest.mark.parametrize("case", PARAMETERS)
def test_the_change_adds_up_and_is_read_as_expected(lake: Lake, started: tuple[TableSpec, int], case: str) -> None:
    spec, since = started
    statements, method = CASES[case]
    sql(*statements)(lake, full_name(spec, catalog="lake").replace("`", ""))
    until = head(lake, spec)
    assert plan_change(lake.table(spec.name), since=since, until=until).method is method
    if method is not Method.NOTHING:
        assert_adds_up(lake, spec, since, until)


@pytest.mark.slow  # with the cases above
def test_a_rollback_is_a_change_too(lake: Lake, started: tuple[TableSpec, int]) -> None:
    spec, back = started
    sql("INSERT INTO {t} VALUES ('x', 1)", "DELETE FROM {t} WHERE letter = 'a'")(lake, f"lake.{spec.name}")
    since = head(lake, spec)
    lake.spark.sql(f"CALL lake.system.rollback_to_snapshot('{spec.name}', {back})")
    assert_adds_up(lake, spec, since, back)
    sql("INSERT INTO {t} VALUES ('y', 1)")(lake, f"lake.{spec.name}")
    assert_adds_up(lake, spec, since, head(lake, spec))


@pytest.mark.slow  # with the cases above
def test_a_start_that_has_expired_means_the_whole_table(lake: Lake, started: tuple[TableSpec, int]) -> None:
    spec, since = started
    add_by_hand(lake, spec, "x")
    expire(lake, spec)
    plan = plan_change(lake.table(spec.name), since=since, until=head(lake, spec))
    assert plan.method is Method.WHOLE
    assert "expired" in plan.reason


def test_a_table_that_was_never_read_is_read_whole(lake: Lake, started: tuple[TableSpec, int]) -> None:
    spec, now = started
    assert plan_change(lake.table(spec.name), since=None, until=now).method is Method.WHOLE


@pytest.mark.slow  # with the cases above
def test_a_row_that_only_moved_to_another_file_is_no_change(lake: Lake, started: tuple[TableSpec, int]) -> None:
    spec, since = started
    sql("DELETE FROM {t} WHERE letter = 'a'")(lake, f"lake.{spec.name}")
    compact(lake, spec)
    with open_change(lake, spec, plan_change(lake.table(spec.name), since=since, until=head(lake, spec))) as change:
        assert change.added.collect() == []
        assert [row.letter for row in change.removed.collect()] == ["a"]  # type: ignore[union-attr]


A, C = {"letter": "a"}, {"letter": "c"}
A7, A9 = ({"letter": "a", "amount": amount} for amount in (7, 9))
# What another engine deletes and inserts in its commits, and the rows that are removed and added by them.
FOREIGN: dict[str, tuple[tuple[Commit, ...], list[str], list[str]]] = {
    "rows deleted": ((Commit(delete=[A, C]),), ["a1", "c1"], []),
    "rows deleted in all partitions": ((Commit(delete=[{"amount": 1}]),), ["a1", "b1", "c1", "d1", "e1"], []),
    "a row deleted that is not there": ((Commit(delete=[{"letter": "x"}]),), [], []),
    "a row updated": ((Commit(delete=[A], insert=[A9]),), ["a1"], ["a9"]),
    "a row deleted, then inserted": ((Commit(delete=[A]), Commit(insert=[A9])), ["a1"], ["a9"]),
    "a row updated twice": ((Commit(delete=[A], insert=[A9]), Commit(delete=[A], insert=[A7])), ["a1"], ["a7"]),
}


@pytest.mark.slow  # with the cases above
@pytest.mark.parametrize("partitioned", [False, True], ids=["not partitioned", "partitioned"])
@pytest.mark.parametrize("case", FOREIGN)
def test_equality_deletes_of_another_engine_are_read(
    lake: Lake, letters: TableSpec, case: str, partitioned: bool
) -> None:
    commits, removed, added = FOREIGN[case]
    lake.ensure(letters)
    if partitioned:
        sql("ALTER TABLE {t} ADD PARTITION FIELD bucket(2, letter)")(lake, f"lake.{letters.name}")
    add_by_hand(lake, letters, "a", "b", "c", "d", "e")
    since = head(lake, letters)
    for commit in commits:
        commit_as_flink(lake, letters, commit)
    plan = plan_change(lake.table(letters.name), since=since, until=head(lake, letters))
    assert changed(lake, letters, plan) == (removed, added)
    assert_adds_up(lake, letters, since, head(lake, letters))


@pytest.mark.slow  # with the cases above
@pytest.mark.parametrize(("values", "most"), [(A, 1), ({"amount": 1}, 5)], ids=["of a key", "of another value"])
def test_a_plan_counts_the_rows_that_an_equality_delete_may_reach(
    lake: Lake, started: tuple[TableSpec, int], values: Values, most: int
) -> None:
    spec, since = started
    commit_as_flink(lake, spec, Commit(delete=[values]))
    assert plan_change(lake.table(spec.name), since=since, until=head(lake, spec)).rows == most


def test_only_changed_files_are_read(lake: Lake, started: tuple[TableSpec, int]) -> None:
    spec, since = started
    add_by_hand(lake, spec, "f")
    sql("DELETE FROM {t} WHERE letter = 'f'", "INSERT INTO {t} VALUES ('g', 1)")(lake, f"lake.{spec.name}")
    until = head(lake, spec)
    with open_change(lake, spec, plan_change(lake.table(spec.name), since=since, until=until)):
        scratch = [name for name in lake.catalog.list_tables(SCRATCH) if name[1].startswith("files_of_")]
        read = [
            path for name in scratch for path in lake.catalog.load_table(name).inspect.files()["file_path"].to_pylist()
        ]
    of_g = lake.spark.sql(f"SELECT DISTINCT _file FROM lake.{spec.name} WHERE letter = 'g'").collect()
    assert read == [row._file for row in of_g]


def test_nothing_of_it_stays_in_the_catalog(lake: Lake, started: tuple[TableSpec, int]) -> None:
    spec, since = started
    sql(MERGE)(lake, f"lake.{spec.name}")
    with open_change(lake, spec, plan_change(lake.table(spec.name), since=since, until=head(lake, spec))):
        assert any(name.startswith("files_of_") for _, name in lake.catalog.list_tables(SCRATCH))
    assert not any(name.startswith("files_of_") for _, name in lake.catalog.list_tables(SCRATCH))


def test_what_is_no_change_cannot_be_read_as_one(lake: Lake, started: tuple[TableSpec, int]) -> None:
    spec, now = started
    with (
        pytest.raises(ValueError, match="nothing changed is no change"),
        open_change(lake, spec, plan_change(lake.table(spec.name), since=now, until=now)),
    ):
        pass
