"""From a topic of changes to the table as the source has it: rows come, change and go."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Any

import pytest
from pyspark.sql import functions as F
from pyspark.sql.types import LongType, StringType

from lakehouse import Column, DataSet, KafkaRecord, Schema, StructType, build, conform, doc, required, table
from lakehouse.catalog.publish import open_audit
from lakehouse.contract.build import BuildSpec, build_of
from lakehouse.contract.change import Change
from lakehouse.contract.table import spec_of
from lakehouse.errors import ContractError
from lakehouse.pipeline.merge_newest import merge_newest
from lakehouse.transforms.decoder import JsonDecoder
from tests.pipeline.conftest import Bench


class UserRow(Schema):
    """A row of the source."""

    id: Annotated[Column[StringType], required]
    name: Column[StringType]


class UserChange(Change):
    """A change of a user."""

    before: Annotated[Column[StructType[UserRow]], doc("The row before")]
    after: Annotated[Column[StructType[UserRow]], doc("The row after")]


class UsersCdc(KafkaRecord):
    """Changes of users."""

    record: Annotated[Column[StructType[UserChange]], doc("The change")]


class UsersNow(Schema):
    """Users as the source has them."""

    id: Annotated[Column[StringType], doc("Who")]
    name: Column[StringType]
    op: Column[StringType]
    at: Column[LongType]


def users_of(raw: type[Schema], name: str, deleted_by: str) -> BuildSpec:
    """A build that gives the newest state of each user."""
    fresh = type("Users", (UsersNow,), {"__annotations__": {}})
    made: Any = table(name, key=("id",), newest_by=("at",), deleted_by=deleted_by)(fresh)

    def users(rows: Any) -> Any:
        before, after = F.col("record.before"), F.col("record.after")
        flat = rows.select(
            F.coalesce(after["id"], before["id"]).alias("id"),
            F.coalesce(after["name"], before["name"]).alias("name"),
            F.col("record.op").alias("op"),
            F.col("offset").alias("at"),
        )
        return conform(flat, made)

    users.__annotations__ = {"rows": DataSet[raw], "return": DataSet[made]}  # type: ignore[valid-type]
    found = build_of(build(users))
    assert found is not None
    return found


def changes(bench: Bench, unique: str, deleted_by: str = "op = 'd'") -> tuple[Bench, BuildSpec]:
    """A stream of changes, merged into the table of users."""
    raw = type("Raw", (UsersCdc,), {"__annotations__": {}})
    spec = spec_of(table(f"bronze.{unique}_cdc", partitioned_by=("dead_letter.reason",))(raw))
    merge = users_of(spec.schema, f"silver.{unique}_users", deleted_by)
    ingest = replace(bench.ingest, spec=spec, merges=(merge,), decoder=JsonDecoder(debezium=True))
    return replace(bench, ingest=ingest), merge


def change(op: str, who: str, name: str = "") -> dict[str, Any]:
    row = {"id": who, "name": name}
    return {"op": op, "before": row if op in "ud" else None, "after": None if op == "d" else row}


def users(bench: Bench, merge: BuildSpec) -> dict[str, str]:
    return {row.id: row.name for row in bench.lake.read(merge.output).collect()}


def test_rows_come_change_and_go_as_in_the_source(bench: Bench, unique: str) -> None:
    stream, merge = changes(bench, unique)
    stream.send(change("r", "1", "a"), change("c", "2", "b"), change("c", "3", "c"), change("d", "3"), None)
    stream.run()
    assert users(stream, merge) == {"1": "a", "2": "b"}
    stream.send(change("u", "1", "z"), change("d", "2"), None, change("d", "9"))
    stream.run()
    assert users(stream, merge) == {"1": "z"}
    # A tombstone is counted, and no change: the row it follows is gone already.
    assert stream.counts() == {None: 7, "tombstone": 2}


def test_a_row_that_comes_again_after_its_delete_is_there(bench: Bench, unique: str) -> None:
    stream, merge = changes(bench, unique)
    stream.send(change("c", "1", "a"), change("d", "1"))
    stream.run()
    stream.send(change("c", "1", "b"))
    stream.run()
    assert users(stream, merge) == {"1": "b"}


def test_a_change_that_is_older_than_a_delete_does_not_bring_the_row_back(bench: Bench, unique: str) -> None:
    stream, merge = changes(bench, unique)
    stream.send(change("d", "1"), change("c", "2", "b"))
    stream.run()
    older = stream.lake.rows(merge.table).where("id = '1'").withColumns({"op": F.lit("u"), "at": F.lit(-1)})
    audit = open_audit(stream.lake, merge.table, run_id="late")
    merge_newest(audit, older, count=1)
    left = stream.lake.spark.table(audit.target).where("id = '1'").collect()
    assert [(row.op, row["at"]) for row in left] == [("d", 0)]
    assert users(stream, merge) == {"2": "b"}


def test_without_a_condition_deletes_are_rows_as_others(bench: Bench, unique: str) -> None:
    stream, merge = changes(bench, unique, deleted_by="")
    stream.send(change("c", "1", "a"), change("d", "1", "a"))
    stream.run()
    assert users(stream, merge) == {"1": "a"}


def test_a_condition_that_is_none_is_told(bench: Bench, unique: str) -> None:
    stream, _ = changes(bench, unique, deleted_by="opp = 'd'")
    stream.send(change("c", "1", "a"))
    with pytest.raises(ContractError, match=r"deleted_by of silver.* is no condition over its columns: opp = 'd'"):
        stream.run()


def test_a_table_without_a_key_cannot_say_what_is_deleted() -> None:
    with pytest.raises(ContractError, match="deleted_by needs key"):
        table("silver.plain", deleted_by="op = 'd'")(type("Plain", (UsersNow,), {"__annotations__": {}}))
